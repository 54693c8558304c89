"""Unusual burn: a loop that spends is seen within minutes; a busy day of $100 is none."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from budget.recent import Spent
from pricing.money import ZERO, Money
from pricing.table import PriceTable
from pricing.usage import Usage
from tests.kit.traffic import generate
from tray.alerts.burn import LEAST_SLOTS, LONGEST, RULES, Rule, burning, usual

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
TABLE = PriceTable.load()


def day(seed: int, usd: float) -> list[Spent]:
    """Price a made day: what came before within five minutes is read from the cache, else it is written again."""
    last: dict[tuple[str, str], float] = {}
    rows = []
    for number, call in enumerate(generate(seed, usd)):
        key = (call.session, call.agent)
        warm = call.t - last.get(key, -1000) < 300
        last[key] = call.t
        read, written = (call.prefix, call.new) if warm else (0, call.prefix + call.new)
        usage = Usage(input=0, cache_read=read, cache_write_5m=written, output=call.out)
        picos = TABLE.on(MIDNIGHT, call.model).rates.cost(usage).picos
        rows.append(Spent(number, MIDNIGHT + timedelta(seconds=call.t), call.session, call.model, picos, False))
    return rows


def usual_by(rows: list[Spent]) -> dict[Rule, Money | None]:
    """Work out what is usual from a person's days, as the ledger sums them by slots."""
    found = {}
    for rule in RULES:
        slots: dict[int, int] = {}
        for row in rows:
            slot = int(row.at.timestamp() // rule.window.total_seconds())
            slots[slot] = slots.get(slot, 0) + row.picos
        found[rule] = usual(slots.values())
    return found


def looks(rows: list[Spent], usually: dict[Rule, Money | None]) -> Iterator[tuple[datetime, str]]:
    """Look every minute, as the scheduler does; give each alarm's moment and session."""
    rows = sorted(rows, key=lambda row: row.at)
    now, first, after = rows[0].at, 0, 0
    while after < len(rows):
        now += timedelta(minutes=1)
        while after < len(rows) and rows[after].at <= now:
            after += 1
        while rows[first].at < now - LONGEST:
            first += 1
        for burn in burning(rows[first:after], now, usually.__getitem__):
            yield now, burn.session


def loop(at: datetime, every_s: float, dollars: str, minutes: int = 90) -> list[Spent]:
    """Plant a session that asks again and again, nobody watching."""
    count = int(minutes * 60 / every_s)
    picos = Money.usd(dollars).picos
    return [
        Spent(10**6 + n, at + timedelta(seconds=n * every_s), "loop", "claude-opus-4-6", picos, False)
        for n in range(count)
    ]


@pytest.mark.parametrize("usd", [20, 100])
def test_no_normal_day_is_unusual_whatever_its_seed(usd: float):
    for seed in range(1, 9):
        rows = day(seed, usd)
        assert list(looks(rows, usual_by(rows))) == []


def test_a_busy_day_of_100_dollars_after_days_of_20_is_no_alarm():
    usually = usual_by(day(1, 20) + day(2, 20))
    assert list(looks(day(3, 100), usually)) == []


def test_the_first_day_of_someone_who_spends_100_dollars_is_no_alarm():
    assert list(looks(day(4, 100), dict.fromkeys(RULES))) == []


@pytest.mark.parametrize(
    ("every_s", "dollars", "minutes"),
    [
        (4, "0.75", 10),  # a full context that is written anew each time: $112 in ten minutes
        (6, "0.15", 10),  # a full context from the cache, as fast as short answers come: $15 in ten minutes
        (20, "0.40", 60),  # slower: $12 in ten minutes, $72 an hour
    ],
)
def test_a_loop_is_seen_in_time_and_only_the_loop(every_s: float, dollars: str, minutes: int):
    rows = day(5, 100)
    began = MIDNIGHT + timedelta(hours=11)
    alarms = list(looks(rows + loop(began, every_s, dollars), usual_by(day(6, 100))))
    assert {session for _, session in alarms} == {"loop"}
    assert alarms[0][0] - began <= timedelta(minutes=minutes)


def test_what_is_usual_needs_enough_slots_and_one_wild_hour_does_not_move_it():
    assert usual([10**12] * (LEAST_SLOTS - 1)) is None
    assert usual([10**12] * LEAST_SLOTS + [10**15]) == Money.usd(1)


def test_small_sums_are_no_alarm_however_many_times_the_usual():
    cheap = dict.fromkeys(RULES, Money.usd("0.01"))
    rows = loop(MIDNIGHT, 10, "0.04", 10)  # 60 requests, $2.40 in ten minutes: 240 times the usual
    assert burning(rows, rows[-1].at, cheap.__getitem__) == []


def test_one_dear_request_is_no_loop():
    rows = loop(MIDNIGHT, 60, "9", 5)  # five requests, $45
    assert burning(rows, rows[-1].at, dict.fromkeys(RULES, ZERO).__getitem__) == []


def test_a_session_is_told_once_by_the_window_that_shows_it_first():
    rows = loop(MIDNIGHT, 5, "1", 30)
    (burn,) = burning(rows, rows[-1].at, dict.fromkeys(RULES, Money.usd(1)).__getitem__)
    assert (burn.window, burn.requests, burn.usual) == (timedelta(minutes=10), 120, Money.usd(1))
    assert burn.spent == Money.usd(120)
