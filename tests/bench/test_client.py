"""The load and the upstream of the measurements, one before the other."""

import pytest

from tests.bench import client
from tests.bench.asked import asked
from tests.bench.programs import Program, upstream
from tests.bench.scenarios import Around, left
from tests.kit.raw import eventually


@pytest.fixture(scope="module")
def base():
    with upstream() as (url, _):
        yield url


def test_streams_come_whole_and_each_event_is_timed(base):
    found = client.at_once(client.Door(base), asked("n=5 delay=2 size=30", stream=True), 8, 20, 0.05)
    assert [(timed.ok, len(timed.lags)) for timed in found] == [(True, 5)] * 8
    assert all(0 < timed.start <= timed.arrived <= timed.sent <= timed.first <= timed.end for timed in found)
    assert all(lag >= 0 for timed in found for lag in timed.lags)


def test_requests_follow_one_another_on_their_connections(base):
    bodies = [asked("n=1 size=400", stream=False), asked("n=1", stream=False, size=200_000)]
    found = client.closed_loop(client.Door(base), bodies, 3, 0.2)
    assert len(found) >= 3
    assert all(timed.ok and len(timed.lags) == 1 and timed.added_ms >= 0 for timed in found)


@pytest.mark.parametrize("kind", ["active", "silent", "waiting"])
def test_a_client_that_leaves_is_noticed_where_nothing_is_between(base, kind):
    row = left(Program("direct", base), Around(base, 0, 0.1), kind)
    assert 0 <= row[f"client left while {kind}"] < 5


def test_a_stream_that_ends_is_nobody_who_left(base):
    client.at_once(client.Door(base), asked("n=2 id=stays", stream=True), 1, 20, 0)
    client.left(client.Door(base), [asked("n=500 delay=20 id=goes", stream=True)], 0.1)
    eventually(lambda: "goes" in client.gone(base))
    assert "stays" not in client.gone(base)
