"""What an agent sends that cannot be right, or that nobody has a price for (FAULTS.md F12, F13, T01, T02, T05, T12)."""

import json
from typing import Any

import pytest

from budget.ledger import Outcome
from pricing.money import ZERO, Money
from tests.faults.conftest import Start
from tests.kit.balance import balanced
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import Client, ask, get, message, post, request
from tests.kit.scripted import Scripted

HELLO = '"messages":[{"role":"user","content":"hi"}]'
START = '{"model":"claude-sonnet-5-5","max_tokens":10,'

BODIES = {
    "nothing": "",
    "no JSON": "{",
    "a text": '"hello"',
    "the model twice": START + '"model":"claude-opus-5-5",' + HELLO + "}",
    "the limit twice": START + '"max_tokens":100000,' + HELLO + "}",
    "the limit twice, once by an escape": START + '"max\\u005ftokens":100000,' + HELLO + "}",
    "the limit in capitals": START + '"Max_Tokens":100000,' + HELLO + "}",
    "a hundred thousand levels": START + '"metadata":' + "[" * 100_000 + "]" * 100_000 + "," + HELLO + "}",
    "NaN": START + '"temperature":NaN,' + HELLO + "}",
    "Infinity": START + '"temperature":-Infinity,' + HELLO + "}",
    "half a surrogate": START + '"system":"\\ud83d",' + HELLO + "}",
    "a huge number": START.replace("10", "1" + "0" * 5000) + HELLO + "}",
    "a limit of a float": START.replace("10", "1e3") + HELLO + "}",
    "a NUL in a name": START.replace("claude-sonnet-5-5", "claude\\u0000") + HELLO + "}",
    "something after it": START + HELLO + "}{}",
    "a byte order mark": "\ufeff" + START + HELLO + "}",
}

REWRITTEN = ("/v1/chat/completions",)
"""What goes to Claude from here is written by us, so that a name that is nearly right goes nowhere."""


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens", *REWRITTEN])
def test_f12_what_cannot_be_read_with_certainty_is_a_400_without_a_hold(
    start: Start, fake: FakeClaude, path: str
) -> None:
    proxy = start()
    with Client(proxy.url) as client:
        for what, body in BODIES.items():
            if path in REWRITTEN and what == "the limit in capitals":
                continue
            answer = client.ask(body.encode(), path)
            assert answer.status == 400, (what, answer.body)
            assert answer.error["message"].startswith("bursar: "), what
            assert len(answer.body) < 500, what
    assert balanced(proxy, fake) == []
    assert fake.requests() == []


@pytest.mark.parametrize("fields", [{"speed": "ludicrous"}, {"service_tier": "priority"}, {"service_tier": "tomorrow"}])
def test_f13_what_has_no_price_is_held_at_no_less_than_the_usual(
    start: Start, fake: FakeClaude, fields: dict[str, Any]
) -> None:
    usual, odd = start(), start()
    ask(usual.url, message("hello"))
    ask(odd.url, message("hello", **fields))
    (plain,), (entry,) = usual.entries(1), odd.entries(1)
    assert entry.held >= plain.held
    assert entry.charged == ZERO or entry.charged >= plain.charged  # The API refuses what it does not know either.


def test_f13_a_model_that_nobody_knows_is_held_and_charged_at_the_highest_price(start: Start) -> None:
    usage = b'{"input_tokens":10,"output_tokens":5}'
    body = b'{"type":"message","model":"claude-tomorrow-9","content":[],"stop_reason":"end_turn","usage":%b}' % usage
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    with Scripted(lambda line: line.send(head + body)) as cloud:
        proxy = start(cloud=f"http://127.0.0.1:{cloud.port}")
        assert ask(proxy.url, message("hello", model="claude-tomorrow-9")).body == body
        (entry,) = balanced(proxy, entries=1)
    terms = proxy.services.prices().highest(proxy.now(), "claude-tomorrow-9")
    assert entry.charged >= Money(5 * terms.rates.output)
    assert entry.flags


