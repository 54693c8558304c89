"""Advice: what a week's figures suggest to change, each with its arithmetic and the command that does it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from budget.cachemissadvice import lifetime
from budget.outbox import Kind
from budget.pings import NONE, Pings
from budget.savings import Savings
from budget.weekbooks import Books, Row
from pricing.addingup import left_of
from pricing.figures import counted, noun, percent_of
from pricing.money import PICOS_PER_DOLLAR, ZERO, Money

Topic = Literal["observe", "routine", "cold", "unpriced", "budget", "escalated", "idle", "session", "lifetime"]

MOST = 3
WORTH = Money.usd("0.01")
"""What is at stake below this is not worth a sentence."""
ESCALATED_PERMILLE = 250
ENOUGH = Money.usd("1")
"""Claude doing a week's easy work for less than this says nothing of the local models."""
LEAST_ANSWERS = 10
"""A model is not judged by fewer answers than this."""
LARGE_PERMILLE = 400
"""A session of this share of a week's cost is named."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One suggestion: what was found, how that comes about, the money it is about, what helps."""

    topic: Topic
    title: str
    arithmetic: str
    amount: Money
    command: str = ""
    setting: str = ""


def advice(books: Books, saved: Savings, zone: ZoneInfo, pings: Pings = NONE) -> tuple[Advice, ...]:
    """Give the suggestions about the most money, MOST at most; none where nothing suggests itself."""
    found = [
        *_observe(saved),
        *_routine(books.baselines),
        *_cold(saved, pings),
        *_unpriced(books),
        *_budget(books, zone),
        *_escalated(books.baselines),
        *_idle(saved),
        *_session(saved),
        *lifetime(books.lives),
    ]
    return tuple(sorted((one for one in found if one.amount >= WORTH), key=lambda one: -one.amount.picos)[:MOST])


def _observe(saved: Savings) -> Iterator[Advice]:
    would = saved.would
    if would.requests:
        yield Advice(
            "observe",
            f"Mode auto would have sent {_requests(would.requests)} elsewhere",
            f"While the mode was observe they went to Claude and cost {_usd(would.cost)} there. "
            "What they would have cost on this machine goes off that.",
            would.cost,
            "bursar mode auto",
        )


def _routine(rows: Iterable[Row]) -> Iterator[Advice]:
    """Safe and routine work that Claude did because the mode said so, or although it did not."""
    easy = [row for row in rows if row["tier"] in ("L0", "L1") and row["requests"] and row["part"] != "attempt"]
    in_cloud = [row for row in easy if row["mode"] == "cloud" and not row["is_local"]]
    if number := _number(in_cloud):
        yield Advice(
            "routine",
            f"{_requests(number)} of tiers L0 and L1 went to Claude in mode cloud",
            f"They cost {_usd(_cloud(in_cloud))} there; mode auto sends such work to a local model first.",
            _cloud(in_cloud),
            "bursar mode auto",
        )
    in_auto = [row for row in easy if row["mode"] == "auto"]
    at_claude = [row for row in in_auto if not row["is_local"]]
    number, of = _number(at_claude), _number(in_auto)
    if of < LEAST_ANSWERS or 2 * number <= of or _cloud(at_claude) < ENOUGH:
        return
    if number == of and not any(row["is_local"] for row in rows):
        yield Advice(
            "routine",
            "No local model answered anything",
            f"{_requests(of)} of tiers L0 and L1 in mode auto went to Claude and cost {_usd(_cloud(at_claude))} there. "
            "With Ollama, llama.cpp, LM Studio or vLLM on this machine, such work can stay here.",
            _cloud(at_claude),
            "bursar doctor",
        )
    else:
        yield Advice(
            "routine",
            f"Of {_requests(of)} of tiers L0 and L1 in mode auto, Claude answered {number:,}",
            f"They cost {_usd(_cloud(at_claude))} there. No local model could take them, they came after one that "
            "was not good enough, or a warm cache was worth more; each request’s page says which.",
            _cloud(at_claude),
            "bursar doctor",
        )


def _cold(saved: Savings, pings: Pings) -> Iterator[Advice]:
    parts = _all_parts(saved)
    # What the cache keeper paid and spared is in this part too, and no local answer is to blame for it.
    cost, moved = pings.net - parts["cold"], parts["moved"]
    if moved > ZERO and cost > ZERO and cost.picos * 10 >= moved.picos:
        spared, less, rest = left_of(moved, cost)
        yield Advice(
            "cold",
            f"Cold caches cost {less}",
            f"Local answers spared {spared} at Claude, and Claude then charged {less} more to write its "
            f'cache again: {spared} − {less} = {rest}. With cache_gate = "all" safe work '
            "stays on Claude too, where its warm cache is worth more.",
            cost,
            setting='cache_gate = "all"',
        )


