"""Iterations: the sampling passes behind one answer, each billed at its own model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pricing.usage import ImpossibleUsage, Usage, usage_from_anthropic

MOST_ITERATIONS = 1000
_IN_TOP_LEVEL = ("message", "fallback_message")
_KINDS = (*_IN_TOP_LEVEL, "compaction", "advisor_message")

NOT_ADDING_UP = "the iterations are less than the whole: the difference is billed too"
UNKNOWN_KIND = "unknown type of iteration"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One pass of one model. `known` is False for a type of pass that we have no price rule for."""

    model: str
    usage: Usage
    kind: str = "message"
    known: bool = True


def attempts(
    raw: Mapping[str, Any], top: Usage, model: str, *, refused: bool
) -> tuple[tuple[Attempt, ...], tuple[str, ...]]:
    """Split an answer into the passes that are billed, and say what is odd about them.

    Without iterations the answer is one pass. With them each counts on its own, since the top level omits compaction
    and advisors. A pass that was declined before any output is free: `refused` says that the whole answer was.
    """
    items = raw.get("iterations")
    if not items:
        free = refused and top.output == 0
        return (() if free else (Attempt(model, replace(top, web_searches=0) if top.web_searches else top),)), ()
    if not isinstance(items, list) or len(items) > MOST_ITERATIONS:
        raise ImpossibleUsage("the iterations are not a list of a sensible length")
    every = _with_lifetimes([_attempt(item, model) for item in items], items, top)
    rest = _missing(top, every)
    billed = [each for place, each in enumerate(every) if not _declined(each, every[place + 1 :], refused=refused)]
    odd = [NOT_ADDING_UP] if rest else []
    odd += [UNKNOWN_KIND] if any(not each.known for each in every) else []
    return (*billed, *([Attempt(model, rest)] if rest else [])), tuple(odd)


def _attempt(item: object, model: str) -> Attempt:
    if not isinstance(item, Mapping):
        raise ImpossibleUsage("an iteration is not an object")
    kind, own = item.get("type"), item.get("model")
    if own is not None and not isinstance(own, str):
        raise ImpossibleUsage("the model of an iteration is not a name")
    if own is None:
        # An advisor is another model by nature: unnamed it has no price, and the highest is taken.
        own = "" if kind == "advisor_message" else model
    return Attempt(own, replace(usage_from_anthropic(item), web_searches=0), str(kind)[:40], kind in _KINDS)


def _with_lifetimes(every: list[Attempt], items: list[Mapping[str, Any]], top: Usage) -> list[Attempt]:
    """Where only the top level tells how long writes live, share its 1-hour ones out among the passes it counts."""
    spare = top.cache_write_1h - sum(each.usage.cache_write_1h for each in every if each.kind in _IN_TOP_LEVEL)
    shared = []
    for each, item in zip(every, items, strict=True):
        if spare > 0 and item.get("cache_creation") is None and each.kind in _IN_TOP_LEVEL:
            longer = min(spare, each.usage.cache_write_5m)
            spare -= longer
            usage = replace(each.usage, cache_write_5m=each.usage.cache_write_5m - longer, cache_write_1h=longer)
            each = replace(each, usage=usage)
        shared.append(each)
    return shared


def _declined(each: Attempt, later: list[Attempt], *, refused: bool) -> bool:
    if each.usage.output or each.kind not in _IN_TOP_LEVEL:
        return False
    return refused or any(other.kind == "fallback_message" for other in later)


def _missing(top: Usage, every: list[Attempt]) -> Usage | None:
    """Tell what the top level counts beyond its passes; nothing in a sound answer."""
    counted = sum((each.usage for each in every if each.kind in _IN_TOP_LEVEL), Usage())
    rest = Usage(
        max(0, top.input - counted.input),
        max(0, top.cache_write_5m - counted.cache_write_5m),
        max(0, top.cache_write_1h - counted.cache_write_1h),
        max(0, top.cache_read - counted.cache_read),
        max(0, top.output - counted.output),
    )
    return rest if rest != Usage() else None
