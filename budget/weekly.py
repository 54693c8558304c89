"""The weekly report as data: what was spent, what would have been, where the difference comes from, what to change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from budget.advice import Advice, advice
from budget.clock import resets_at
from budget.imported import NOTHING, Imported, imported
from budget.outbox import Kind
from budget.pings import NONE, Pings, pings
from budget.report import Share, Week, week
from budget.savings import Cut, Range, Savings, savings, total_of
from budget.today import DayTotal
from budget.weekbooks import Books, Row, read
from pricing.machine import LocalCost
from pricing.money import ZERO, Money
from pricing.usage import Usage

DAYS = 7


@dataclass(frozen=True, slots=True)
class Sums:
    """A week in figures that can be laid beside another week's.

    `claude` is the best figure of what Claude charged, at list price; `listed` is the part of it that a plan pays for.
    `baseline`, `saved` are of the requests with a known baseline, without those on a plan: these come to `plan_saved`
    at list prices. `unknown` requests, of `unknown_cost`, are in no figure of savings, because nobody knows what they
    would have cost.
    """

    requests: int
    local_requests: int
    claude: Money
    listed: Money
    local_full: Money
    local_marginal: Money
    millijoules: int
    local_tokens: int
    baseline: Range
    saved: Range
    plan_baseline: Range
    plan_saved: Range
    moved: int
    attempts: int
    degraded: int
    refused: int
    unknown: int
    unknown_cost: Money

    @property
    def paid(self) -> Money:
        """What was charged in dollars: all but what a plan pays for."""
        return self.claude - self.listed

    @property
    def local_permille(self) -> int | None:
        """Which share of the requests a local model answered, in thousandths; None without requests."""
        return permille(self.local_requests, self.requests)

    @property
    def escalated_permille(self) -> int | None:
        """Which share of the local answers was not good enough and another model answered; None without any."""
        return permille(self.attempts, self.attempts + self.moved)


@dataclass(frozen=True, slots=True)
class Day:
    """One of the days; `spent` is None if nothing was asked, and `requests` were answered.

    The moments say when budget and cutoff were reached.
    """

    day: date
    requests: int
    spent: DayTotal | None
    claude: Money
    local: Money
    baseline: Range
    saved: Range
    budget_at: datetime | None = None
    cutoff_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """What one local model did: `attempts` were not good enough, and another answer was given."""

    name: str
    requests: int
    attempts: int
    usage: Usage
    cost: LocalCost | None

    @property
    def tokens(self) -> int:
        """What the machine worked for: tokens read anew and written, not those that it had kept."""
        return self.usage.input + self.usage.output

    @property
    def escalated_permille(self) -> int | None:
        """Which share of its answers was not good enough; None without any."""
        return permille(self.attempts, self.requests)


@dataclass(frozen=True, slots=True)
class Count:
    """So many requests of a tier, for a reason."""

    tier: str
    why: str
    number: int


@dataclass(frozen=True, slots=True)
class Report:
    """Seven days; `name` is "2026-W47", empty where they are no ISO week. `before` is None for the first.

    `imported` is what agents' own logs say of requests that did not pass through bursar, and in no other figure.
    """

    name: str
    since: date
    until: date
    made: datetime
    is_over: bool
    zone: ZoneInfo
    sums: Sums
    before: Sums | None
    days: tuple[Day, ...]
    spend: Week
    savings: Savings
    models: tuple[Model, ...]
    refused: tuple[Count, ...]
    degraded: tuple[Count, ...]
    advice: tuple[Advice, ...]
    rows: tuple[Row, ...] = ()
    """The rows of the table `totals` that `spend` sums up, for who exports them."""
    baselines: tuple[Row, ...] = ()
    """The rows of the table `baseline_totals` that `savings` sums up."""
    pings: Pings = NONE
    """What the cache keeper did, and what that came to; its pings are requests, and their cost is in `savings` too."""
    imported: Imported = NOTHING
    imported_before: Imported = NOTHING
    """The same of the seven days before."""

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing was asked of bursar, refused or spent."""
        return not (self.sums.requests or self.sums.refused or self.rows)

    @property
    def has_plan(self) -> bool:
        """Tell whether any of it is paid by a Pro or Max plan."""
        return bool(self.savings.total.plan.requests)


def report(database: Path, since: date, *, now: datetime, zone: ZoneInfo) -> Report:
    """Make the report of the seven days from one on, from one moment of the books. Raises sqlite3.Error."""
    until, earlier = since + timedelta(days=DAYS - 1), since - timedelta(days=DAYS)
    books = read(database, earlier, until)
    ours, before = books.between(since, until), books.between(earlier, since - timedelta(days=1))
    spend, saved = _spend(ours, since), savings(_Baselines(ours), since, until)
    kept = pings(database, since, until)
    return Report(
        name=name_of(since),
        since=since,
        until=until,
        made=now,
        is_over=now >= resets_at(until, zone),
        zone=zone,
        sums=_sums(spend, saved.total, ours),
        before=_before(before, earlier),
        days=_days(ours, saved, since),
        spend=spend,
        savings=saved,
        models=_models(spend, ours.baselines),
        refused=_counts(ours, "refused"),
        degraded=_counts(ours, "degraded"),
        advice=advice(ours, saved, zone, kept),
        rows=ours.totals,
        baselines=ours.baselines,
        pings=kept,
        imported=imported(ours.imported),
        imported_before=imported(before.imported),
    )


