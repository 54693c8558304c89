"""Claude Code itself, unchanged, works through bursar: with Claude, with a local model, and when the money is gone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.claude_code import installed
from tests.kit.fake_claude import FakeClaude
from tests.kit.llama.server import LlamaServer, Unavailable
from tests.kit.raw import parsed
from tests.prove import claude_code
from tests.prove.claude_code import Stage

OTHERWISE_BROKEN = sorted({*claude_code.BROKEN} - {"cut_off"})

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(installed() is None, reason="Claude Code is not there: `python tests/run.py` fetches it"),
]


@pytest.fixture
def stage(tmp_path: Path, fake: FakeClaude) -> Stage:
    """A folder to work in."""
    return Stage(tmp_path, fake)


@pytest.fixture(scope="module")
def llama() -> Iterator[LlamaServer]:
    """A real llama.cpp server whose tiny model follows the scripts of these sessions."""
    try:
        with claude_code.a_llama() as server:
            yield server
    except Unavailable as why:
        pytest.skip(str(why))


def test_a_turn_with_read_bash_and_a_sub_agent_reaches_claude_byte_for_byte(stage: Stage) -> None:
    run = claude_code.through_to_claude(stage)
    assert run.session.exit_code == 0
    assert run.session.tools_used == ["Read", "Bash", "Agent", "Bash"]
    assert "The notes say hello." in run.session.tool_results[0]
    assert "from the shell" in run.session.tool_results[1]
    assert "The whole turn is done." in run.session.said
    assert "Sub-agent done." in run.session.said
    sent = {exchange.body for exchange in run.exchanges if exchange.line.startswith("POST /v1/messages")}
    assert {request.body for request in run.upstream} == sent
    got = {parsed(bytes(exchange.answer)).body for exchange in run.exchanges if exchange.body in sent}
    assert {parsed(request.answer or b"").body for request in run.upstream} == got


def test_the_ledger_has_each_request_of_the_turn_at_its_price(stage: Stage) -> None:
    run = claude_code.through_to_claude(stage)
    billed = {line["request_id"]: line["picos"] for line in run.bill["lines"]}
    assert {entry.upstream_id: entry.charged for entry in run.entries} == billed
    assert any(entry.agent for entry in run.entries)


def test_in_mode_local_the_same_turn_works_and_no_byte_reaches_claude(stage: Stage, llama: LlamaServer) -> None:
    run = claude_code.all_local(stage, llama)
    assert run.session.exit_code == 0
    assert run.session.tools_used[:3] == ["Read", "Bash", "Agent"]
    assert "The sub-agent says hello." in run.session.said
    assert run.upstream == ()
    assert run.charged == 0


def test_ten_steps_are_done_by_a_local_model_alone(stage: Stage, llama: LlamaServer) -> None:
    run = claude_code.ten_steps(stage, llama)
    assert run.session.exit_code == 0
    assert run.session.tools_used == ["Read", "Bash"] * 5
    assert "Nothing more to do." in run.session.tool_results[-1]
    assert run.upstream == ()
    assert [entry.is_local for entry in run.entries] == [1] * 11
    assert {entry.outcome for entry in run.entries} == {"complete"}


@pytest.mark.prove
def test_in_mode_auto_a_turn_of_clear_words_may_make_more_than_ten_calls(stage: Stage, llama: LlamaServer) -> None:
    run = claude_code.ten_steps(stage, llama, "auto")
    assert (run.session.exit_code, run.upstream) == (0, ())
    assert [entry.is_local for entry in run.entries] == [1] * 11


def test_in_mode_auto_a_doubtful_turn_that_has_made_ten_calls_is_ended_by_claude(
    stage: Stage, llama: LlamaServer
) -> None:
    run = claude_code.ten_steps(stage, llama, "auto", claude_code.DOUBTFUL)
    assert run.session.exit_code == 0
    assert run.session.tools_used == ["Read", "Bash"] * 5
    assert [entry.is_local for entry in run.entries] == [1] * 10 + [0]
    assert "10 calls" in run.entries[-1].reason
    assert run.charged == run.bill["picos"] > 0


@pytest.mark.parametrize("how", ["cut_off", *(pytest.param(how, marks=pytest.mark.prove) for how in OTHERWISE_BROKEN)])
def test_a_broken_call_in_the_middle_goes_to_claude_and_the_session_to_its_end(
    stage: Stage, llama: LlamaServer, how: str
) -> None:
    run = claude_code.broken_in_the_middle(stage, llama, how)
    assert run.session.exit_code == 0
    assert run.session.tools_used == ["Read", "Bash"] * 5
    assert "Nothing more to do." in run.session.tool_results[-1]
    first = [entry.is_local for entry in run.entries].index(0)  # Five local answers, the fifth perhaps tried again.
    assert first in (5, 6)
    assert "escalated: " in run.entries[first - 1].flags
    assert "escalated: " in run.entries[first].reason
    assert run.charged == run.bill["picos"] > 0


@pytest.mark.prove
def test_three_sessions_of_ten_local_steps_run_one_after_the_other(stage: Stage, llama: LlamaServer) -> None:
    sessions, asked = claude_code.in_a_row(stage, llama, 3)
    assert [session.exit_code for session in sessions] == [0, 0, 0]
    assert [len(session.tool_results) for session in sessions] == [10, 10, 10]
    assert asked == 0


def test_money_gone_in_mid_turn_the_rest_is_done_locally(stage: Stage, llama: LlamaServer) -> None:
    run = claude_code.money_gone_in_mid_turn(stage, llama)
    assert run.session.exit_code == 0
    assert run.session.tools_used == ["Read", "Bash"]
    assert [entry.is_local for entry in run.entries][:2] == [0, 1]
    assert len([request for request in run.upstream if "count_tokens" not in request.target]) == 1
    assert run.charged == run.bill["picos"]


def test_with_nothing_left_it_ends_at_once_with_our_sentence(stage: Stage) -> None:
    run = claude_code.nothing_left(stage)
    assert run.session.exit_code == 1
    assert "bursar: today's cutoff of $0.01 is reached" in run.session.result
    assert "Resets" in run.session.result
    assert len([exchange for exchange in run.exchanges if exchange.line.startswith("POST")]) == 1
    assert [request for request in run.upstream if "count_tokens" not in request.target] == []


def test_bursar_run_tells_it_where_bursar_is(stage: Stage) -> None:
    run = claude_code.started_by_bursar(stage)
    assert run.session.exit_code == 0
    assert run.session.result == "Started by bursar."
    assert run.exchanges == ()  # It did not go where its own environment said.
    assert run.charged == run.bill["picos"] > 0


def test_the_emergency_stop_ends_its_turn_with_our_sentence(stage: Stage) -> None:
    run = claude_code.stopped_in_mid_answer(stage)
    assert run.session.exit_code == 1
    assert "bursar: " in run.session.result
    assert len(run.upstream) == 1
    assert len(run.exchanges) <= 3
    assert run.charged >= run.bill["picos"]
