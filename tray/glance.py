"""Glance: the control server's status, read once into what the tray's menu and icon go by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from budget.bands import Band
from budget.state import Mode
from pricing.figures import percent_of
from pricing.money import Money

SAVING_PERCENT = 80
"""From here on a day is tight, for the icon."""


class UnreadableStatus(ValueError):
    """This is no status of a bursar of this version."""


@dataclass(frozen=True, slots=True)
class Savings:
    """What was saved in a span of days; `is_sure` unless the amount is a range or leaves requests out."""

    amount: Money
    is_sure: bool
    plan: Money
    requests: int


@dataclass(frozen=True, slots=True)
class Halt:
    """That all cloud traffic is stopped, since when by the person's own clock, and by what."""

    since: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Server:
    """A local model server, and what is wrong with it; nothing if it can be used."""

    name: str
    why: str

    @property
    def is_usable(self) -> bool:
        """Tell whether it answers."""
        return not self.why


@dataclass(frozen=True, slots=True)
class Glance:
    """All of a status that a tray shows; `band` is the one that requests are routed by."""

    mode: Mode
    band: Band
    day: date
    spent: Money
    held: Money
    unconfirmed: Money
    budget: Money
    cutoff: Money
    resets_at: datetime
    halt: Halt | None
    today: Savings | None
    week: Savings | None
    servers: tuple[Server, ...]
    doubts: int
    trouble: str
    has_stepped_aside: bool
    """Whether an agent's settings lead past bursar, because it could not start."""
    unreached: str
    is_clock_held_back: bool
    unrecorded: int
    prices_of: str
    notices: int
    running: int
    is_simulated: bool

    @property
    def percent(self) -> int:
        """Say how many percent of the budget are spent, rounded down; of no budget, none."""
        return max(0, self.spent.picos * 100 // self.budget.picos) if self.budget.picos > 0 else 0

    @property
    def share(self) -> str:
        """Say the same in words: what is less than one percent is not none."""
        return percent_of(self.spent, self.budget)

    @property
    def is_over(self) -> bool:
        """Tell whether the budget is spent; money that running requests hold is not."""
        return self.spent >= self.budget and self.spent > Money(0)

    @property
    def is_at_cutoff(self) -> bool:
        """Tell whether nothing more can go to Claude today."""
        return self.spent >= self.cutoff and self.spent > Money(0)

    @property
    def is_tight(self) -> bool:
        """Tell whether so much is gone that a person may want to allow more."""
        gone = self.spent + self.held
        return self.band is not Band.normal or gone.picos * 100 >= self.budget.picos * SAVING_PERCENT

    @property
    def has_local(self) -> bool:
        """Tell whether any local server can be used."""
        return any(server.is_usable for server in self.servers)


def glance(status: Mapping[str, Any]) -> Glance:
    """Read what `/api/status` answered; raises UnreadableStatus."""
    try:
        return _glance(status)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise UnreadableStatus(f"bursar's status cannot be read: {error!r}") from error


def _glance(status: Mapping[str, Any]) -> Glance:
    zone, saved, prices = _zone(status), status.get("saved"), status.get("prices") or {}
    spent, pace = Money.usd(status["settled_usd"]), status.get("pace")
    return Glance(
        mode=Mode(status["mode"]),
        band=Band(pace["band"] if pace else status["band"]),
        day=date.fromisoformat(status["day"]),
        spent=spent,
        held=Money.usd(status["held_usd"]),
        unconfirmed=spent - Money.usd(status["likely_usd"]),
        budget=Money.usd(status["budget_usd"]),
        cutoff=Money.usd(status["cutoff_usd"]),
        resets_at=_local(status["resets_at"], zone),
        halt=_halt(status["stop"], zone),
        today=_savings(saved["today"]) if saved else None,
        week=_savings(saved["week"]) if saved else None,
        servers=tuple(_server(one) for one in status.get("locals", ())),
        doubts=len(status.get("doubts", ())),
        trouble=str(status["trouble"] or ""),
        has_stepped_aside=bool(status.get("stepped_aside")),
        unreached=_unreached(status.get("cloud"), zone),
        is_clock_held_back=bool(status["clock_held_back"]),
        unrecorded=int(status["unrecorded"]),
        prices_of=str(prices.get("data_as_of", "")) if prices.get("old") else "",
        notices=len(status.get("notices", ())) + len(prices.get("notices", ())),
        running=int(status["open_holds"]),
        is_simulated=bool(status.get("simulated")),
    )


def _unreached(cloud: Mapping[str, Any] | None, zone: tzinfo | None) -> str:
    """Say since when, by the person's own clock, Claude is not reached; empty if it is."""
    trouble = (cloud or {}).get("trouble")
    return f"{_local(trouble['at'], zone):%H:%M}" if trouble else ""


def _savings(raw: Mapping[str, Any]) -> Savings:
    amount, low, high = (Money.usd(raw[key]) for key in ("usd", "low_usd", "high_usd"))
    shown = {each.dollars() for each in (amount, low, high)}
    requests, unknown = int(raw["requests"]), int(raw["unknown"])
    return Savings(amount, len(shown) == 1 and not unknown, Money.usd(raw["plan_usd"]), requests + unknown)


def _halt(raw: Mapping[str, Any] | None, zone: tzinfo | None) -> Halt | None:
    return None if raw is None else Halt(_local(raw["since"], zone), str(raw["by"]))


def _server(raw: Mapping[str, Any]) -> Server:
    return Server(str(raw["name"]), "" if raw["healthy"] else str(raw["why"] or "it cannot be used"))


def _local(iso: str, zone: tzinfo | None) -> datetime:
    moment = datetime.fromisoformat(iso)
    if moment.tzinfo is None:
        raise ValueError(f"a moment without a zone: {iso[:40]}")
    return moment.astimezone(zone)


def _zone(status: Mapping[str, Any]) -> tzinfo | None:
    """Give the zone of the budget day; None is this machine's own."""
    key = status.get("zone")
    return ZoneInfo(key) if key else None
