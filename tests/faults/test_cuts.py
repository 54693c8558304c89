"""Streams cut at every 97th byte, on both sides; every byte is taken by `tests/run.py --prove` (FAULTS.md F03, F04)."""

from pathlib import Path

import pytest

from tests.faults.cuts import cut_by_claude, cut_by_the_agent, cut_in_the_request, length_of_request
from tests.faults.localcuts import cut_by_a_local_server, local_framings
from tests.faults.stream import framings
from tests.kit.leftovers import nothing_left

STEP = 97
FRAMINGS = framings()
LOCAL = local_framings()


def offsets(name: str) -> range:
    """Give every 97th byte of a framing's wire, to its end."""
    return range(len(FRAMINGS[name].wire), -1, -STEP)


@pytest.mark.parametrize("name", FRAMINGS)
def test_f03_an_answer_that_claude_breaks_off_never_looks_whole_and_is_paid(name: str, tmp_path: Path) -> None:
    with nothing_left():
        found = cut_by_claude(tmp_path, FRAMINGS[name], offsets(name), "fin")
    assert found.faults == []
    assert 0 < found.complete < found.cuts


@pytest.mark.parametrize("name", ["chunked", "gzip"])
def test_f09_an_answer_that_an_agent_breaks_off_is_paid(name: str, tmp_path: Path) -> None:
    with nothing_left():
        found = cut_by_the_agent(tmp_path, FRAMINGS[name], offsets(name))
    assert found.faults == []


@pytest.mark.parametrize("name", ["until the end", "chunked", "gzip in chunks"])
def test_f20_an_answer_that_a_local_server_breaks_off_never_looks_whole(name: str, tmp_path: Path) -> None:
    whole = len(LOCAL[name].wire)
    with nothing_left():
        found = cut_by_a_local_server(tmp_path, LOCAL[name], range(whole, -1, -STEP), "fin")
    assert found.faults == []
    assert bool(found.complete) is not LOCAL[name].is_packed
    assert found.complete < found.cuts


def test_f11_a_request_that_an_agent_breaks_off_goes_nowhere(tmp_path: Path) -> None:
    with nothing_left():
        found = cut_in_the_request(tmp_path, range(0, length_of_request(), 31))
    assert found.faults == []
