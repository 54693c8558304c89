"""Prefixes: what Claude's prompt cache, or a local server's, holds of each conversation.

Simpler than budget/promptcache.py, as a recorded call has no blocks: one prefix a conversation and model, which lives
five minutes (or an hour) from the start of the request that last read or wrote it. A call reads what is live of its
prefix and writes all the rest; below the model's minimum nothing is cached. Left out are the 20-block window, prefixes
that conversations share (tools and system: the first call of each writes its own), and answers still under way.
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
        self._lives = LONG if for_an_hour else SHORT
        self._kept: dict[str, Warm] = {}

    def warm(self, key: str, at: datetime) -> Warm | None:
        """Give what is live of a conversation."""
        kept = self._kept.get(key)
        return kept if kept and kept.until > at else None

    def ask(self, key: str, call: Call, at: datetime, least: int) -> Usage:
        """Split a call's prompt into what is read and what is written, and keep it."""
        if call.is_title or call.prompt < least:
            return Usage(input=call.prompt, output=call.out)
        live = self.warm(key, at)
        read = min(live.tokens, call.prefix) if live else 0
        self._kept[key] = Warm(call.prompt, at + self._lives, self._for_an_hour)
        written = call.prompt - read
        if self._for_an_hour:
            return Usage(cache_write_1h=written, cache_read=read, output=call.out)
        return Usage(cache_write_5m=written, cache_read=read, output=call.out)


class LocalPrefixes:
    """What a local server holds of each conversation, for as long as the day lasts."""

    def __init__(self) -> None:
        self._kept: dict[str, int] = {}

    def ask(self, key: str, call: Call) -> int:
        """Give the tokens of a prompt that are really computed, and keep it."""
        held = min(self._kept.get(key, 0), call.prefix)
        self._kept[key] = call.prompt
        return call.prompt - held
