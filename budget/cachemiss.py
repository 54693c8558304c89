"""A cache miss: tokens that Claude charged anew although it could have read them, of what kind, where, and the dollars.

Only kinds, positions and counts are kept; what stood there is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pricing.money import Money
from pricing.rates import Rates


class Kind(StrEnum):
    """Why a prefix was not read.

    first: nobody had asked with it before. expired: its lifetime had passed. changed: something in it, or in how it was
    asked, is not as before. marks: its breakpoints are out of reach of the earlier ones. parallel: the request that
    wrote it had not begun to answer. short: it is below what the model caches. unmarked: no breakpoint asks for it.
    unknown: it was written before bursar was started, or Claude let go of it early.
    """

    first = "first"
    expired = "expired"
    changed = "changed"
    marks = "marks"
    parallel = "parallel"
    short = "short"
    unmarked = "unmarked"
    unknown = "unknown"


class What(StrEnum):
    """What changed, in the order in which a prompt is laid out; of an unknown miss, which of the two it is."""

    none = ""
    model = "model"
    key = "key"
    tools = "tools"
    speed = "speed"
    form = "form"
    system = "system"
    tool_choice = "tool_choice"
    thinking = "thinking"
    effort = "effort"
    images = "images"
    message = "message"
    earlier = "earlier"
    evicted = "evicted"


class How(StrEnum):
    """How a list of tools, blocks or messages changed."""

    none = ""
    added = "added"
    removed = "removed"
    reordered = "reordered"
    edited = "edited"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why tokens were missed. `place` is the number, from 0, of the tool, block of the system or message; `back` is how
    many blocks lie from it to the end of the prompt, or from breakpoint to breakpoint.
    """

    kind: Kind
    what: What = What.none
    how: How = How.none
    place: int | None = None
    back: int | None = None


@dataclass(frozen=True, slots=True)
class Miss:
    """Tokens of one answer that could have been read, by the class they were charged as, at its own `rates`."""

    cause: Cause
    input: int
    cache_write_5m: int
    cache_write_1h: int
    rates: Rates
    pause_ms: int | None = None
    """From the start of the conversation's request before to that of this one."""

    @property
    def tokens(self) -> int:
        """All of them."""
        return self.input + self.cache_write_5m + self.cache_write_1h

    @property
    def amount(self) -> Money:
        """What they cost above reading them; never below nothing."""
        rates = self.rates
        paid = self.input * rates.input
        paid += self.cache_write_5m * rates.cache_write_5m + self.cache_write_1h * rates.cache_write_1h
        return Money(max(0, paid - self.tokens * rates.cache_read))


@dataclass(frozen=True, slots=True)
class Looked:
    """What is kept of one request that Claude answered, whether it missed anything or not.

    `prefix` are the tokens that stood in its conversation before, `marked` those up to its last breakpoint, `life` the
    lifetime it asked for there ("" for none). `if_5m` and `if_1h` are what it would have cost had all asked for that
    lifetime, None where nobody can know. `local_between` counts local requests since the one before.
    """

    hold_id: int
    prefix: int
    marked: int
    life: str
    pause_ms: int | None = None
    local_between: int = 0
    if_5m: Money | None = None
    if_1h: Money | None = None
    is_plan: bool = False
    misses: tuple[Miss, ...] = ()

    @property
    def amount(self) -> Money:
        """What its misses cost."""
        return Money.total(miss.amount for miss in self.misses)
