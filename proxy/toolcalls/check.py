"""One call → a verdict: its arguments read, its tool found, its shape straightened, its schema kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from proxy.toolcalls.call import Call, ToolUse
from proxy.toolcalls.ladder import Parsed, parse, parse_strict
from proxy.toolcalls.schema import Misfit
from proxy.toolcalls.shape import ARGUMENT_KEYS, MISSING, NAME_KEYS, shape_of
from proxy.toolcalls.strict import NotStrict, written
from proxy.toolcalls.toolbox import Tool, Toolbox
from proxy.toolcalls.verdict import AsIs, Failed, Repaired, Step, Verdict, Why

CUTS = ("length", "max_tokens", "model_length", "content_filter")
"""Reasons to stop after which the last call may lack its end."""


def judge(calls: tuple[Call, ...], finish: str, tools: Toolbox) -> tuple[Verdict, ...]:
    """Judge all calls of an answer that stopped for the reason `finish`."""
    return tuple(judge_one(call, tools, is_cut=finish in CUTS) for call in calls)


def judge_one(call: Call, tools: Toolbox, *, is_cut: bool) -> Verdict:
    """Judge one call."""
    arguments = call.arguments
    parsed = parse_strict(arguments) if is_cut else parse(arguments)
    if parsed is None:
        return Failed(call, Why.CUT if is_cut else Why.NO_JSON)
    if not isinstance(parsed.value, dict):
        return Failed(call, Why.CUT if is_cut else Why.NO_OBJECT)
    name, parsed = _named(call.name, parsed)
    if not name:
        return Failed(call, Why.UNNAMED)
    tool = tools.find(name)
    if tool is None:
        return Failed(call, Why.UNKNOWN_TOOL)
    return _fitting(call, tool, parsed)


def _named(name: str, parsed: Parsed) -> tuple[str, Parsed]:
    """Take the name out of the arguments where the call itself has none."""
    if name or not set(parsed.value) & set(NAME_KEYS):
        return name, parsed
    shape = shape_of(parsed.value)
    inner = _inner(shape[1], parsed) if shape else None
    return (shape[0], inner) if shape and inner else ("", parsed)


def _fitting(call: Call, tool: Tool, parsed: Parsed) -> Verdict:
    """Bring the arguments to fit the schema; those that do not may be a whole call, inside the call."""
    try:
        return _verdict(call, tool, parsed)
    except Misfit as misfit:
        inner = _unwrapped(tool, parsed)
        try:
            if inner is not None:
                return _verdict(call, tool, inner)
        except Misfit:
            pass
        return Failed(call, Why.SCHEMA, misfit.keyword)


def _unwrapped(tool: Tool, parsed: Parsed) -> Parsed | None:
    """Take the arguments out of a call inside them, unless a key of it is a parameter of the tool."""
    shape = shape_of(parsed.value)
    if shape is None or set(parsed.value) & set(tool.schema.parameters) & {*NAME_KEYS, *ARGUMENT_KEYS}:
        return None
    name, given = shape
    return _inner(given, parsed) if name in ("", tool.name) else None


def _inner(given: Any, parsed: Parsed) -> Parsed | None:
    if isinstance(given, str):
        found = parse(given)
        steps = found.steps if found else ()
        given = found.value if found else None
        parsed = replace(parsed, steps=(*parsed.steps, Step.UNWRAPPED, *steps))
    if given is MISSING or not isinstance(given, dict):
        return None
    return Parsed(given, _written(given), (*parsed.steps, Step.SHAPE))


def _verdict(call: Call, tool: Tool, parsed: Parsed) -> Verdict:
    value, fitted = tool.schema.fit(parsed.value)
    text = _written(value) if fitted else parsed.text
    steps = (*parsed.steps, *fitted, *((Step.NAME,) if tool.name != call.name else ()))
    use = ToolUse(tool.name, text)
    return Repaired(use, steps) if steps else AsIs(use)


def _written(value: Any) -> str:
    try:
        return written(value)
    except NotStrict as error:
        raise Misfit("number") from error