@pytest.mark.parametrize(
    "kind", [{"type": "compaction"}, {"type": "advisor_message", "model": "claude-opus-5-5"}, {"type": "tomorrow"}]
)
def test_f13_an_iteration_of_a_kind_that_nobody_knows_is_never_free(start: Start, kind: dict[str, str]) -> None:
    many = {"input_tokens": 1000, "output_tokens": 500}
    usage = {"input_tokens": 10, "output_tokens": 5, "iterations": [{**kind, **many}]}
    said = {"type": "message", "model": "claude-sonnet-5-5", "content": [], "stop_reason": "end_turn", "usage": usage}
    body = json.dumps(said).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    with Scripted(lambda line: line.send(head + body)) as cloud:
        proxy = start(cloud=f"http://127.0.0.1:{cloud.port}")
        assert ask(proxy.url, message("hello")).status == 200
        (entry,) = balanced(proxy, entries=1)
    assert entry.charged >= Money(1000 * 2_000_000 + 500 * 10_000_000)


PATHS = [
    "/v1/complete", "/v1/messages/batches", "/v1/files", "/v1/messages/", "//v1/messages", "/v1/%6dessages",
    "/v1/messages/../messages", "/V1/messages", "/v1/organizations/cost_report", "/api/stop", "/..%2fconfig.toml",
]  # fmt: skip


def test_f13_any_other_path_is_refused_and_nothing_goes_upstream(start: Start, fake: FakeClaude) -> None:
    proxy = start()
    for path in PATHS:
        assert ask(proxy.url, message("hello"), path).status in (404, 405), path
        assert get(proxy.url, path).status in (404, 405), path
    assert (balanced(proxy, fake), fake.requests()) == ([], [])


FOREIGN = {
    "another host's name": {"host": "evil.example"},
    "a name that leads here": {"host": "bursar.evil.example:80"},
    "a page of another origin": {"origin": "https://evil.example"},
    "a page of no origin": {"origin": "null"},
    "a page of another port": {"origin": "http://127.0.0.1:1"},
    "a page of another site": {"sec_fetch_site": "cross-site"},
    "a page of the same site": {"sec_fetch_site": "same-site"},
    "a text": {"content_type": "text/plain"},
    "a form": {"content_type": "application/x-www-form-urlencoded"},
    "a form with a file": {"content_type": "multipart/form-data; boundary=x"},
    "a packed body": {"content_encoding": "gzip"},
}


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens", "/v1/chat/completions", "/nowhere"])
def test_t01_t02_what_a_web_page_can_send_gets_nowhere_on_any_path(start: Start, fake: FakeClaude, path: str) -> None:
    proxy = start()
    for what, headers in FOREIGN.items():
        with Client(proxy.url) as client:
            client.send(post(proxy.url, message("hello"), path, **headers))
            assert client.answer().status in (403, 415), what
    with Client(proxy.url) as client:
        client.send(request(proxy.url, "OPTIONS", path, origin="https://evil.example"))
        answer = client.answer()
    assert answer.status in (403, 405)
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert (balanced(proxy, fake), fake.requests()) == ([], [])


CHOOSING = ["x-forwarded-host", "forwarded", "x-original-url", "x-bursar-upstream", "x-api-base", "api-base"]


def test_t05_nothing_in_a_request_chooses_where_it_goes(start: Start, fake: FakeClaude) -> None:
    with Scripted(lambda line: None) as elsewhere:
        there = f"http://127.0.0.1:{elsewhere.port}"
        proxy = start()
        ask(proxy.url, message("hello", api_base=there, base_url=there), **dict.fromkeys(CHOOSING, there))
        ask(proxy.url, message("hello", model=f"{there}/claude"))
        with Client(proxy.url) as client:
            client.send(post(proxy.url, message("hello"), f"{there}/v1/messages"))
            assert client.answer().status == 400
        assert elsewhere.connections == 0
    balanced(proxy, fake)


def test_t12_what_is_forwarded_is_what_was_read(start: Start, fake: FakeClaude) -> None:
    proxy = start()
    body = (START + '  "tomorrow" : {"a":1.50},' + HELLO + " }").encode()
    ask(proxy.url, body, anthropic_beta="tomorrow-2027-01-01")
    (seen,) = fake.requests()
    assert seen.body == body
    (entry,) = balanced(proxy, entries=1)
    assert entry.outcome in (Outcome.complete, Outcome.voided)
