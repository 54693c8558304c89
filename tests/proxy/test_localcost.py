"""What each local request costs: shares of what ran at once, whose clock is believed, and that nothing ever raises."""

import gc
import threading
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.assumed import Figures
from pricing.money import Money
from proxy.localcost import LocalCosts, Metering, Split, machine_name
from proxy.translate.usage import Speed
from tests.kit.metered import FIGURES, HERE, LAN, Bench, speed, spent


def test_a_metered_request_pays_for_its_joules_above_idle_and_its_time():
    bench = Bench()
    request = bench.costs.begin(HERE)
    bench.run(10, joules=2_500)
    found = spent(request.end(speed(2, 8), 10_000))
    assert found.joules_milli == 2_500_000
    # 2,500 J less 10 s · 50 W = 2,000 J = 1/1800 kWh · $0.36 = $0.0002
    assert found.marginal == Money.usd("0.0002")
    # and 10 s of $0.20 an hour: $0.000555555…
    assert found.full == Money.usd("0.000755555556")
    assert found.provenance == "a meter, timed by the server"


def test_without_a_meter_the_watts_of_the_settings_are_taken_and_that_is_said():
    bench = Bench(metered=False)
    request = bench.costs.begin(HERE)
    bench.clock.seconds += 10
    found = spent(request.end(speed(2, 8), 10_000))
    # 2 s · 400 W + 8 s · 300 W = 3,200 J, above idle 2,700 J = 0.00075 kWh · $0.36 = $0.00027
    assert found.joules_milli == 3_200_000
    assert found.marginal == Money.usd("0.00027")
    assert found.provenance == "set watts, timed by the server"


def test_two_at_once_share_time_and_joules_by_what_overlapped():
    bench = Bench()
    first = bench.costs.begin(HERE)
    bench.run(10, joules=1_000)
    second = bench.costs.begin(HERE)
    bench.run(10, joules=4_000)
    a = spent(first.end(speed(0, 20), 20_000))
    bench.run(5, joules=500)
    b = spent(second.end(speed(0, 15), 15_000))
    # The first had 1,000 J alone and half of 4,000 J; the second the other half and 500 J alone.
    assert (a.joules_milli, b.joules_milli) == (3_000_000, 2_500_000)
    # Their own time: 10 + 10/2 = 15 s, and 10/2 + 5 = 10 s; together all 25 s: 25 / 3600 · $0.20 = $0.0013888…
    # Above idle: 3,000 − 15 · 50 = 2,250 J = $0.000225, and 2,500 − 10 · 50 = 2,000 J = $0.0002
    assert (a.marginal, b.marginal) == (Money.usd("0.000225"), Money.usd("0.0002"))
    assert (a.full - a.marginal, b.full - b.marginal) == (Money.usd("0.000833333334"), Money.usd("0.000555555556"))


def test_what_flows_while_nothing_runs_is_nobodys():
    bench = Bench()
    bench.costs.begin(HERE).end(None, 0)
    bench.run(3600, joules=100_000)
    request = bench.costs.begin(HERE)
    bench.run(1, joules=300)
    assert spent(request.end(None, 1_000)).joules_milli == 300_000


def test_without_the_servers_times_our_own_clock_counts_and_all_of_it_as_prefill():
    bench = Bench(metered=False)
    request = bench.costs.begin(HERE)
    bench.clock.seconds += 5
    found = spent(request.end(None, 5_000))
    assert found.joules_milli == 2_000_000  # 5 s · 400 W
    assert found.provenance == "set watts, timed by our clock"


@pytest.mark.parametrize(
    "impossible",
    [speed(60, 1), speed(-1, 2), speed(float("inf"), 1), speed(1, float("nan"))],
    ids=["longer than it took", "negative", "infinite", "no number"],
)
def test_times_that_cannot_be_are_not_believed(impossible: Speed):
    bench = Bench(metered=False)
    request = bench.costs.begin(HERE)
    bench.clock.seconds += 5
    found = spent(request.end(impossible, 5_000))
    assert found.joules_milli == 2_000_000
    assert "timed by our clock" in found.provenance


def test_a_server_on_another_machine_is_modelled_and_this_machines_meter_left_alone():
    bench = Bench()
    readings = bench.reader.readings
    request = bench.costs.begin(LAN)
    bench.run(10, joules=9_999)
    found = spent(request.end(speed(2, 8), 10_000))
    assert found.joules_milli == 3_200_000
    assert found.provenance == "a server on another machine, set watts, timed by the server"
    assert bench.reader.readings == readings


def test_requests_on_two_machines_do_not_share():
    bench = Bench(metered=False)
    here, there = bench.costs.begin(HERE), bench.costs.begin(LAN)
    bench.clock.seconds += 10
    assert spent(here.end(speed(2, 8), 10_000)).joules_milli == 3_200_000
    assert spent(there.end(speed(2, 8), 10_000)).joules_milli == 3_200_000


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("", ""),
        ("http://127.0.0.1:8080", ""),
        ("http://127.3.2.1:8080", ""),
        ("http://localhost:11434/v1", ""),
        ("http://[::1]:1234", ""),
        ("http://192.168.1.20:8080", "192.168.1.20"),
        ("https://gpu-box.lan", "gpu-box.lan"),
        ("http://localhost.example.com", "localhost.example.com"),
    ],
)
def test_only_an_address_that_can_be_no_other_machine_is_this_one(url: str, name: str):
    assert machine_name(url) == name


