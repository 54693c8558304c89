"""Faults of Claude's side that no other test plays through the whole proxy (FAULTS.md F01, F02, F04–F08)."""

import gzip
import json
import zlib
from contextlib import suppress

import pytest

from budget.ledger import Outcome
from pricing.money import ZERO, Money
from proxy.meter import Reading
from proxy.relay import Relay
from proxy.wire.answer import Ending, Patience
from tests.faults.conftest import Start
from tests.faults.cuts import reset
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


CHAT = "/v1/chat/completions"
DIALECTS = [("/v1/messages", True), ("/v1/messages", False), (CHAT, True), (CHAT, False)]


@pytest.mark.parametrize(("path", "stream"), DIALECTS)
@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "https://127.0.0.1:9"])
def test_f01_what_cannot_be_reached_is_a_502_in_each_caller_s_dialect_and_costs_nothing(
    start: Start, url: str, path: str, stream: bool
) -> None:
    proxy = start(cloud=url)
    answer = ask(proxy.url, message("hello", stream=stream), path)
    assert answer.status == 502
    assert answer.error["type"] == "api_error"
    assert ("type" in answer.json) is (path != CHAT)  # As each dialect's own errors have it.
    assert "cannot reach anthropic" in answer.error["message"]
    (entry,) = balanced(proxy, entries=1)
    assert (entry.outcome, entry.charged) == (Outcome.voided, ZERO)


def test_f01_to_a_server_without_tls_no_word_is_said(start: Start) -> None:
    heard: list[bytes] = []

    class Plain(Scripted):
        def _serve(self, line: Line) -> None:
            heard.append(line.peer.recv(65536))
            with suppress(OSError):
                line.send(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
            line.close()

    with Plain(lambda line: None) as plain:
        proxy = start(cloud=f"https://127.0.0.1:{plain.port}")
        assert ask(proxy.url, message("a secret")).status == 502
        (entry,) = balanced(proxy, entries=1)
    assert [said[:2] for said in heard] == [b"\x16\x03"]  # A hello of TLS, once, and nothing after it.
    assert (entry.outcome, entry.charged) == (Outcome.voided, ZERO)


@pytest.mark.parametrize("is_reset", [True, False])
@pytest.mark.parametrize("is_reused", [True, False])
def test_f02_f03_a_request_that_may_have_been_billed_is_sent_once(
    start: Start, is_reused: bool, is_reset: bool
) -> None:
    """Also where it went over a connection that was open already: that nothing of it was read nobody can prove."""
    body = b'{"type":"message","model":"claude-sonnet-5-5","content":[],"usage":{"input_tokens":9,"output_tokens":5}}'

    def answer(line: Line) -> None:
        if is_reused:
            line.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
            line.send(b"content-length: %d\r\n\r\n%b" % (len(body), body))
            line.read_request()
        if is_reset:
            reset(line.peer)

    with Scripted(answer) as cloud:
        proxy = start(cloud=f"http://127.0.0.1:{cloud.port}")
        if is_reused:
            assert ask(proxy.url, message("hello")).status == 200
        assert ask(proxy.url, message("hello")).status == 502
        entry = balanced(proxy, entries=1 + is_reused)[-1]
        assert len(cloud.requests) == 1 + is_reused
    assert entry.outcome is Outcome.unknown
    assert entry.charged == entry.held


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
