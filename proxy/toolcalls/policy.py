"""What the client gets of the calls that were judged, where nothing better than the local model is at hand."""

from __future__ import annotations

import json
from collections.abc import Callable

from proxy.toolcalls.call import Call, ToolUse
from proxy.toolcalls.strict import is_object
from proxy.toolcalls.verdict import Failed, Verdict, Why

Accept = Callable[[tuple[Verdict, ...]], tuple[ToolUse, ...]]
"""Takes the verdicts on an answer's calls, and returns the calls that go to the client."""

NEVER_SENT = (Why.CUT, Why.UNNAMED)
"""Of these there is nothing that a client could answer."""


def pass_on(verdicts: tuple[Verdict, ...]) -> tuple[ToolUse, ...]:
    """Let the right calls go, and the wrong ones as they came: the client tells the model what was wrong with them."""
    return tuple(use for verdict in verdicts for use in _uses(verdict))


def as_it_came(call: Call) -> ToolUse:
    """Put a wrong call in a form that the client survives.

    Arguments that are no JSON object go as Claude Code keeps them itself: it then tells the model so, while broken
    JSON would break the client.
    """
    arguments = call.arguments
    if not arguments.strip():
        return ToolUse(call.name, "{}")
    if is_object(arguments):
        return ToolUse(call.name, arguments)
    kept = {"__unparsedToolInput": {"raw": arguments, "len": len(arguments)}}
    return ToolUse(call.name, json.dumps(kept))


def _uses(verdict: Verdict) -> tuple[ToolUse, ...]:
    if not isinstance(verdict, Failed):
        return (verdict.use,)
    is_lost = verdict.why in NEVER_SENT or not verdict.call.name
    return () if is_lost else (as_it_came(verdict.call),)
