"""The keeper in words: for a terminal, a page and a report alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pricing.figures import counted, share
from pricing.money import ZERO, Money

Json = Mapping[str, Any]


def offered(made: Json, days: str = "the last seven days") -> str:
    """Say what keeping caches would have come to in some days."""
    net = Money.usd(made["net_usd"])
    if not made["requests"] or not made["pings"]:
        return f"In {days} no cache expired that would have been worth keeping."
    part = f", {share(abs(made['permille']))} of what was spent" if made["permille"] is not None else ""
    what = f"saved about {net.dollars()}" if net >= ZERO else f"cost about {(-net).dollars()} more than it saved"
    return f"In {days} it would have {what}{part}, as far as recorded pauses tell."


def came_to(found: Json) -> str:
    """Say what pings came to, a loss as plainly as a gain."""
    if not found["sent"]:
        return "no cache was kept"
    net = Money.usd(found["net_usd"])
    cost, saved = (Money.usd(found[name]).dollars() for name in ("cost_usd", "saved_usd"))
    pings = counted(found["sent"], "ping")
    wasted = f"{found['wasted']:,} of them in vain"
    wrote = f", {found['wrote']:,} wrote what they should have read" if found["wrote"] else ""
    end = f"{net.dollars()} saved" if net >= ZERO else f"a loss of {(-net).dollars()}"
    return f"{pings} for {cost} ({wasted}{wrote}) kept {saved} from being written again: {end}"
