"""The change that broke a prefix: the first difference between a request and the one before it, never what it says."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

from budget.cachemiss import Cause, How, Kind, What
from proxy.cachemisslines import Said

_SYSTEM_SETTINGS = (What.speed, What.form)
_MESSAGE_SETTINGS = (What.tool_choice, What.thinking, What.effort, What.images)


def change(before: Said, now: Said, messages: Sequence[int]) -> Cause | None:
    """Find the first change in what `before` may have cached, in the order of the prompt; None if all is as it was.

    `messages` says with which block of `now` each message begins.
    """
    place = _differs(before, now)
    if before.model != now.model:
        return Cause(Kind.changed, What.model)
    if before.workspace != now.workspace:
        return Cause(Kind.changed, What.key)
    if place is not None and place < max(before.tools, now.tools):
        return _of_list(What.tools, before.digests[: before.tools], now.digests[: now.tools], place, now)
    if what := _setting(_SYSTEM_SETTINGS, before.settings[1], now.settings[1]):
        return Cause(Kind.changed, what)
    if place is not None and place < max(before.system, now.system):
        old, new = before.digests[before.tools : before.system], now.digests[now.tools : now.system]
        return _of_list(What.system, old, new, place - now.tools, now)
    if before.cached_to > before.system and (what := _setting(_MESSAGE_SETTINGS, before.settings[2], now.settings[2])):
        return Cause(Kind.changed, what)
    return None if place is None else _of_messages(before, now, place, messages)


def _differs(before: Said, now: Said) -> int | None:
    """Find the first block that is not as before, of those that may be cached."""
    cached = before.digests[: before.cached_to]
    if cached == now.digests[: before.cached_to]:
        return None
    for place, digest in enumerate(cached):
        if place >= len(now.digests) or now.digests[place] != digest:
            return place
    return None


def _setting(names: Sequence[What], before: str, now: str) -> What | None:
    if before == now:
        return None
    old, new = _values(before), _values(now)
    return next((name for name, was, becomes in zip(names, old, new, strict=False) if was != becomes), None)


def _values(settings: str) -> list[object]:
    found = json.loads(settings) if settings else []
    return found if isinstance(found, list) else []


def _of_list(what: What, old: Sequence[bytes], new: Sequence[bytes], place: int, now: Said) -> Cause:
    in_prompt = place if what is What.tools else now.tools + place
    return Cause(Kind.changed, what, _how(old, new), max(0, place), max(0, len(now.digests) - in_prompt))


def _of_messages(before: Said, now: Said, place: int, messages: Sequence[int]) -> Cause:
    number = max(0, bisect_right(messages, min(place, len(now.digests) - 1)) - 1)
    old, new = before.digests[place : before.cached_to], now.digests[place:]
    how = How.edited
    if not new or (len(old) > 1 and new[0] in old):
        how = How.removed
    elif old[0] in new:
        how = How.added
    return Cause(Kind.changed, What.message, how, number, max(0, len(now.digests) - place))


def _how(old: Sequence[bytes], new: Sequence[bytes]) -> How:
    was, becomes = Counter(old), Counter(new)
    if was == becomes:
        return How.reordered
    if not was - becomes:
        return How.added
    return How.removed if not becomes - was else How.edited
