"""A study of recorded days: what a machine spends and brings in, and how far the replay itself is off."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from budget.bands import Limits
from budget.historyledger import Recorded
from budget.historyrow import Row
from budget.shares import Shares
from budget.state import Mode
from pricing.assumed import Figures, machine_of
from pricing.machine import Speeds
from pricing.money import Money
from pricing.table import PriceTable
from pricing.usage import Usage
from proxy.replay import Policy
from proxy.replay.choices import NAMES, Wish, about, choice
from proxy.replay.recorded import days_of
from proxy.replay.study import Study, break_even, study
from proxy.task import Tier

PRICES = PriceTable.load()
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MACHINE = machine_of(Figures(price=Money.usd(300), watts_prefill=Fraction(200), watts_decode=Fraction(200)))
SPEEDS = Speeds(1000, 10)
CLAUDE = Policy(mode=Mode.cloud)
FIRST = Recorded(
    Row(
        *("m1", "r1", NOON, NOON.date(), "s", "", "shop", "claude-opus-5-5", "t1", "L1", "test"),
        usage=Usage(cache_write_5m=20_000, output=100),
        cost=Money.usd("0.102"),
        provisional=False,
    )
)


def later(each: Recorded, seconds: int, **more: object) -> Recorded:
    row = replace(each.row, message_id=f"{each.row.message_id}+", at=each.row.at + timedelta(seconds=seconds), **more)
    return replace(each, row=row)


def studied(policy: Policy, *recorded: Recorded, speeds: Speeds = SPEEDS) -> Study:
    days, _ = days_of(recorded, PRICES, ZoneInfo("UTC"))
    return study(days, policy, PRICES, MACHINE, speeds)


def test_local_work_costs_the_machines_time_at_its_speeds():
    found = studied(Policy(), FIRST)
    assert found.busy_ms == 20_000 + 10_000  # 20,000 tokens read at 1,000 a second, 100 written at 10.
    # 30 s at 200 − 20 W above idle, behind a power supply of 90 %, at $0.18/kWh.
    assert found.machine.marginal == Money(300_000_000)
    assert found.saved == Money.usd("0.102") - Money(300_000_000)


def test_what_nobody_answered_saves_nothing():
    restricted = replace(FIRST, row=replace(FIRST.row, tier="L3"))
    found = studied(Policy(limits=Limits(Money.usd("0.01"), Money.usd("0.01"))), restricted)
    assert (found.refused, found.unanswered, found.saved) == (1, Money.usd("0.102"), Money(0))


def test_degraded_work_is_taken_off_from_what_is_saved_soundly():
    complex_ = replace(FIRST, row=replace(FIRST.row, tier="L2"))
    found = studied(Policy(limits=Limits(Money.usd("0.01"), Money.usd("0.01"))), complex_)
    assert (found.degraded, found.at_local) == (1, 1)
    assert found.saved > Money(0) > found.saved_soundly


def test_a_machine_pays_for_itself_in_its_price_by_a_days_savings_or_never():
    found = studied(Policy(), FIRST, later(FIRST, 86_400, day=NOON.date() + timedelta(days=1), session="u"))
    even = break_even(found, found.saved, Money.usd(300))
    assert even.a_day == Money.usd("0.1017")  # 0.102 less 0.0003 of energy, on each of two days.
    assert even.days == Fraction(300 * 10**12, even.a_day.picos)
    assert break_even(found, Money(0), Money.usd(300)).days is None


def test_a_machine_that_would_have_to_work_longer_than_a_day_never_pays_for_itself():
    found = studied(Policy(), FIRST, speeds=Speeds(Fraction(1, 10), 10))
    assert found.hours_a_day() > 24
    assert break_even(found, found.saved, Money.usd(1)).days is None


def test_the_replay_is_checked_only_on_conversations_that_were_at_claude_alone():
    local = replace(FIRST, row=replace(FIRST.row, session="u"), is_local=True, as_asked=False)
    after = later(FIRST, 5, session="u", usage=Usage(cache_write_5m=21_000, output=1), cost=Money.usd("0.105"))
    found = studied(CLAUDE, FIRST, local, after)
    assert (found.checked, found.bill, found.bill_replayed) == (1, Money.usd("0.102"), Money.usd("0.102"))


def test_a_bill_of_caches_kept_for_an_hour_is_replayed_with_such_caches():
    hour = replace(FIRST, row=replace(FIRST.row, usage=Usage(cache_write_1h=20_000, output=100)))
    late = later(hour, 1800, usage=Usage(cache_read=20_000, cache_write_1h=500, output=100))
    kept = studied(replace(CLAUDE, for_an_hour=True), hour, late)
    # 20,000 written at 8 and 100 out at 20; then 20,000 read at 0.20, 500 written at 8, 100 out.
    assert kept.outcome.cost == Money.usd("0.162") + Money.usd("0.01")
    assert studied(CLAUDE, hour, late).outcome.cost == kept.outcome.cost  # By what was written of each conversation.


def test_a_day_of_short_sessions_that_share_tools_and_system_is_replayed_to_what_it_cost():
    """Each reads 18,000 tokens that another one wrote, and ends in 2,000 that are marked for no cache."""
    first = Usage(cache_write_5m=20_000, input=2_000, output=100)
    others = Usage(cache_read=18_000, cache_write_5m=2_000, input=2_000, output=100)
    rates = PRICES.on(NOON, "claude-opus-5-5").rates
    every = [
        later(FIRST, 60 * n, session=f"s{n}", turn=f"t{n}", usage=usage, cost=rates.cost(usage))
        for n, usage in enumerate([first, *[others] * 9])
    ]
    found = studied(CLAUDE, *every)
    assert (found.checked, found.bill_replayed) == (10, found.bill)
    # Without Claude in between, what they share goes cold with the rest of them.
    assert studied(CLAUDE, every[0], later(every[1], 400)).bill_replayed > rates.cost(first) + rates.cost(others)


def test_every_policy_has_its_settings_and_a_sentence():
    wish = Wish(Money.usd(10), Money.usd(12), {Tier.L2: "claude-sonnet-5-5"}, Shares(30, 10))
    made = {name: choice(name, wish) for name in NAMES}
    assert made["claude"].mode is Mode.cloud
    assert made["unlimited"].limits is None
    assert made["auto"].limits == Limits(Money.usd(10), Money.usd(12))
    assert made["cheaper"].cloud_models == {Tier.L2: "claude-sonnet-5-5"}
    assert made["shares"].shares == Shares(30, 10)
    assert made["hard"].limits == Limits(Money.usd(10), Money.usd(10))
    assert all(about(name, wish) for name in NAMES)
    with pytest.raises(ValueError, match="no policy"):
        choice("magic", wish)
