"""Streams cut at every byte, on both sides, in every framing: `tests/run.py --prove` (FAULTS.md F03, F09, F11)."""

from pathlib import Path

import pytest

from tests.faults.cuts import cut_by_claude, cut_by_the_agent, cut_in_the_request, length_of_request
from tests.faults.localcuts import cut_by_a_local_server, local_framings
from tests.faults.stream import framings
from tests.kit.leftovers import nothing_left

pytestmark = pytest.mark.prove

FRAMINGS = framings()
LOCAL = local_framings()


@pytest.mark.parametrize("how", ["fin", "rst"])
@pytest.mark.parametrize("name", FRAMINGS)
def test_cut_at_any_byte_by_claude_no_answer_looks_whole_that_is_not_and_each_is_paid(
    name: str, how: str, tmp_path: Path
) -> None:
    with nothing_left():
        found = cut_by_claude(tmp_path, FRAMINGS[name], range(len(FRAMINGS[name].wire) + 1), how)
    print(f"{name}, {how}: {found.cuts} cuts, {found.complete} complete, {len(found.faults)} faults")
    assert found.faults == []


@pytest.mark.parametrize("rudely", [False, True])
@pytest.mark.parametrize("name", FRAMINGS)
def test_cut_at_any_byte_by_the_agent_each_answer_is_paid(name: str, rudely: bool, tmp_path: Path) -> None:
    with nothing_left():
        found = cut_by_the_agent(tmp_path, FRAMINGS[name], range(len(FRAMINGS[name].wire) + 1), rudely=rudely)
    print(f"{name}, by the agent: {found.cuts} cuts, {found.complete} complete, {len(found.faults)} faults")
    assert found.faults == []


@pytest.mark.parametrize("how", ["fin", "rst"])
@pytest.mark.parametrize("name", LOCAL)
def test_cut_at_any_byte_by_a_local_server_no_answer_looks_whole_that_is_not(
    name: str, how: str, tmp_path: Path
) -> None:
    with nothing_left():
        found = cut_by_a_local_server(tmp_path, LOCAL[name], range(len(LOCAL[name].wire) + 1), how)
    print(f"local, {name}, {how}: {found.cuts} cuts, {found.complete} complete, {len(found.faults)} faults")
    assert found.faults == []


def test_cut_at_any_byte_no_request_goes_upstream(tmp_path: Path) -> None:
    with nothing_left():
        found = cut_in_the_request(tmp_path, range(length_of_request()))
    print(f"requests: {found.cuts} cuts, {len(found.faults)} faults")
    assert found.faults == []
