"""What a local request costs: the formula by hand, the published one as a special case, and what always holds."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.machine import (
    LocalCost,
    Machine,
    Metered,
    Speeds,
    Work,
    cost,
    is_possible,
    joules,
    modelled_watts,
    per_mtok,
)
from pricing.money import ZERO, Money


def usd(text: str) -> Money:
    return Money.usd(text)


# A card bought for $2,628 that is worth nothing after three years, busy half of the time: a busy hour of it costs
# 2628 / (3 · 8760 · 1/2) = $0.20. Power at $0.30/kWh through a power supply of 90 %: $1/3 for a kWh behind it.
BOUGHT = Machine(
    price=usd("2628"),
    residual=ZERO,
    years=3,
    utilisation=Fraction(1, 2),
    electricity=usd("0.30"),
    psu_efficiency=Fraction(9, 10),
    pue=1,
    watts_prefill=360,
    watts_decode=300,
    watts_idle=30,
)


def test_a_request_is_its_seconds_at_its_watts_and_its_part_of_the_price():
    work = Work(prefill_ms=2_000, decode_ms=10_000)
    found = cost(BOUGHT, work)
    # Drawn: 2 s · 360 W + 10 s · 300 W = 3,720 J. Above idle: 2 · 330 + 10 · 270 = 3,360 J = 3,360 / 3.6e6 kWh.
    assert found.joules_milli == 3_720_000
    # 3,360 / 3,600,000 kWh · $1/3 = $0.000311111…, rounded up to the picodollar.
    assert found.marginal == usd("0.000311111112")
    # The capital of 12 s: 12 / 3600 · $0.20 = $0.000666666…; together $0.000977777…
    assert found.full == usd("0.000977777778")


def test_one_of_four_at_once_pays_a_quarter():
    alone, one_of_four = Work(2_000, 10_000), Work(2_000, 10_000, Fraction(1, 4))
    # $0.000977777… / 4 = $0.000244444…, and 3,720 J / 4 = 930 J
    assert cost(BOUGHT, one_of_four).full == usd("0.000244444445")
    assert cost(BOUGHT, one_of_four).joules_milli * 4 == cost(BOUGHT, alone).joules_milli


def test_what_a_meter_counted_takes_the_place_of_the_watts():
    metered = Metered(millijoules=2_160_000, over_ms=12_000, source="NVML energy counter")
    found = cost(BOUGHT, Work(2_000, 10_000), metered)
    # 2,160 J, of which 12 s · 30 W = 360 J would have been drawn anyway: 1,800 J = 0.0005 kWh · $1/3 = $0.000166666…
    assert found.marginal == usd("0.000166666667")
    # and the same capital as before, $0.000666666…: $0.000833333…
    assert found.full == usd("0.000833333334")
    assert found.joules_milli == 2_160_000
    assert found.provenance == "NVML energy counter"


def test_a_meter_that_counted_less_than_idle_gives_no_negative_cost():
    found = cost(BOUGHT, Work(0, 10_000), Metered(1_000, 10_000, "a meter"))
    assert found.marginal == ZERO
    assert found.full == usd("0.000555555556")  # 10 / 3600 · $0.20 = $0.000555555…


def test_a_machine_that_runs_for_nothing_else_pays_for_its_idle_hours():
    server = replace(BOUGHT, only_for_this=True)
    # c_idle = 0.030 kW · $1/3 / (1/2) = $0.02 a busy hour; 12 s of it are $0.0000666…, on top of $0.000977777…
    assert cost(server, Work(2_000, 10_000)).full == usd("0.001044444445")
    assert cost(server, Work(2_000, 10_000)).marginal == cost(BOUGHT, Work(2_000, 10_000)).marginal


def test_rent_stands_in_place_of_the_price_and_is_paid_for_idle_hours_too():
    rented = replace(BOUGHT, rent_per_hour=usd("0.50"))
    # c_capital = $0.50 / (1/2) = $1.00; 3,600 s of prefill: $1.00 + 0.330 kW · $1/3 = $1.11
    assert cost(rented, Work(prefill_ms=3_600_000)).full == usd("1.11")


def test_residual_upkeep_and_the_buildings_share_count():
    machine = replace(BOUGHT, residual=usd("1314"), ops_per_hour=usd("0.05"), pue=Fraction(3, 2))
    # An hour of decode: (2628 − 1314) / 13140 = $0.10, upkeep $0.05, 0.270 kW · 1.5 · $1/3 = $0.135
    found = cost(machine, Work(decode_ms=3_600_000))
    assert found.marginal == usd("0.135")
    assert found.full == usd("0.285")


def test_a_million_tokens_at_measured_speeds():
    found = per_mtok(BOUGHT, Speeds(prefill=2_000, decode=50))
    # In: 10⁶ / (3600 · 2000) = 5/36 h. Energy 0.330 kW · $1/3 = $0.11: $0.0152777…; with $0.20: 5/36 · 0.31 = 0.043055…
    assert (found.marginal_in, found.full_in) == (usd("0.015277777778"), usd("0.043055555556"))
    # Out: 10⁶ / (3600 · 50) = 50/9 h. Energy 0.270 kW · $1/3 = $0.09: $0.50; with $0.20: 50/9 · 0.29 = $1.6111…
    assert (found.marginal_out, found.full_out) == (usd("0.5"), usd("1.611111111112"))


def test_the_published_formula_is_the_case_of_one_speed_one_wattage_and_no_idle_hour():
    """cost per MTok = GPU_hourly_cost / tokens_per_hour · 10⁶ + energy + ops."""
    machine = Machine(
        price=usd("26280"),
        residual=ZERO,
        years=3,
        utilisation=1,
        electricity=usd("0.20"),
        psu_efficiency=1,
        pue=1,
        watts_prefill=500,
        watts_decode=500,
        watts_idle=0,
        ops_per_hour=usd("0.10"),
    )
    gpu_hourly_cost = Fraction(26280, 3 * 8760)  # $1.00
    tokens_per_hour = 100 * 3600  # 360,000
    energy = Fraction(500, 1000) * Fraction(20, 100) / tokens_per_hour * 10**6  # $0.10 an hour: $0.2777… a million
    ops = Fraction(10, 100) / tokens_per_hour * 10**6
    published = gpu_hourly_cost / tokens_per_hour * 10**6 + energy + ops  # $3.3333…
    found = per_mtok(machine, Speeds(100, 100))
    assert published == Fraction(10, 3)
    assert found.full_in == found.full_out == usd("3.333333333334")
    assert found.marginal_out == usd("0.277777777778")


@given(
    dollars=st.integers(1, 10**6),
    years=st.integers(1, 10),
    cents=st.integers(0, 100),
    watts=st.integers(1, 2_000),
    idle=st.integers(0, 500),
    speed=st.integers(1, 10**5),
    ops=st.integers(0, 100),
)
def test_the_published_formula_holds_whatever_the_figures(dollars, years, cents, watts, idle, speed, ops):
    machine = Machine(
        price=Money.usd(dollars),
        residual=ZERO,
        years=years,
        utilisation=1,
        electricity=Money(cents * 10**10),
        psu_efficiency=1,
        pue=1,
        watts_prefill=watts,
        watts_decode=watts,
        # Busy all the time and running for this alone, what it draws idle is part of what it draws: it cancels out.
        watts_idle=min(idle, watts),
        ops_per_hour=Money(ops * 10**10),
        only_for_this=True,
    )
    tokens_per_hour = speed * 3600
    hourly = Fraction(dollars, years * 8760)
    energy = Fraction(watts, 1000) * Fraction(cents, 100)
    published = (hourly + energy + Fraction(ops, 100)) / tokens_per_hour * 10**6
    exact = published * 10**12
    assert per_mtok(machine, Speeds(speed, speed)).full_out.picos == -(-exact.numerator // exact.denominator)


def test_the_typical_machine_of_the_papers():
    """RTX 3090, an 8B model, one stream, $0.18/kWh, three years: $0.23, 0.50 and 1.93 per MTok at 100, 25 and 5 %."""
    # Their price less resale is not told; $845 at 100 tokens/s and 0.8 · 350 W gives all three:
    # 10⁶ / (3600 · 100) = 2.7777 h · ($845 / 26,280 h / u + 0.280 kW · $0.18) = $0.0893 / u + $0.14
    card = Machine(usd("845"), ZERO, 3, 1, usd("0.18"), 1, 1, 350, 280, 0)
    shown = [
        per_mtok(replace(card, utilisation=share), Speeds(3_000, 100)).full_out.dollars()
        for share in (Fraction(1), Fraction(1, 4), Fraction(1, 20))
    ]
    assert shown == ["$0.23", "$0.50", "$1.93"]


machines = st.builds(
    lambda price, residual, years, busy, kwh, psu, pue, idle, decode, prefill, ops, alone: Machine(
        price=Money(price + residual),
        residual=Money(residual),
        years=years,
        utilisation=busy,
        electricity=Money(kwh),
        psu_efficiency=psu,
        pue=pue,
        watts_prefill=idle + decode + prefill,
        watts_decode=idle + decode,
        watts_idle=idle,
        ops_per_hour=Money(ops),
        only_for_this=alone,
    ),
    st.integers(0, 10**17),
    st.integers(0, 10**16),
    st.fractions(Fraction(1, 10), 20, max_denominator=100),
    st.fractions(Fraction(1, 1000), 1, max_denominator=1000),
    st.integers(0, 10**12),
    st.fractions(Fraction(1, 2), 1, max_denominator=100),
    st.fractions(1, 3, max_denominator=100),
    st.integers(0, 200),
    st.integers(0, 800),
    st.integers(0, 300),
    st.integers(0, 10**12),
    st.booleans(),
)
times = st.fractions(0, 10**7, max_denominator=1000)
shares = st.fractions(Fraction(1, 64), 1, max_denominator=64)


@given(machines, times, times, shares)
def test_everything_is_never_less_than_energy_alone(machine, prefill, decode, share):
    found = cost(machine, Work(prefill, decode, share))
    assert ZERO <= found.marginal <= found.full


@given(machines, times, times, times, times, shares)
def test_more_work_never_costs_less(machine, prefill, decode, more, more_decode, share):
    less, greater = Work(prefill, decode, share), Work(prefill + more, decode + more_decode, share)
    before, after = cost(machine, less), cost(machine, greater)
    assert before.marginal <= after.marginal
    assert before.full <= after.full
    assert before.joules_milli <= after.joules_milli


@given(machines, times, times, times, times, shares)
def test_work_in_two_parts_costs_what_it_costs_in_one(machine, prefill, decode, more, more_decode, share):
    parts = [cost(machine, Work(prefill, decode, share)), cost(machine, Work(more, more_decode, share))]
    whole = cost(machine, Work(prefill + more, decode + more_decode, share))
    # Each amount is rounded up to a whole picodollar, once.
    assert 0 <= sum(part.full.picos for part in parts) - whole.full.picos <= 1
    assert 0 <= sum(part.marginal.picos for part in parts) - whole.marginal.picos <= 1
    assert abs(sum(part.joules_milli for part in parts) - whole.joules_milli) <= 1


@given(machines)
def test_no_work_costs_nothing(machine):
    found = cost(machine, Work())
    assert (found.marginal, found.full, found.joules_milli) == (ZERO, ZERO, 0)


@given(machines, st.integers(0, 10**9), st.integers(0, 10**9), times)
def test_more_metered_joules_never_cost_less(machine, some, more, over):
    work = Work(decode_ms=over)
    less, greater = (cost(machine, work, Metered(joules, over, "m")) for joules in (some, some + more))
    assert less.marginal <= greater.marginal
    assert less.full <= greater.full


@given(machines, times, times)
def test_a_meter_that_counts_what_the_watts_say_gives_the_same_cost(machine, prefill, decode):
    counted = machine.watts_prefill * prefill + machine.watts_decode * decode
    modelled = cost(machine, Work(prefill, decode))
    metered = cost(machine, Work(prefill, decode), Metered(round(counted), prefill + decode, "m"))
    # A meter shows whole millijoules: half of one, at a dollar a kWh, doubled by losses and tripled by the building.
    assert abs(metered.marginal.picos - modelled.marginal.picos) <= 1 + 2 * 3 * 10**12 // 3_600_000_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"utilisation": 0},
        {"utilisation": Fraction(11, 10)},
        {"years": 0},
        {"psu_efficiency": 0},
        {"pue": Fraction(9, 10)},
        {"residual": Money.usd(9999)},
        {"residual": Money(-1)},
        {"watts_idle": 400},
        {"watts_idle": -1},
        {"electricity": Money(-1)},
        {"ops_per_hour": Money(-1)},
        {"rent_per_hour": Money(-1)},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_machine_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="no machine is like this"):
        replace(BOUGHT, **wrong)


@pytest.mark.parametrize("wrong", [{"prefill_ms": -1}, {"decode_ms": -1}, {"batch_share": 0}, {"batch_share": 2}])
def test_work_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="no request does this"):
        Work(**wrong)


def test_a_speed_of_nothing_has_no_price():
    with pytest.raises(ValueError, match="above zero"):
        per_mtok(BOUGHT, Speeds(0, 50))


def test_a_speed_that_memory_cannot_deliver_is_impossible():
    # 936 GB/s over weights of 8 GB: at most 117 tokens a second for one stream, 468 for four.
    eight, rtx_3090 = 8 * 10**9, 936 * 10**9
    assert is_possible(117, eight, rtx_3090)
    assert not is_possible(Fraction(1171, 10), eight, rtx_3090)
    assert is_possible(468, eight, rtx_3090, batch=4)
    assert not is_possible(469, eight, rtx_3090, batch=4)
    assert not is_possible(-1, eight, rtx_3090)
    with pytest.raises(ValueError, match="above zero"):
        is_possible(10, 0, rtx_3090)


def test_where_nothing_meters_prefill_takes_all_of_the_tdp_and_decode_four_fifths():
    assert modelled_watts(350) == (350, 280)


def test_costs_add_up_and_name_each_source_once():
    one, two = LocalCost(Money(1), Money(5), 10, "a"), LocalCost(Money(2), Money(7), 20, "b")
    assert LocalCost.total([one, two, one]) == LocalCost(Money(4), Money(17), 40, "a\nb")
    assert LocalCost.total([]) is None
    with pytest.raises(ValueError, match="not a cost"):
        LocalCost(Money(2), Money(1), 0, "")


def test_the_provenance_names_meter_clock_and_what_was_assumed():
    machine = replace(BOUGHT, power="modelled from 350 W (RTX 3090)", assumed=("3 years", "$0.18/kWh"))
    assert machine.provenance == "modelled from 350 W (RTX 3090); assumed: 3 years, $0.18/kWh"
    told = cost(machine, Work(1, 1, 1, "the server"), Metered(1, 1, "NVML energy counter")).provenance
    assert told == "NVML energy counter, timed by the server; assumed: 3 years, $0.18/kWh"


def test_joules_are_written_exactly():
    assert [joules(count) for count in (0, 7, 245_007)] == ["0.000", "0.007", "245.007"]