def _unpriced(books: Books) -> Iterator[Advice]:
    for model in dict.fromkeys(said.subject for said in books.alerts if said.kind is Kind.unpriced):
        rows = [row for row in books.totals if row["model"] == model and not row["is_local"]]
        charged = Money(sum(row["charged"] for row in rows))
        number = sum(row["requests"] - row["voided"] for row in rows)
        yield Advice(
            "unpriced",
            f"No price is known for {model}",
            f"{_requests(number)} {noun(number, 'was', 'were')} charged {_usd(charged)} at the "
            "highest price of each kind; with its own price they may come to less.",
            charged,
            "bursar prices update FILE",
        )


def _budget(books: Books, zone: ZoneInfo) -> Iterator[Advice]:
    over = [day for day in books.days if day.settled >= day.budget > ZERO]
    if not over:
        return
    active = sum(1 for day in books.days if day.requests)
    at = {said.day: said.at for said in reversed(books.alerts) if said.kind is Kind.threshold}
    highest = max(over, key=lambda day: day.settled)
    whole = -(-highest.settled.picos // PICOS_PER_DOLLAR)
    when = ", ".join(f"{day.day:%a}{_clock(at.get(day.day), zone)}" for day in over)
    above = Money.total(day.settled - day.budget for day in over)
    yield Advice(
        "budget",
        f"The budget was used up on {len(over)} of {counted(active, 'day')}",
        f"{when}: {_usd(above)} above it in all. ${whole:,} a day would have been enough: {highest.day:%A} came to "
        f"{_usd(highest.settled)}. With [pace] enabled = true bursar saves earlier on such days.",
        max(above, WORTH),
        f"bursar budget set {whole}",
    )


def _escalated(rows: Iterable[Row]) -> Iterator[Advice]:
    models: dict[str, list[Row]] = {}
    for row in rows:
        if row["is_local"] and row["part"] in ("moved", "attempt"):
            models.setdefault(row["model"], []).append(row)
    for model, of_model in sorted(models.items()):
        failed = [row for row in of_model if row["part"] == "attempt"]
        number, of = _number(failed), _number(of_model)
        if of >= LEAST_ANSWERS and number * 1000 >= of * ESCALATED_PERMILLE:
            cost = Money(sum(row["local_full"] for row in failed))
            yield Advice(
                "escalated",
                f"{percent_of(number, of)} of the answers of {model} were not good enough",
                f"{number:,} of {of:,}; making them cost {_usd(cost)} on this machine and the wait for each. "
                "A bench says whether another model does better.",
                max(cost, WORTH),
                "bursar bench",
            )


def _idle(saved: Savings) -> Iterator[Advice]:
    parts = _all_parts(saved)
    idle, moved = -parts["idle"], parts["moved"]
    if idle > ZERO and 2 * idle.picos >= moved.picos:
        alone, used, less, rest = left_of(moved, -(parts["energy"] + parts["wear"]), idle)
        yield Advice(
            "idle",
            f"This machine’s idle hours cost {less}",
            f"What it answered would have cost {alone} at Claude: {alone} − {used} energy and wear "
            f"− {less} idle = {rest}. More local work spreads them; a machine that is "
            "there for other things too does not count them.",
            idle,
            setting="[machine] dedicated = false",
        )


def _session(saved: Savings) -> Iterator[Advice]:
    whole = saved.total.paid.cloud + saved.total.plan.cloud + saved.total.unknown.cloud
    if len(saved.sessions) < 2 or not whole:
        return
    costs = {one: one.cut.paid.cloud + one.cut.plan.cloud + one.cut.unknown.cloud for one in saved.sessions}
    largest = max(saved.sessions, key=lambda one: costs[one])
    cost = costs[largest]
    if largest.cut.name and cost.picos * 1000 >= whole.picos * LARGE_PERMILLE:
        yield Advice(
            "session",
            f"One session made {percent_of(cost, whole)} of what Claude charged",
            f"{largest.cut.name[:8]}: {_usd(cost)} of {_usd(whole)}, for {_requests(largest.cut.requests)}. "
            "A long session reads all of its history again with each request; a new one for a new task reads less.",
            Money(cost.picos // 10),
        )


def _all_parts(saved: Savings) -> dict[str, Money]:
    paid, plan = saved.total.paid.parts, saved.total.plan.parts
    # On a plan, local work is in both: in `paid` as dollars, in `plan` beside what it spared at list prices.
    named = {name: getattr(paid, name) for name in ("moved", "cold", "energy", "wear", "idle")}
    return {**named, "moved": named["moved"] + plan.moved, "cold": named["cold"] + plan.cold}


def _number(rows: Iterable[Row]) -> int:
    return sum(row["requests"] for row in rows)


def _cloud(rows: Iterable[Row]) -> Money:
    return Money(sum(row["cloud"] for row in rows))


def _requests(number: int) -> str:
    return counted(number, "request")


def _usd(amount: Money) -> str:
    """Say an amount to the cent, below a dollar to the hundredth of a cent."""
    return amount.fine()


def _clock(at: datetime | None, zone: ZoneInfo) -> str:
    return f" at {at.astimezone(zone):%H:%M}" if at else ""
