"""Faults of Claude's side that no other test plays through the whole proxy (FAULTS.md F01, F02, F04–F08)."""

import gzip
import json
import zlib

import pytest

from budget.ledger import Outcome
from pricing.money import ZERO, Money
from proxy.meter import Reading
from proxy.relay import Relay
from proxy.wire.answer import Ending, Patience
from tests.faults.conftest import Start
from tests.faults.stream import COST, stream
from tests.kit.balance import balanced
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import Client, Truncated, ask, message
from tests.kit.scripted import Line, Scripted

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n%b\r\n"


def says(body: bytes, *headers: bytes) -> Scripted:
    """Make an upstream that answers every request with this body."""
    head = HEAD % (len(body), b"".join(header + b"\r\n" for header in headers))

    def answer(line: Line) -> None:
        line.send(head + body)
        while line.read_request():
            line.send(head + body)

    return Scripted(answer)


def test_f01_a_name_that_nobody_knows_is_told_and_costs_nothing(start: Start) -> None:
    proxy = start(cloud="http://no-such-host.invalid")
    answer = ask(proxy.url, message("hello", stream=True))
    assert (answer.status, answer.error["type"]) == (502, "api_error")
    assert "cannot reach anthropic" in answer.error["message"]
    (entry,) = balanced(proxy, entries=1)
    assert (entry.outcome, entry.charged) == (Outcome.voided, ZERO)


def test_f02_an_upstream_that_never_answers_is_a_timeout_in_the_caller_s_dialect() -> None:
    seen: list[Reading] = []
    relay = Relay("anthropic", [], lambda _, reading: seen.append(reading))
    relay.open()
    told = relay.finish(Ending.unanswered, "nothing came for 600 s").whole
    assert told is not None
    assert (told.status, json.loads(told.body)["error"]["type"]) == (504, "timeout_error")
    assert (Patience().head_s, Patience().idle_s) == (600, 120)
    assert len(seen) == 1  # Settled once.


def test_f04_a_line_of_ten_megabytes_crosses_and_the_answer_is_billed(start: Start, fake: FakeClaude) -> None:
    proxy = start()
    fake.next("big-line=10000000")
    answer = ask(proxy.url, message("[[text:hello]]", stream=True))
    assert answer.body.count(b"x" * 10_000_000) == 1
    assert b"event: message_stop" in answer.body[-100:]
    balanced(proxy, fake, 1)


@pytest.mark.parametrize("usage", ['{"output_tokens":0}', '{"input_tokens":1}', '{"output_tokens":3,"input_tokens":0}'])
def test_f05_counts_that_decrease_are_charged_no_less_than_was_said_before(
    start: Start, fake: FakeClaude, usage: str
) -> None:
    proxy = start()
    fake.next(f"start-usage={json.dumps({'output_tokens': 40}).replace(' ', '')} delta-usage={usage}")
    assert ask(proxy.url, message("[[out:40]]", stream=True)).status == 200
    (entry,) = balanced(proxy, entries=1)
    assert entry.charged >= Money(fake.bill()["picos"])


def test_f07_a_redirect_leads_no_byte_to_the_other_host(start: Start, fake: FakeClaude) -> None:
    with Scripted(lambda line: None) as elsewhere:
        proxy = start()
        for status in (True, False):
            fake.next(f"redirect=http://127.0.0.1:{elsewhere.port}/v1/messages")
            assert ask(proxy.url, message("hello", stream=status)).status == 502
        assert elsewhere.connections == 0
    assert {entry.charged for entry in balanced(proxy, fake, 2)} == {ZERO}


PACKED = {
    "gzip": (gzip.compress(stream()), b"gzip"),
    "x-gzip": (gzip.compress(stream()), b"x-gzip"),
    "deflate": (zlib.compress(stream()), b"deflate"),
    "gzip in two members": (gzip.compress(stream()[:300]) + gzip.compress(stream()[300:]), b"gzip"),
    "identity": (stream(), b"identity"),
}


@pytest.mark.parametrize("kind", PACKED)
def test_f08_what_can_be_unpacked_crosses_unchanged_and_is_billed_exactly(start: Start, kind: str) -> None:
    body, coding = PACKED[kind]
    with says(body, b"Content-Encoding: " + coding) as cloud:
        proxy = start(cloud=f"http://127.0.0.1:{cloud.port}")
        answer = ask(proxy.url, message("hello", stream=True), accept_encoding="gzip, deflate")
        assert (answer.status, answer.body) == (200, body)
        (entry,) = balanced(proxy, entries=1)
    assert (entry.outcome, entry.charged) == (Outcome.complete, COST)


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br"])
def test_f08_what_cannot_be_unpacked_crosses_untouched_and_is_charged_as_held(start: Start, coding: str) -> None:
    body = b"\x8b\x01\x80whatever it says\x03" * 20
    with says(body, b"Content-Encoding: " + coding.encode()) as cloud:
        proxy = start(cloud=f"http://127.0.0.1:{cloud.port}")
        answer = ask(proxy.url, message("hello", stream=True))
        assert (answer.status, answer.body, answer.headers["content-encoding"]) == (200, body, coding)
        (entry,) = balanced(proxy, entries=1)
    assert (entry.outcome, entry.charged) == (Outcome.flagged, entry.held)


@pytest.mark.parametrize("is_stream", [True, False])
def test_f08_an_answer_that_explodes_when_unpacked_is_charged_as_held(
    start: Start, fake: FakeClaude, is_stream: bool
) -> None:
    proxy = start()
    fake.next("bomb=100000000")
    with Client(proxy.url) as client:
        try:
            wire = client.ask(message("hello", stream=is_stream), accept_encoding="gzip").wire
        except Truncated as broken:
            wire = broken.wire
    assert len(wire) < 1_000_000
    (entry,) = balanced(proxy, fake, 1)
    assert (entry.outcome, entry.charged) == (Outcome.flagged, entry.held)
