"""The cold cache: what a local turn costs at Claude, because the conversation's prompt cache expires meanwhile.

Claude reads a warm prefix for a fraction of what writing it costs. A turn that is answered locally sends Claude
nothing: if the cache expires before the person is back there, the whole prefix is written again (ROUTING.md: in 39 % of
the turns that went local). A local turn is worth it only where what Claude would have charged is more than that.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Literal

from pricing.money import Money
from pricing.rates import Rates
from proxy.task import Tier

MOST_KEPT = 2048
COOLING_PERMILLE = 390
"""How likely a local turn lets a warm cache expire, in thousandths, where nothing was learned yet (ROUTING.md, 4)."""

KEPT_PINGS = 3
"""How often a prefix that would expire is read by the cache keeper meanwhile: by then it has mostly let go."""

CacheGate = Literal["on", "off", "all"]
"""Whether routine work stays on Claude while its warm cache is worth more than a local turn; "all": safe work too."""

GATED: Mapping[CacheGate, tuple[Tier, ...]] = {"on": (Tier.L1,), "all": (Tier.L0, Tier.L1), "off": ()}
"""The tiers whose turns are weighed."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn of an agent is likely to take: requests, and new prompt and answer tokens of each (ROUTING.md)."""

    requests: int = 9
    new_tokens: int = 900
    output_tokens: int = 187


USUAL_TURN = Turn()


@dataclass(frozen=True, slots=True)
class Warm:
    """A prefix that Claude's cache holds: its tokens, until when it lives, and whether it is written for an hour."""

    tokens: int
    until: datetime
    for_an_hour: bool = False


@dataclass(frozen=True, slots=True)
class Worth:
    """What a local turn saves at Claude and what it costs there; `cooling` is zero where nothing was warm."""

    saved: Money
    cooling: Money

    @property
    def is_worth_it(self) -> bool:
        """Tell whether the turn saves more than it lets go cold."""
        return self.saved > self.cooling


def worth_of(
    rates: Rates,
    context_tokens: int,
    warm: Warm | None,
    now: datetime,
    turn: Turn = USUAL_TURN,
    cooling_permille: int = COOLING_PERMILLE,
    *,
    is_kept: bool = False,
) -> Worth:
    """Weigh a turn that begins with `context_tokens` of prompt; a prefix that has expired by `now` is not warm.

    What the turn adds is written sooner or later wherever it is answered, so it is no saving. A prefix that `is_kept`
    warm meanwhile costs the pings that this takes, if they are less than to write it again.
    """
    live = min(warm.tokens, context_tokens) if warm and warm.until > now else 0
    write = rates.cache_write_1h if warm and warm.for_an_hour else rates.cache_write_5m
    first = live * rates.cache_read + (context_tokens - live) * write
    rest = (turn.requests - 1) * context_tokens * rates.cache_read + _growth(turn) * rates.cache_read
    saved = first + rest + turn.requests * turn.output_tokens * rates.output
    if not live:  # A cold prefix is written once: by this turn, or by the next that goes to Claude.
        saved -= context_tokens * write
    each = write - rates.cache_read
    cooling = live * (min(each, KEPT_PINGS * rates.cache_read) if is_kept else each) * cooling_permille
    return Worth(Money(saved), Money(-(-cooling // 1000)))


def _growth(turn: Turn) -> int:
    """Sum the tokens that the turn's later requests read of what its earlier ones added."""
    return turn.new_tokens * turn.requests * (turn.requests - 1) // 2


def warm_after(usage: Mapping[str, Any], since: datetime, *, for_an_hour: bool) -> Warm | None:
    """Say what Claude's cache holds after an answer to a request of `since`; None if it neither read nor wrote one.

    The usage says for how long it was written; where it only read, the request's own marks do (`for_an_hour`).
    """
    read, written = _count(usage, "cache_read_input_tokens"), _count(usage, "cache_creation_input_tokens")
    if not read and not written:
        return None
    split = usage.get("cache_creation")
    if isinstance(split, dict) and written:
        for_an_hour = _count(split, "ephemeral_1h_input_tokens") > 0
    until = since + timedelta(hours=1) if for_an_hour else since + timedelta(minutes=5)
    return Warm(_count(usage, "input_tokens") + read + written, until, for_an_hour)


def _count(usage: Mapping[str, Any], name: str) -> int:
    found = usage.get(name)
    return found if isinstance(found, int) and found > 0 else 0


class Warmth:
    """Remembers what Claude's cache holds of each conversation, the least recently used forgotten; thread-safe.

    Conversations are told apart by the caller's key: session, agent and model.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._kept: OrderedDict[str, Warm] = OrderedDict()
        self._most = most
        self._lock = Lock()

    def heard(self, key: str, warm: Warm) -> None:
        """Keep what Claude's last answer said of a conversation's cache."""
        with self._lock:
            self._kept[key] = warm
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def of(self, key: str, now: datetime) -> Warm | None:
        """Give what is warm at a moment; None for an unknown conversation or an expired prefix."""
        with self._lock:
            warm = self._kept.get(key)
        return warm if warm and warm.until > now else None
