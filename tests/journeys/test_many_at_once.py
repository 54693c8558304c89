"""Many agents, slow agents and big answers: each gets its own, and nobody pays for another's trouble."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.bench import process
from tests.journeys.conftest import StartBursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import Client, ask, message, post


def test_two_hundred_and_fifty_six_streams_at_once_are_all_complete_and_paid(
    start: StartBursar, fake: FakeClaude
) -> None:
    bursar = start(budget="1000.00")
    with ThreadPoolExecutor(256) as pool:
        body = message("[[long:40:20]]", stream=True)
        answers = list(pool.map(lambda _: ask(bursar.url, body), range(256)))
    assert {answer.text for answer in answers} == {"word" * 40}
    bursar.settled()
    billed = {line["request_id"]: line["picos"] for line in fake.bill()["lines"]}
    assert {entry.upstream_id: entry.charged for entry in bursar.entries()} == billed
    assert len(billed) == 256


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process from /proc")
def test_a_client_that_never_reads_costs_no_memory_and_slows_nobody(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start()
    ask(bursar.url, message("[[text:warm]]"))
    before = process.rss_mb(bursar.pid)
    with Client(bursar.url) as idle:
        idle.send(post(bursar.url, message("[[fault:big-line=80000000]]", stream=True)))
        for number in range(40):
            assert ask(bursar.url, message(f"[[text:quick {number}]]")).text == f"quick {number}"
            time.sleep(0.02)
        assert process.rss_mb(bursar.pid) - before < 40


def test_asked_to_end_with_twenty_streams_it_lets_them_finish(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start()
    with ThreadPoolExecutor(20) as pool:
        streams = [pool.submit(ask, bursar.url, message("[[long:50:20]]", stream=True)) for _ in range(20)]
        fake.wait_until(lambda it: len(it.bill()["lines"]) == 20)
        assert bursar.stop() == 0
        assert {stream.result().text for stream in streams} == {"word" * 50}
    assert sum(entry.charged for entry in bursar.entries()) == fake.bill()["picos"]
    assert {entry.outcome for entry in bursar.entries()} == {"complete"}


def test_control_answers_while_every_agent_streams(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start(budget="1000.00")
    with ThreadPoolExecutor(128) as pool:
        body = message("[[long:60:20]]", stream=True)
        streams = [pool.submit(ask, bursar.url, body) for _ in range(128)]
        fake.wait_until(lambda it: len(it.bill()["lines"]) == 128, 20)
        assert bursar.status()["open_holds"] > 0
        assert all(stream.result().text for stream in streams)
