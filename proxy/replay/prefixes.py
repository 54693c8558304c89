"""Prefixes: what Claude's prompt cache, or a local server's, holds of each conversation.

Simpler than budget/promptcache.py, as a recorded call has no blocks: one prefix a conversation and model, which lives
five minutes (or an hour) from the start of the request that last read or wrote it. A call reads what is live of its
prefix and writes the rest but its plain end; below the model's minimum nothing is cached. What a call shares with other
conversations (tools and system) is taken to be live as long as any of that model is. Left out are the 20-block window
and answers still under way.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pricing.usage import Usage
from proxy.coldcache import Warm
from proxy.replay.call import Call

SHORT, LONG = timedelta(minutes=5), timedelta(hours=1)
BY_DEFAULT = 1024
"""Tokens of the shortest prompt that is cached, for a model of which nothing is known."""


class Prefixes:
    """The prefixes of one provider, by conversation and model."""

    def __init__(self, *, for_an_hour: bool = False) -> None:
        self._for_an_hour = for_an_hour
        self._kept: dict[str, Warm] = {}
        self._shared: dict[str, datetime] = {}

    def warm(self, key: str, at: datetime) -> Warm | None:
        """Give what is live of a conversation."""
        kept = self._kept.get(key)
        return kept if kept and kept.until > at else None

    def ask(self, key: str, model: str, call: Call, at: datetime, least: int) -> Usage:
        """Split a call's prompt for a model into what is read and what is written, and keep it."""
        if call.is_title or call.prompt < least:
            return Usage(input=call.prompt, output=call.out)
        marked = call.prompt - call.plain
        read = self._read(key, model, call, at)
        for_an_hour = self._for_an_hour if call.for_an_hour is None else call.for_an_hour
        until = at + (LONG if for_an_hour else SHORT)
        self._kept[key] = Warm(marked, until, for_an_hour)
        self._shared[model] = max(until, self._shared.get(model, until))
        short, long = (0, marked - read) if for_an_hour else (marked - read, 0)
        return Usage(call.plain, short, long, read, call.out)

    def _read(self, key: str, model: str, call: Call, at: datetime) -> int:
        live, others = self.warm(key, at), self._shared.get(model)
        own = min(live.tokens, call.prefix) if live else 0
        # Whoever asked this model before the record begins is not in it.
        shared = call.shared if others is None or others > at else 0
        return min(max(own, shared), call.prompt - call.plain)


class LocalPrefixes:
    """What a local server holds of each conversation, for as long as the day lasts."""

    def __init__(self) -> None:
        self._kept: dict[str, int] = {}

    def ask(self, key: str, call: Call) -> int:
        """Give the tokens of a prompt that are really computed, and keep it."""
        held = min(self._kept.get(key, 0), call.prefix)
        self._kept[key] = call.prompt
        return call.prompt - held
