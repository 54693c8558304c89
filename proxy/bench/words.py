"""What a bench's figures mean for an agent's work, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator

from pricing.figures import counted, percent_of
from proxy.bench.result import BenchResult, TaskRun, speeds_at

TURN_TOKENS, ANSWER_TOKENS, GAP_S = 30_000, 187, 6.6
"""A usual context early in a session, the median answer of a coding agent, and the time between two of its calls."""

FIRST_REQUEST_TOKENS, MEDIAN_CONTEXT = 16_000, 81_000
"""What Claude Code's first request has, and the median over whole sessions."""

PATIENT_S = 60.0
ENOUGH = 0.8


def sentences(result: BenchResult) -> tuple[str, ...]:
    """Say what this model can take of an agent's work; nothing where nothing was measured."""
    return tuple(_all(result))


def _all(result: BenchResult) -> Iterator[str]:
    if result.points:
        yield _turn(result)
        if result.reuse is not None:
            yield _step(result)
        yield from _room(result)
    if result.tasks:
        yield from _work(result)


def _turn(result: BenchResult) -> str:
    """Tell how long a person waits; a context that was not measured is not spoken of."""
    tokens = min(TURN_TOKENS, max(point.prompt_tokens for point in result.points))
    speeds = speeds_at(result, tokens)
    assert speeds
    start = tokens / speeds[0]
    said = f"A Claude Code turn with {tokens:,} tokens of new context starts answering after about {_time(start)}"
    if speeds[1] is None:
        return said + "."
    return f"{said} and has a usual answer of {ANSWER_TOKENS} tokens written {_time(ANSWER_TOKENS / speeds[1])} later."


def _step(result: BenchResult) -> str:
    reuse = result.reuse
    assert reuse
    if not reuse.cached_tokens and reuse.warm_first_ms > reuse.cold_first_ms / 2:
        return (
            "The server does not reuse what it has read before, so each step of an agent waits for all of the context "
            "again: see its prompt cache settings."
        )
    kept = f"{percent_of(reuse.cached_tokens, reuse.prompt_tokens)} of " if reuse.cached_tokens else ""
    return (
        f"From step to step the server keeps {kept}what it has read: at {reuse.prompt_tokens:,} tokens the next step "
        f"starts after {_time(reuse.warm_first_ms / 1000)} instead of {_time(reuse.cold_first_ms / 1000)}."
    )


def _room(result: BenchResult) -> Iterator[str]:
    """Compare the loaded context with what agents send."""
    if result.context < FIRST_REQUEST_TOKENS * 1.25:
        yield (
            f"Its loaded context of {result.context:,} tokens is too small for Claude Code, whose first request has "
            f"about {FIRST_REQUEST_TOKENS:,}: load it with 32,768 or more."
        )
    elif result.context < MEDIAN_CONTEXT:
        yield (
            f"Its loaded context of {result.context:,} tokens holds the beginning of sessions; half of all Claude Code "
            f"requests have more than {MEDIAN_CONTEXT:,}, and those stay with Claude."
        )
    top = max(point.prompt_tokens for point in result.points)
    speeds = speeds_at(result, top)
    if speeds and top / speeds[0] > PATIENT_S:
        yield f"{top:,} tokens that it has not seen take {_time(top / speeds[0])} to read: too slow for large contexts."


def _work(result: BenchResult) -> Iterator[str]:
    parts = []
    for tier in ("L0", "L1"):
        runs = [run for run in result.tasks if run.tier == tier and not run.tools]
        if runs:
            parts.append(f"{_passed(runs)} of {counted(len(runs), f'{tier} task')}")
    tools = [run for run in result.tasks if run.tools]
    if tools:
        parts.append(f"{_passed(tools)} of {len(tools)} done through tools")
    yield f"It passed {_joined(parts)}."
    good, bad = _sorted(result.tasks)
    if good:
        yield f"It did well at {_joined(good)}, as far as so few tasks can tell."
    if bad:
        yield f"Leave {_joined(bad)} to Claude."


def _sorted(runs: tuple[TaskRun, ...]) -> tuple[list[str], list[str]]:
    groups: dict[str, list[TaskRun]] = {}
    for run in runs:
        name = "work through tools" if run.tools else run.task_class.replace("_", " ")
        groups.setdefault(name, []).append(run)
    shares = {name: _passed(group) / len(group) for name, group in groups.items()}
    good = [name for name, share in shares.items() if share >= ENOUGH]
    return good, [name for name, share in shares.items() if share < 0.5]


def _passed(runs: list[TaskRun]) -> int:
    return sum(run.passed for run in runs)


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _time(seconds: float) -> str:
    if seconds < 1:
        return f"{max(0.1, seconds):.1f} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"
