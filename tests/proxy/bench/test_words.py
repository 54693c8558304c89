"""What is said of a model follows from what was measured of it, and nothing else is said."""

from dataclasses import replace
from datetime import UTC, datetime

from pricing.table import PriceTable
from proxy.bench.classes import rows_of
from proxy.bench.result import Point, Reuse, TaskRun
from proxy.bench.words import sentences
from tests.proxy.bench.test_result import RESULT

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def run(task_class: str, *, passed: bool, tier: str = "L0", tools: bool = False, **more) -> TaskRun:
    return TaskRun("t", task_class, tier, tools, passed, "" if passed else "wrong", 2.0, 1, 1000, 200, **more)


def at(tokens: int, prefill: float, decode: float | None = 50.0) -> Point:
    return Point(tokens, prefill, decode, tokens / prefill * 1000, 64, 1, 0.0, "server")


def test_how_long_a_turn_waits_is_said_for_a_size_that_was_measured():
    # 30,000 tokens at 2,500 a second are 12 s; 187 at 50 a second are 3.7.
    told = sentences(
        replace(RESULT, points=(at(1024, 2500.0), at(32768, 2500.0)), tasks=(), reuse=None, context=131072)
    )
    assert told == (
        "A Claude Code turn with 30,000 tokens of new context starts answering after about 12 s and has a usual answer "
        "of 187 tokens written 4 s later.",
    )
    small = sentences(replace(RESULT, points=(at(4096, 1024.0, None),), tasks=(), reuse=None, context=131072))
    assert small == ("A Claude Code turn with 4,096 tokens of new context starts answering after about 4 s.",)


def test_what_the_prompt_cache_saves_or_does_not_is_said():
    said = sentences(replace(RESULT, reuse=Reuse(8000, 7840, 9000.0, 300.0)))[1]
    assert said == (
        "From step to step the server keeps 98% of what it has read: at 8,000 tokens the next step starts after 0.3 s "
        "instead of 9 s."
    )
    assert "does not reuse" in sentences(replace(RESULT, reuse=Reuse(8000, 0, 9000.0, 9100.0)))[1]
    assert "keeps what it has read" in sentences(replace(RESULT, reuse=Reuse(8000, None, 9000.0, 500.0)))[1]


def test_a_context_that_is_too_small_for_an_agent_is_said():
    assert any("too small for Claude Code" in one for one in sentences(replace(RESULT, context=8192)))
    assert any("half of all Claude Code requests" in one for one in sentences(replace(RESULT, context=32768)))
    assert not any("context of" in one for one in sentences(replace(RESULT, context=131072)))
    slow = sentences(replace(RESULT, points=(at(32768, 250.0),), context=131072))
    assert any("32,768 tokens that it has not seen take 2 minutes to read" in one for one in slow)


def test_what_it_can_be_trusted_with_is_said_by_class():
    runs = (
        *(run("documentation", passed=True), run("documentation", passed=True), run("explanation", passed=False)),
        *(run("test", passed=True, tier="L1"), run("test", passed=False, tier="L1")),
        run("debugging", passed=False, tier="L1", tools=True),
    )
    told = sentences(replace(RESULT, tasks=runs))
    assert told[-3:] == (
        "It passed 2 of 3 L0 tasks, 1 of 2 L1 tasks and 0 of 1 done through tools.",
        "It did well at documentation, as far as so few tasks can tell.",
        "Leave explanation and work through tools to Claude.",
    )


def test_nothing_measured_is_nothing_said():
    assert sentences(replace(RESULT, points=(), tasks=())) == ()


def test_tasks_are_summed_by_class_beside_claudes_list_prices():
    runs = (
        run("test", passed=True, joules=10.0, marginal_usd="0.00001", full_usd="0.0001"),
        run("test", passed=False, joules=5.0, marginal_usd="0.00002", full_usd="0.0002"),
        run("debugging", passed=True, tools=True),
    )
    row, tools = rows_of(runs, PriceTable.load(), NOON)
    assert (row.name, row.passed, row.total, row.seconds, row.joules) == ("test", 1, 2, 4.0, 15.0)
    assert (row.marginal_usd, row.full_usd) == ("0.00003", "0.0003")
    # 2,000 in and 400 out: Haiku 5.5 0.10 / 0.50, Sonnet 5.5 2 / 10, Opus 5.5 4 / 20 dollars a million.
    assert row.claude == {"claude-haiku-5-5": "0.0004", "claude-sonnet-5-5": "0.008", "claude-opus-5-5": "0.016"}
    assert (tools.name, tools.tools, tools.joules, tools.full_usd) == ("with tools", True, None, "")
