"""In the loop: signs that a turn which runs locally has become more than it looked like when it began.

A short prompt says little of what it leads to; what the agent does for it says more. Each sign alone is enough: the
turn counts as complex from then on (ROUTING.md, "In-loop escalation").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from pricing.figures import counted
from proxy.classify.paths import CHANGING, paths_in
from proxy.facts import calls_of_turn
from proxy.request import AgentRequest

MANY_FILES, MANY_CALLS, SAME_CALLS, FAILED_CALLS = 3, 10, 3, 3

LEASHES = ((0.05, 40), (0.1, 20))
"""Calls that a turn may make where its words left less doubt than so: routine work often takes ten and more.

Of 3,073 labelled prompts from repositories, and by writers, that the model had not seen, 3 of the 420 with a doubt
below 0.05 were complex work, 15 of the 804 below 0.1 (tests/bench/classify_eval.py). What ten calls for all of them
would cost and catch: tests/bench/policies.py, tests/bench/inloop.py.
"""


def calls_allowed(doubt: float | None) -> int:
    """Give how many calls a turn may make before it counts as complex; MANY_CALLS where nobody weighed its words."""
    if doubt is None:
        return MANY_CALLS
    return next((calls for below, calls in LEASHES if doubt < below), MANY_CALLS)


def outgrown(asked: AgentRequest, doubt: float | None = None) -> str:
    """Say how a turn has outgrown what it was taken for, as half a sentence; empty if it has not.

    `doubt` is the chance that was seen in its words that it is complex work.
    """
    calls = list(calls_of_turn(asked))
    edited = {
        path for call in calls if str(call.get("name")) in CHANGING for path in _first(paths_in(call.get("input")))
    }
    if len(edited) >= MANY_FILES:
        return f"it has edited {counted(len(edited), 'file')}"
    if len(calls) >= calls_allowed(doubt):
        return f"it has made {counted(len(calls), 'call')}"
    same = Counter(msgspec.json.encode([call.get("name"), call.get("input")], order="sorted") for call in calls)
    if max(same.values(), default=0) >= SAME_CALLS:
        return "it has made the same call three times"
    failed = _failed(asked)
    return f"{failed} of its calls failed" if failed >= FAILED_CALLS else ""


def _first(paths: Iterable[str]) -> list[str]:
    return [next(iter(paths), "")]


def _failed(asked: AgentRequest) -> int:
    """Count the tool calls of the turn whose result is an error."""
    contents = [message.get("content") for message in asked.fields["messages"][asked.turn.since :]]
    return sum(
        block.get("type") == "tool_result" and block.get("is_error") is True
        for content in contents
        if isinstance(content, list)
        for block in content
    )
