"""The power meter: given up where it is slow, looked for again, sampled only while something runs."""

import threading

from pricing.power import Found
from proxy.localcost import LocalCosts
from proxy.powermeter import FAR_TOO_SLOW_S, LOOK_AGAIN_ASLEEP_S, LOOK_AGAIN_S, SLOW_READINGS, SLOW_S, Meter
from tests.kit.metered import FIGURES, HERE, Bench, Clock, FakeReader, spent


def test_a_meter_that_keeps_requests_waiting_is_given_up_and_looked_for_again_later():
    bench = Bench()
    bench.reader.takes_s = SLOW_S * 2
    for _ in range(SLOW_READINGS):
        bench.meter.read()
    assert bench.meter.read() is None
    assert bench.meter.source == ""
    assert bench.meter.found.why[-1] == "a meter: too slow (16 ms)"
    asked = bench.reader.readings
    bench.meter.look_aside()
    assert bench.reader.readings == asked
    bench.clock.seconds += LOOK_AGAIN_S
    bench.reader.takes_s = 0.0
    bench.meter.look()
    assert bench.meter.source == "a meter"


def test_one_reading_that_takes_far_too_long_is_enough():
    bench = Bench()
    bench.reader.takes_s = FAR_TOO_SLOW_S * 2
    bench.meter.read()
    assert bench.meter.read() is None


def test_a_meter_that_only_knows_watts_is_sampled_while_something_runs_and_no_longer():
    bench = Bench()
    bench.reader.is_counter = False
    asked_often = threading.Event()
    count = bench.reader.millijoules

    def counting() -> int | None:
        if bench.reader.readings > 4:
            asked_often.set()
        return count()

    bench.reader.millijoules = counting  # type: ignore[method-assign]
    request = bench.costs.begin(HERE)
    assert asked_often.wait(10)
    request.end(None, 1_000)
    sampling = [thread for thread in threading.enumerate() if thread.name == "power samples"]
    for thread in sampling:
        thread.join(10)
    assert not any(thread.is_alive() for thread in sampling)


def test_the_meter_of_a_bench_counts_joules_over_a_stretch():
    bench = Bench()
    since = bench.meter.begin()
    bench.run(1, joules=12)
    assert bench.meter.joules(since) == 12.0
    assert bench.meter.joules("nothing") is None
    unmetered = Bench(metered=False).meter
    assert unmetered.joules(unmetered.begin()) is None


def test_a_chip_that_slept_is_looked_for_again_soon_and_a_missing_one_later():
    clock, looks = Clock(), list[float]()

    def asleep_then_missing() -> Found:
        looks.append(clock.seconds)
        return Found(is_asleep=len(looks) == 1)

    meter = Meter(asleep_then_missing, clock)
    for _ in range(40):
        meter.look_aside()
        for thread in threading.enumerate():
            if thread.name == "power meter":
                thread.join(10)
        clock.seconds += 10
    assert [seconds - 1000 for seconds in looks] == [0, LOOK_AGAIN_ASLEEP_S, LOOK_AGAIN_ASLEEP_S + LOOK_AGAIN_S]


def test_a_request_does_not_wait_for_a_driver_that_starts():
    clock, started, may_end = Clock(), threading.Event(), threading.Event()

    def slowly() -> Found:
        started.set()
        may_end.wait(10)
        return Found(FakeReader(clock))

    meter = Meter(slowly, clock)
    costs = LocalCosts(FIGURES, meter, clock)
    found = spent(costs.begin(HERE).end(None, 1_000))
    assert found.provenance.startswith("set watts")
    assert started.wait(10)
    may_end.set()
    for thread in threading.enumerate():
        if thread.name == "power meter":
            thread.join(10)
    assert spent(costs.begin(HERE).end(None, 1_000)).provenance.startswith("a meter")
