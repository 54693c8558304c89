"""Charts: figures turned into places on a picture; the templates draw them as SVG.

Across, places are thousandths of the width; down, thousandths of the height, from the top.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from budget.glance import STEP
from budget.today import DayTotal
from pricing.figures import percent
from pricing.money import ZERO, Money

FULL = 1000


@dataclass(frozen=True, slots=True)
class Mark:
    """A labelled place on one axis."""

    at: int
    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A bar from nothing to the cutoff, or to what is gone if that is more."""

    settled: int
    held: int
    marks: tuple[Mark, ...]


def gauge(settled: Money, held: Money, budget: Money, cutoff: Money, alerts: Sequence[int]) -> Gauge:
    """Place a day's spend between its marks."""
    whole = max(cutoff, budget, settled + held, Money(1))
    marks = [Mark(_part(Money(budget.picos * one // 100), whole), percent(one), "alert") for one in alerts]
    marks.append(Mark(_part(budget, whole), "budget", "budget"))
    marks.append(Mark(_part(cutoff, whole), "cutoff", "cutoff"))
    return Gauge(_part(settled, whole), _part(held, whole), tuple(marks))


@dataclass(frozen=True, slots=True)
class DayChart:
    """Spend piling up through a day: `line` and `ahead` are points of SVG polylines, `area` a closed one."""

    line: str
    area: str
    ahead: str
    now: int
    limits: tuple[Mark, ...]
    hours: tuple[Mark, ...]


def day_chart(
    steps: Mapping[datetime, Money],
    *,
    begins: datetime,
    ends: datetime,
    now: datetime,
    per_hour: Money,
    limits: Sequence[tuple[str, Money]],
    zone: ZoneInfo,
) -> DayChart:
    """Draw a day from its steps; `per_hour` is how it may go on, `limits` are named amounts to draw across."""
    length = ends - begins
    total = Money.total(steps.values())
    left_s = max(0, int((ends - now).total_seconds()))
    ceiling = max(amount for _, amount in limits)
    comes_to = min(total + Money(per_hour.picos * left_s // 3600), max(ceiling, total))
    top = Money(max(ceiling, total, comes_to, Money(1)).picos * 21 // 20)

    def across(moment: datetime) -> int:
        return max(0, min(FULL, FULL * int((moment - begins).total_seconds()) // int(length.total_seconds())))

    def point(moment: datetime, amount: Money) -> str:
        return f"{across(moment)},{FULL - _part(amount, top)}"

    points, sum_so_far = [point(begins, ZERO)], ZERO
    for begin in sorted(steps):
        points.append(point(begin, sum_so_far))
        sum_so_far = sum_so_far + steps[begin]
        points.append(point(min(begin + STEP, now), sum_so_far))
    points.append(point(now, sum_so_far))
    ahead = ""
    if per_hour.picos > 0 and left_s:
        until = _reaches(now, ends, comes_to - total, per_hour)
        ahead = f"{point(now, total)} {point(until, comes_to)}"
    return DayChart(
        line=" ".join(points),
        area=" ".join([*points, f"{across(now)},{FULL}", f"0,{FULL}"]),
        ahead=ahead,
        now=across(now),
        limits=tuple(Mark(FULL - _part(amount, top), f"{name} {amount.dollars()}", name) for name, amount in limits),
        hours=tuple(_hours(begins, ends, zone, across)),
    )


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of several: where it stands, how high it and its budget are."""

    at: int
    width: int
    high: int
    budget: int
    over: bool
    day: DayTotal


def bars(days: Sequence[DayTotal]) -> tuple[Bar, ...]:
    """Stand days side by side, the oldest left."""
    if not days:
        return ()
    top = max(max(max(day.settled, day.budget) for day in days), Money(1))
    slot = FULL // len(days)
    return tuple(
        Bar(
            at=number * slot + slot // 6,
            width=slot - slot // 3,
            high=_part(day.settled, top),
            budget=_part(day.budget, top),
            over=day.settled > day.budget,
            day=day,
        )
        for number, day in enumerate(days)
    )


def _hours(begins: datetime, ends: datetime, zone: ZoneInfo, across: Callable[[datetime], int]) -> list[Mark]:
    found, moment = [], begins
    while moment < ends:
        local = moment.astimezone(zone)
        if local.minute == 0 and local.hour % 3 == 0 and local.hour:
            found.append(Mark(across(moment), f"{local.hour:02d}:00", "wide" if local.hour % 6 else ""))
        moment += timedelta(minutes=30)
    return found


def _reaches(now: datetime, ends: datetime, more: Money, per_hour: Money) -> datetime:
    return min(ends, now + timedelta(seconds=more.picos * 3600 // per_hour.picos))


def _part(amount: Money, whole: Money) -> int:
    return max(0, min(FULL, amount.picos * FULL // whole.picos))