def test_a_card_found_by_the_meter_brings_its_watts_and_what_is_assumed_is_told():
    bench = Bench(figures=Figures(), chips=("NVIDIA GeForce RTX 3090",))
    assert bench.costs.machine.watts_prefill == 350
    request = bench.costs.begin(HERE)
    bench.run(1, joules=350)
    told = spent(request.end(None, 1_000)).provenance
    assert told.startswith("a meter, timed by our clock; assumed: price $1,499 (launch price of RTX 3090), 3 years")
    facts = bench.costs.facts()
    assert (facts["meter"], facts["prefill_milliwatts"], facts["price_usd"]) == ("a meter", 350_000, "1499")


def test_a_person_names_the_chip_that_nobody_found():
    assert Bench(figures=Figures(gpu="RTX 4090"), metered=False).costs.machine.watts_prefill == 450


def test_a_meter_that_fails_in_between_makes_the_request_a_modelled_one():
    bench = Bench()
    request, other = bench.costs.begin(HERE), bench.costs.begin(HERE)
    bench.run(5, joules=100)
    bench.reader.count = None
    other.end(None, 5_000)
    bench.reader.count = 999_999_999
    found = spent(request.end(speed(0, 5), 5_000))
    assert found.provenance == "set watts, timed by the server"
    assert found.joules_milli == 750_000  # 5 s · 300 W, by its share of a half


def test_a_meter_that_goes_backwards_is_not_believed():
    bench = Bench()
    bench.reader.count = 1_000
    request = bench.costs.begin(HERE)
    bench.clock.seconds += 1
    bench.reader.count = 10
    assert spent(request.end(None, 1_000)).provenance.startswith("set watts")


def test_a_request_whose_end_nobody_told_takes_no_share_for_ever():
    bench = Bench()
    lost = bench.costs.begin(HERE)
    bench.run(1, joules=100)
    del lost
    gc.collect()
    request = bench.costs.begin(HERE)
    bench.run(10, joules=1_000)
    assert spent(request.end(None, 10_000)).joules_milli == 1_000_000


def test_ending_twice_counts_once():
    bench = Bench()
    request = bench.costs.begin(HERE)
    bench.run(1, joules=100)
    assert request.end(None, 1_000) is not None
    assert request.end(None, 1_000) is None
    assert bench.costs.spent["metered"].joules_milli == 100_000


def test_nothing_raises_whatever_breaks():
    bench = Bench(metered=False)

    def broken() -> float:
        raise RuntimeError("no clock today")

    # What can still be told, by the time that the relay took, is told.
    costs = LocalCosts(FIGURES, bench.meter, broken)
    assert spent(costs.begin(HERE).end(None, 1_000)).joules_milli == 400_000
    assert spent(bench.costs.begin("http://[not an address").end(None, 1_000)).joules_milli == 400_000
    # Figures that fit no machine cannot come from the settings; if they do, there is no cost, and no error.
    wrong = LocalCosts(Figures(watts_idle=Fraction(9), watts_prefill=Fraction(1)), bench.meter, bench.clock)
    assert wrong.begin(HERE).end(None, 1_000) is None


def test_what_was_spent_since_the_start_is_kept_apart_by_how_it_is_known():
    bench = Bench()
    request = bench.costs.begin(HERE)
    bench.run(10, joules=2_500)
    request.end(speed(2, 8), 10_000)
    far = bench.costs.begin(LAN)
    bench.clock.seconds += 10
    far.end(speed(2, 8), 10_000)
    assert {kind: cost.joules_milli for kind, cost in bench.costs.spent.items()} == {
        "metered": 2_500_000,
        "modelled": 3_200_000,
    }


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 64)), max_size=50))
def test_shares_never_add_up_to_more_than_there_was(parts):
    split, handed_out, there = Split(), 0, 0
    for amount, among in parts:
        before = split.each
        split.add(amount, among)
        handed_out += (split.each - before) * among
        there += amount
    assert there - 64 < handed_out <= there


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_all_requests_together_pay_for_all_that_flowed_while_one_ran(steps, chance):
    bench, running, paid, flowed = Bench(), list[Metering](), 0, 0
    for joules in steps:
        if running and chance.random() < 0.5:
            paid += spent(running.pop(chance.randrange(len(running))).end(None, 1_000)).joules_milli
        else:
            running.append(bench.costs.begin(HERE))
        if running:
            flowed += joules * 1000
        bench.run(1, joules)
    if running:
        paid += sum(spent(request.end(None, 1_000)).joules_milli for request in running)
    assert flowed - len(steps) ** 2 <= paid <= flowed


def test_many_threads_at_once_lose_nothing():
    bench = Bench()

    def serve() -> None:
        for _ in range(100):
            bench.costs.begin(HERE).end(None, 1)

    threads = [threading.Thread(target=serve) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = bench.costs.begin(HERE)
    bench.run(1, joules=7)
    assert spent(last.end(None, 1_000)).joules_milli == 7_000
