"""Cache misses in the ledger: kept once, summed up by day and kind, and let go of after a while but for their sums."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from budget.allowance import PING
from budget.cachemiss import Cause, Kind, Looked, Miss
from budget.cachemisses import KEPT_DAYS
from budget.cachemisslife import Lives, pauses_of, worthwhile
from budget.cachemisssums import missed
from budget.ledger import Ask, Held, Labels, Ledger, Offer, Outcome, Settlement
from pricing.money import Money
from pricing.rates import Rates
from tests.budget.desk import NOON, Desk
from tests.budget.test_baselines import OLD, request

RATES = Rates(
    input=3_000_000, cache_write_5m=3_750_000, cache_write_1h=6_000_000, cache_read=300_000, output=15_000_000
)


def looked(hold_id: int, tokens: int = 1000) -> Looked:
    miss = Miss(Cause(Kind.expired), 0, tokens, 0, RATES, 301_000)
    lives = {"if_5m": Money.usd("0.25"), "if_1h": Money.usd("0.20")}
    return Looked(hold_id, tokens, 2 * tokens, "5m", 301_000, misses=(miss,), **lives)


def rows(desk: Desk, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(desk.files.database)) as connection:
        return connection.execute(query).fetchall()


def test_a_miss_costs_what_its_tokens_were_charged_less_what_reading_them_would_have():
    # 10 at $3, 100 at $3.75 and 1000 at $6 a million, less 1110 at $0.30.
    miss = Miss(Cause(Kind.expired), 10, 100, 1000, RATES)
    assert (miss.tokens, miss.amount) == (1110, Money.usd("0.006072"))
    free = replace(miss, rates=Rates(0, 0, 0, 5, 0))
    assert free.amount == Money(0)


def test_a_request_is_judged_once(desk: Desk, ledger: Ledger):
    hold = request(ledger, "one", "0.25")
    assert ledger.cache_misses.record([looked(hold), looked(hold)]).result(5) == 1
    assert ledger.cache_misses.record([looked(hold, 5)]).result(5) == 0
    assert rows(desk, "SELECT kind, tokens, picos FROM cache_days") == [("expired", 1000, 3_450_000_000)]
    assert rows(desk, "SELECT requests, cloud, compared, if_1h FROM cache_lives") == [(1, 250 * 10**9, 1, 200 * 10**9)]
    assert ledger.check() == []


def test_pings_of_the_cache_keeper_are_nothing_that_nobody_could_judge(desk: Desk, ledger: Ledger):
    hold = request(ledger, "one", "0.25")
    ledger.cache_misses.record([looked(hold)]).result(5)
    ping = ledger.reserve(Ask("ping_1", (Offer("anthropic", "claude", Money.usd(1), False),), Labels(task_class=PING)))
    assert isinstance(ping, Held)
    ledger.settle(ping.hold_id, Settlement(Outcome.complete, Money.usd("0.02"), Money.usd("0.02"))).result(5)
    found = missed(desk.files.database, NOON.date(), NOON.date())
    assert found.bill == found.judged == Money.usd("0.25")


def test_what_expired_over_a_local_turn_is_told_apart(desk: Desk, ledger: Ledger):
    holds = [request(ledger, name, "0.25") for name in ("one", "two")]
    ledger.cache_misses.record([replace(looked(holds[0]), local_between=2), looked(holds[1])]).result(5)
    found = missed(desk.files.database, NOON.date(), NOON.date())
    assert (found.after_local, found.avoidable) == (Money(3_450_000_000), Money(6_900_000_000))


def test_what_was_free_was_not_missed(desk: Desk, ledger: Ledger):
    hold = request(ledger, "one", "0.003")
    assert ledger.cache_misses.record([looked(hold)]).result(5) == 1
    assert rows(desk, "SELECT * FROM cache_misses") == rows(desk, "SELECT * FROM cache_days") == []


def test_rows_go_after_a_while_and_their_sums_stay(desk: Desk, ledger: Ledger):
    ledger.cache_misses.record([looked(request(ledger, "one", "0.25"))]).result(5)
    for _ in range(KEPT_DAYS + 1):
        desk.pass_time(days=1)
        last = request(ledger, f"at {desk.now}", "0.25")
    ledger.cache_misses.record([looked(last)]).result(5)
    assert rows(desk, "SELECT count(*) FROM cache_misses") == rows(desk, "SELECT count(*) FROM cache_looked") == [(1,)]
    found = missed(desk.files.database, NOON.date(), NOON.date())
    assert [(cut.kind, cut.misses, cut.amount) for cut in found.cuts] == [(Kind.expired, 1, Money(3_450_000_000))]
    assert found.sessions == found.pauses == ()
    assert ledger.check() == []


@pytest.mark.parametrize("old", OLD, ids=lambda path: path.stem)
def test_a_ledger_of_before_has_missed_nothing_until_it_is_judged(desk: Desk, old: Path):
    desk.folder.mkdir()
    with closing(sqlite3.connect(desk.files.database)) as connection:
        connection.executescript(old.read_text())
    assert missed(desk.files.database, NOON.date(), NOON.date()).requests == 0
    ledger = desk.open()
    ledger.cache_misses.record([looked(request(ledger, "new", "0.25"))]).result(5)
    assert missed(desk.files.database, NOON.date(), NOON.date()).requests == 1


def lives(*sums: tuple[str, str, int, str, str, str]) -> tuple[Lives, ...]:
    """Sum up rows of agent, life, requests, and dollars: charged, with five minutes, with an hour."""
    picos = lambda dollars: Money.usd(dollars).picos
    return Lives.of([(a, life, n, picos(c), n, picos(c), picos(s), picos(h)) for a, life, n, c, s, h in sums])


def test_the_lifetime_is_advised_that_would_have_been_cheaper_for_all_agents_together():
    found = lives(("", "5m", 100, "9", "9", "7"), ("sub-agent", "5m", 50, "1", "1", "1.5"))
    assert [(one.name, one.better) for one in found] == [
        ("main thread", "1h"),
        ("sub-agents", "5m"),
        ("together", "1h"),
    ]
    advised = worthwhile(found)
    assert advised is not None
    assert (advised.better, advised.saves) == ("1h", Money.usd("1.5"))


@pytest.mark.parametrize(
    "row",
    [
        ("", "1h", 100, "7", "9", "7"),  # An hour is asked for already.
        ("", "5m", 100, "9", "9", "8.9"),  # A hundredth may be chance.
        ("", "5m", 19, "9", "9", "7"),  # So few requests say nothing.
        ("", "5m", 100, "0.01", "0.01", "0.005"),  # Half a cent is not worth a sentence.
    ],
)
def test_nothing_is_advised_without_a_reason(row: tuple[str, str, int, str, str, str]):
    assert worthwhile(lives(row)) is None


def test_pauses_are_told_by_agent():
    (main, subs) = pauses_of([(0, 1000), (0, 300_000), (0, 3_600_000), (0, 2000), (1, 5000)])
    assert (main.number, main.median_s, main.over_5m, main.over_1h) == (4, 300, 500, 250)
    assert (subs.name, subs.over_5m) == ("sub-agents", 0)
