"""A machine whose clocks are set, that sleeps, and that travels, around the whole of bursar (FAULTS.md F17)."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.kit.bursar import Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.fake_clock import IS_THERE, WHY_NOT, FakeClock
from tests.kit.raw import ask, eventually, message
from tests.kit.scripted import Line, Scripted

pytestmark = pytest.mark.skipif(not IS_THERE, reason=WHY_NOT)

HOUR, DAY = 3600, 24 * 3600


@pytest.fixture
def clock(tmp_path: Path) -> FakeClock:
    """The clocks of a machine, at a noon: no midnight comes in between."""
    clock = FakeClock(tmp_path)
    put(clock, datetime(2026, 11, 20, 12, tzinfo=UTC))
    return clock


@pytest.fixture
def bursar(tmp_path: Path, fake: FakeClaude, clock: FakeClock) -> Iterator[Bursar]:
    """A bursar that may spend 4 cents a day."""
    with Bursar(tmp_path / "home", fake.url, desktop=clock.environ, budget="0.04", cutoff="0.04", queue_wait_s=0) as it:
        yield it


def put(clock: FakeClock, at: datetime) -> None:
    """Set the wall clock to a moment."""
    clock.step(round(at.timestamp() - datetime.now(UTC).timestamp()) - clock.wall_s)


def status(bursar: Bursar) -> tuple[str, bool]:
    """Tell the budget day, and whether the clock is believed."""
    found = bursar.status()
    return found["day"], not found["clock_held_back"]


def spend_all(bursar: Bursar) -> int:
    """Ask until nothing fits any more; gives how many answers came."""
    for number in range(20):
        answer = ask(bursar.url, message("[[out:1000]]"))
        if answer.status == 402:
            return number
    raise AssertionError("nothing was refused")


def has_no_more(bursar: Bursar) -> bool:
    """Tell whether a request is refused for the cutoff."""
    return ask(bursar.url, message("[[out:1000]]")).status == 402


def test_f17_no_step_of_the_clock_brings_an_allowance_twice(bursar: Bursar, clock: FakeClock, fake: FakeClaude) -> None:
    assert spend_all(bursar) == 3
    clock.step(-DAY)
    assert has_no_more(bursar)
    assert status(bursar) == ("2026-11-20", True)
    clock.step(DAY)
    assert has_no_more(bursar)
    clock.step(DAY)  # Ahead of the true one.
    assert spend_all(bursar) == 3
    clock.step(-DAY)
    assert has_no_more(bursar)
    assert status(bursar) == ("2026-11-21", True)
    clock.step(3 * DAY)
    assert has_no_more(bursar)
    assert status(bursar) == ("2026-11-21", False)
    bursar.kill()
    bursar.start()
    assert has_no_more(bursar)
    bursar.api("/api/confirm-day", {})
    assert spend_all(bursar) == 3
    assert status(bursar) == ("2026-11-23", True)
    bursar.settled()
    assert sum(entry.charged for entry in bursar.entries()) == fake.bill()["picos"]
    told = [(alert["day"], alert["title"]) for alert in bursar.api("/api/alerts")["alerts"]]
    assert len(told) == len(set(told))
    assert len({day for day, _ in told}) == 3


def test_f17_a_night_asleep_brings_one_new_day_and_no_request_meets_a_connection_of_before(
    tmp_path: Path, clock: FakeClock
) -> None:
    body = b'{"type":"message","model":"claude-sonnet-5-5","content":[],"usage":{"input_tokens":9,"output_tokens":5}}'

    def answer(line: Line) -> None:
        while line.request:
            line.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
            line.send(b"content-length: %d\r\n\r\n%b" % (len(body), body))
            line.request = b""
            line.read_request()

    put(clock, datetime(2026, 11, 20, 22, tzinfo=UTC))
    with (
        Scripted(answer) as cloud,
        Bursar(tmp_path / "home", f"http://127.0.0.1:{cloud.port}", desktop=clock.environ) as bursar,
    ):
        for _ in range(2):
            assert ask(bursar.url, message("hello")).status == 200
        assert cloud.connections == 1
        clock.sleep(8 * HOUR)
        assert ask(bursar.url, message("hello")).status == 200
        assert cloud.connections == 2
        assert status(bursar) == ("2026-11-21", True)
        bursar.settled()
        assert {entry.outcome for entry in bursar.entries()} == {"complete"}


@pytest.mark.prove
def test_f17_a_journey_east_and_back_brings_no_second_day(bursar: Bursar, clock: FakeClock) -> None:
    assert spend_all(bursar) == 3
    move(bursar, "Pacific/Kiritimati")
    assert status(bursar) == ("2026-11-21", True)
    assert spend_all(bursar) == 3
    move(bursar, "Pacific/Pago_Pago")
    assert has_no_more(bursar)
    assert status(bursar) == ("2026-11-21", True)


@pytest.mark.prove
def test_f17_the_day_of_25_hours_is_one_day(tmp_path: Path, fake: FakeClaude, clock: FakeClock) -> None:
    put(clock, datetime(2026, 10, 24, 22, 5, tzinfo=UTC))  # 00:05 in Berlin.
    limits = {"budget": "0.04", "cutoff": "0.04", "queue_wait_s": 0, "zone": "Europe/Berlin"}
    with Bursar(tmp_path / "home", fake.url, desktop=clock.environ, **limits) as bursar:
        assert spend_all(bursar) == 3
        assert datetime.fromisoformat(bursar.status()["resets_at"]) == datetime(2026, 10, 25, 23, tzinfo=UTC)
        clock.sleep(24 * HOUR + 30 * 60)  # 23:35, after an hour that came twice.
        assert has_no_more(bursar)
        assert status(bursar) == ("2026-10-25", True)
        clock.sleep(HOUR)
        assert spend_all(bursar) == 3
        assert status(bursar) == ("2026-10-26", True)


def move(bursar: Bursar, zone: str) -> None:
    """Have a person write another zone into the config file."""
    config = bursar.home / "config.toml"
    config.write_text(re.sub('zone = "[^"]*"', f'zone = "{zone}"', config.read_text("utf-8")), "utf-8")
    bursar.api("/api/reload", {})
    eventually(lambda: bursar.status()["zone"] == zone)
