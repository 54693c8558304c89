"""Every way in which a request to Claude can go wrong on its way, and what is charged for it (FAULTS.md)."""

import pytest

from budget.ledger import Outcome
from pricing.money import ZERO, Money
from tests.kit.raw import Client, Truncated, ask, message, post, unchunked
from tests.kit.scripted import eventually

STREAM = {"stream": True}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 429, 500, 503, 529])
def test_errors_of_the_api_cross_unchanged_and_cost_nothing(start, fake, status):
    proxy = start()
    fake.next(f"status={status} retry-after=3 should-retry=false")
    answer = ask(proxy.url, message("hello", **STREAM))
    (seen,) = fake.requests()
    assert answer.status == status
    assert answer.body in unchunked(seen.answer)
    assert (answer.headers["retry-after"], answer.headers["x-should-retry"]) == ("3", "false")
    assert "request-id" in answer.headers
    (entry,) = proxy.entries(1)
    assert (entry.outcome, entry.charged, entry.status) == (Outcome.voided, ZERO, status)


@pytest.mark.parametrize(
    "fault",
    [
        "cut=10", "cut=300", "cut=700", "cut-event=2", "cut-event=4 how=rst", "cut-event=3 how=clean",
        "no-stop no-delta", "no-delta cut-event=5", "error-event=3", "gzip-cut",
    ],
)  # fmt: skip
def test_a_stream_that_breaks_never_ends_cleanly_and_is_never_underbilled(start, fake, fault):
    proxy = start()
    fake.next(fault)
    answer = _ask_to_the_end(proxy.url, message("[[text:one two three four five six seven eight]]", **STREAM))
    assert b"message_stop" not in answer
    assert b"error" in answer or not answer.endswith(b"0\r\n\r\n")
    (entry,) = proxy.entries(1)
    assert entry.charged >= Money(fake.bill()["picos"])
    assert entry.charged > ZERO


@pytest.mark.parametrize("fault", ["drop", "reset"])
def test_silence_after_the_request_is_charged_as_held(start, fake, fault):
    proxy = start()
    fake.next(fault)
    answer = ask(proxy.url, message("hello", **STREAM))
    assert answer.status == 502
    assert "anthropic" in answer.error["message"]
    (entry,) = proxy.entries(1)
    assert (entry.outcome, entry.charged) == (Outcome.unknown, entry.held)
    assert entry.likely < entry.charged


@pytest.mark.parametrize(
    "fault",
    [
        "usage=none", 'usage={"output_tokens":-5}', 'usage={"output_tokens":1.5}', 'usage={"output_tokens":"12"}',
        'usage={"input_tokens":9223372036854775808}', 'usage={"input_tokens":null}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("stream", [True, False])
def test_counts_that_cannot_be_are_charged_as_held_and_flagged(start, fake, fault, stream):
    proxy = start()
    fake.next(fault)
    assert ask(proxy.url, message("hello", stream=stream)).status == 200
    (entry,) = proxy.entries(1)
    assert (entry.outcome, entry.charged) == (Outcome.flagged, entry.held)
    assert ZERO < entry.likely <= entry.charged


@pytest.mark.parametrize("fault", ["garbage", "no-stop garbage"])
def test_garbage_among_the_events_does_not_make_an_end_of_what_has_none(start, fake, fault):
    proxy = start()
    fake.next(fault.replace("garbage", "delta-usage=none garbage"))
    answer = _ask_to_the_end(proxy.url, message("[[text:one two three]]", **STREAM))
    assert answer.endswith(b"0\r\n\r\n") == ("no-stop" not in fault)
    (entry,) = proxy.entries(1)
    assert (entry.outcome, entry.charged) == (Outcome.flagged, entry.held)


@pytest.mark.parametrize("count", ['"many"', '"7"', "[7]", "{}", "1e999", "NaN", "true", "-7"])
@pytest.mark.parametrize("stream", [True, False])
def test_a_count_that_cannot_be_costs_no_answer_its_end_and_nothing_is_learned_of_it(start, fake, count, stream):
    proxy = start()
    fake.next(f'usage={{"input_tokens":{count}}}')
    assert ask(proxy.url, message("Say hello.", stream=stream)).status == 200
    (entry,) = proxy.entries(1)
    assert (entry.outcome, entry.charged) == (Outcome.flagged, entry.held)
    assert not proxy.services.anchors._kept


@pytest.mark.parametrize(
    "fault",
    [
        "bytes=1",
        "cr",
        "crlf",
        "bom",
        "comments",
        "unknown-event",
        "big-line=200000",
        "gzip",
        "until-close",
        "length",
        "trailers",
        "early",
        "garbage",
        "bad-chunk",
    ],
)
def test_odd_but_whole_streams_cross_unchanged_and_are_billed_exactly(start, fake, fault):
    proxy = start()
    fake.next(fault)
    answer = ask(proxy.url, message("[[text:Grüße, 世界]]", **STREAM), accept_encoding="gzip")
    (seen,) = fake.requests()
    assert answer.status == 200
    assert answer.body in unchunked(seen.answer) or answer.body in seen.answer
    (entry,) = proxy.entries(1)
    assert entry.charged == Money(fake.bill()["picos"])


def test_a_redirect_is_not_followed_and_no_credential_leaves(start, fake):
    proxy = start()
    fake.next("redirect=http://127.0.0.1:9/")
    answer = ask(proxy.url, message("hello"))
    assert answer.status == 502
    assert "redirect" in answer.error["message"]
    assert proxy.entries(1)[0].charged == ZERO


def test_an_upstream_that_is_not_there_costs_nothing(start):
    proxy = start(cloud="http://127.0.0.1:9")
    answer = ask(proxy.url, message("hello", **STREAM))
    assert (answer.status, answer.error["type"]) == (502, "api_error")
    assert "cannot reach anthropic" in answer.error["message"]
    assert proxy.entries(1)[0].outcome is Outcome.voided


@pytest.mark.parametrize("when", ["before the answer", "in the stream"])
def test_an_agent_that_leaves_closes_the_upstream_and_is_charged_what_it_may_have_cost(start, fake, when):
    proxy = start()
    text = "[[ttft:3000]]" if when == "before the answer" else "[[long:500:20]]"
    with Client(proxy.url) as client:
        client.send(post(proxy.url, message(text, **STREAM)))
        if when == "in the stream":
            client.until(b"content_block_delta")
        else:
            assert eventually(lambda: bool(fake.requests()))
    fake.wait_until(lambda f: f.requests()[0].end == "client left")
    (entry,) = proxy.entries(1)
    assert entry.outcome is Outcome.client_left
    assert Money(fake.bill()["picos"]) <= entry.charged <= entry.held


def _ask_to_the_end(url, body):
    try:
        return ask(url, body).wire
    except Truncated as broken:
        return broken.wire
