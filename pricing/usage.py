"""Usage: token counts by class; classes never overlap."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer by class, and its billed web searches; every count is zero or more."""

    input: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_read: int = 0
    output: int = 0
    web_searches: int = 0

    @property
    def prompt(self) -> int:
        """All tokens that went in, cached or not: what a long-prompt tier looks at."""
        return self.input + self.cache_write_5m + self.cache_write_1h + self.cache_read