def overview(database: Path, oldest: date, newest: date) -> dict[date, Sums]:
    """Sum up each week from one Monday to another, both included; weeks of which there is nothing are not there."""
    books = read(database, oldest, newest + timedelta(days=DAYS - 1), with_sessions=False)
    weeks = (oldest + timedelta(days=number) for number in range(0, (newest - oldest).days + 1, DAYS))
    return {since: sums for since in weeks if (sums := _before(_week_of(books, since), since))}


def name_of(since: date) -> str:
    """Name the ISO week that begins on a day, such as "2026-W47"; empty for any day but a Monday."""
    year, number, weekday = since.isocalendar()
    return f"{year}-W{number:02d}" if weekday == 1 else ""


def permille(part: int, whole: int) -> int | None:
    """Give a share in thousandths, rounded; None of nothing."""
    return (2 * part * 1000 + whole) // (2 * whole) if whole else None


@dataclass(frozen=True)
class _Spend:
    """The books, as `budget.report.week` asks for them."""

    books: Books

    def days(self, since: date, until: date) -> list[DayTotal]:
        return list(self.books.between(since, until).days)

    def totals(self, since: date, until: date) -> list[Row]:
        return list(self.books.between(since, until).totals)


@dataclass(frozen=True)
class _Baselines:
    """The books, as `budget.savings` asks for them."""

    books: Books

    def totals(self, since: date, until: date) -> list[Row]:
        return list(self.books.between(since, until).baselines)

    def sessions(self, since: date, until: date) -> list[Row]:
        return list(self.books.between(since, until).sessions)


def _spend(books: Books, since: date) -> Week:
    return week(_Spend(books), since)


def _week_of(books: Books, since: date) -> Books:
    return books.between(since, since + timedelta(days=DAYS - 1))


def _before(books: Books, since: date) -> Sums | None:
    found = _sums(_spend(books, since), total_of(books.baselines), books)
    return found if found.requests or found.refused else None


def _sums(spend: Week, total: Cut, books: Books) -> Sums:
    paid, plan, local = total.paid, total.plan, spend.local
    requests, on_machine = _answered(spend.models), _answered(share for share in spend.models if share.is_local)
    # What is older than baselines has none: it is as unknown as what nobody could work out.
    unknown = requests - paid.requests
    return Sums(
        requests=requests,
        local_requests=on_machine - paid.attempts,
        claude=spend.likely,
        listed=plan.cloud,
        local_full=local.full if local else ZERO,
        local_marginal=local.marginal if local else ZERO,
        millijoules=local.joules_milli if local else 0,
        local_tokens=spend.local_usage.input + spend.local_usage.output,
        baseline=paid.baseline,
        saved=paid.saved,
        plan_baseline=plan.baseline,
        plan_saved=plan.saved,
        moved=paid.moved,
        attempts=paid.attempts,
        degraded=sum(tally.number for tally in books.tallies if tally.what == "degraded"),
        refused=sum(tally.number for tally in books.tallies if tally.what == "refused"),
        unknown=unknown,
        unknown_cost=spend.likely - paid.cloud - plan.cloud,
    )


def _answered(shares: Iterable[Share]) -> int:
    return sum(share.answered for share in shares)


def _days(books: Books, saved: Savings, since: date) -> tuple[Day, ...]:
    spent = {day.day: day for day in books.days}
    cuts = {cut.name: cut for cut in saved.by["day"]}
    reached = {(said.kind, said.day): said.at for said in reversed(books.alerts)}
    found = []
    for day in (since + timedelta(days=number) for number in range(DAYS)):
        cut, total = cuts.get(day.isoformat()), spent.get(day)
        found.append(
            Day(
                day=day,
                requests=sum(row["requests"] - row["voided"] for row in books.totals if row["day"] == day.isoformat()),
                spent=total if total and total.requests else None,
                claude=total.likely if total else ZERO,
                local=total.local.full if total and total.local else ZERO,
                baseline=cut.paid.baseline + cut.plan.baseline if cut else Range(),
                saved=cut.paid.saved if cut else Range(),
                budget_at=reached.get((Kind.threshold, day)),
                cutoff_at=reached.get((Kind.stopped, day)),
            )
        )
    return tuple(found)


def _models(spend: Week, baselines: Iterable[Row]) -> tuple[Model, ...]:
    attempts: dict[str, int] = {}
    for row in baselines:
        if row["is_local"] and row["part"] == "attempt":
            attempts[row["model"]] = attempts.get(row["model"], 0) + row["requests"]
    found = [
        Model(share.name, share.answered, attempts.get(share.name, 0), share.usage, share.local)
        for share in spend.models
        if share.is_local
    ]
    return tuple(sorted(found, key=lambda model: (-model.requests, model.name)))


def _counts(books: Books, what: str) -> tuple[Count, ...]:
    numbers: dict[tuple[str, str], int] = {}
    for tally in books.tallies:
        if tally.what == what:
            numbers[tally.tier, tally.why] = numbers.get((tally.tier, tally.why), 0) + tally.number
    return tuple(Count(tier, why, number) for (tier, why), number in sorted(numbers.items(), key=lambda one: -one[1]))
