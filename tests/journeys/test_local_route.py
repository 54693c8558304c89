"""The local route can be left switched on: whatever a model says, the agent gets the right thing, or hears why not.

Small runs of the long proofs in tests/prove: `python tests/run.py --prove` has the whole ones.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.fake_claude import FakeClaude
from tests.kit.llama.server import Unavailable
from tests.prove import local_fuzz, local_matrix, local_turns

pytestmark = pytest.mark.slow

SCRIPTS = (
    *("two", "read", "missing_brace", "single_quotes", "unknown_tool", "wrong_type", "write_cut", "args_string"),
    *("fence", "xml_coder", "windows_path", "text_only", "empty", "loop", "length", "example", "think", "weather"),
)


@pytest.mark.parametrize("escalates", [True, False], ids=["escalation on", "escalation off"])
@pytest.mark.parametrize("template", ["strict", "chatml", "coder"])
def test_no_call_reaches_the_agent_that_the_model_did_not_mean(
    template: str, escalates: bool, one_fake: FakeClaude, tmp_path: Path
) -> None:
    try:
        cells = local_matrix.matrix(
            one_fake, tmp_path, escalates=escalates, templates=[template], markers=SCRIPTS, streams=[True]
        )
    except Unavailable as why:
        pytest.skip(str(why))
    assert local_matrix.wrong(cells) == []
    fates = {cell.marker: cell.fate for cell in cells}
    assert "missed" not in fates.values()
    assert fates["think"] == "right"
    if escalates:
        assert set(fates.values()) <= {"right", "repaired", "retried", "escalated"}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], local_turns.Outcome]:
    """Sixty turns of an agent on a local model of which three answers in ten are broken, played once each way."""
    known: dict[bool, local_turns.Outcome] = {}

    def play(escalates: bool) -> local_turns.Outcome:
        if escalates not in known:
            known[escalates] = local_turns.play(60, tmp_path_factory.mktemp("turns") / "home", escalates=escalates)
        return known[escalates]

    return play


def test_with_escalation_every_tool_call_of_the_agent_comes_as_it_was_meant(
    played: Callable[[bool], local_turns.Outcome],
) -> None:
    outcome = played(True)
    assert outcome.broken > 0
    assert outcome.failures == []
    assert outcome.fates["escalated"] + outcome.fates["retried locally"] > 0


def test_the_ledger_is_claude_s_bill_after_all_those_escalations_and_nothing_stays_held(
    played: Callable[[bool], local_turns.Outcome],
) -> None:
    outcome = played(True)
    assert outcome.charged == outcome.billed
    assert outcome.open_holds == 0


def test_without_escalation_every_failure_is_told(played: Callable[[bool], local_turns.Outcome]) -> None:
    outcome = played(False)
    assert outcome.silent == []
    assert outcome.billed == {}
    assert outcome.open_holds == 0


def test_two_hundred_mangled_answers_end_in_an_answer_or_an_error_and_leave_nothing_behind(tmp_path: Path) -> None:
    tally = local_fuzz.fuzz(200, tmp_path, hangs=1)
    assert tally.faults == []
    assert tally.ends["local: answered"] > 0
    assert tally.ends["local: refused"] > 0
