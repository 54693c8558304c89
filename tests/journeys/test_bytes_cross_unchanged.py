"""What an agent sends reaches Claude byte for byte, and what Claude answers reaches the agent byte for byte."""

import json
from typing import Any

import pytest

from tests.kit.bursar import Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import Answer, Client, ask, get, message, parsed, post

ODD_BODY = (
    b'{ "max_tokens":50 ,\n\t"model":"claude-sonnet-5-5",  "messages":[{"role":"user","content":'
    b'"caf\\u00e9 \xe6\xbc\xa2 \\ud83d\\ude00 [[text:h\xc3\xa9llo]]"}] , "temperature":1.0,"stream":false }\r\n'
)
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date"}


def _upstream(fake: FakeClaude) -> Answer:
    """Return the last answer as the fake sent it."""
    return parsed(fake.requests()[-1].answer or b"")


def _same(got: Answer, sent: Answer) -> None:
    assert (got.status, got.body) == (sent.status, sent.body)
    missing = {name: value for name, value in sent.headers.items() if got.headers.get(name) != value}
    assert missing.keys() <= HOP_BY_HOP
    extra = got.headers.keys() - sent.headers.keys() - HOP_BY_HOP
    assert all(name.startswith("x-bursar-") for name in extra)


def test_an_oddly_spelled_body_arrives_as_it_was_sent(shared_bursar: Bursar, fake: FakeClaude) -> None:
    assert ask(shared_bursar.url, ODD_BODY).text == "héllo"
    assert fake.requests()[0].body == ODD_BODY


def test_every_header_of_the_api_crosses_and_hop_by_hop_ones_do_not(shared_bursar: Bursar, fake: FakeClaude) -> None:
    sent = {
        "anthropic_beta": "claude-code-20250219,interleaved-thinking-2025-05-14",
        "x_claude_code_session_id": "4b1f0c9e",
        "x_app": "cli",
        "user_agent": "claude-cli/2.1.329 (external, cli)",
        "x_stainless_retry_count": "0",
        "authorization": "Bearer sk-ant-fake-both",
        "anthropic_dangerous_direct_browser_access": "true",
    }
    hops = {"proxy_connection": "keep-alive", "te": "trailers", "accept_encoding": "gzip, deflate, br, zstd"}
    ask(shared_bursar.url, message("x"), **sent, **hops)
    (got,) = fake.requests()
    assert {name: got.header(name.replace("_", "-")) for name in sent} == sent
    assert got.header("x-api-key") == "sk-ant-fake-canary-7f3a"
    assert got.header("anthropic-version") == "2023-06-01"
    assert got.header("proxy-connection") is None
    assert got.header("te") is None
    # Only what bursar can unpack to read the usage; the agent still gets it as Claude packed it.
    assert set((got.header("accept-encoding") or "").split(", ")) <= {"gzip", "deflate", "identity"}
    assert got.target == "/v1/messages"


def test_the_query_of_claude_code_crosses(shared_bursar: Bursar, fake: FakeClaude) -> None:
    ask(shared_bursar.url, message("x"), "/v1/messages?beta=true")
    assert fake.requests()[0].target == "/v1/messages?beta=true"


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("script", ["[[text:Hi]]", "[[out:700]]", "[[think:20]][[text:Thought]]"])
def test_an_answer_crosses_unchanged(shared_bursar: Bursar, fake: FakeClaude, stream: bool, script: str) -> None:
    _same(ask(shared_bursar.url, message(script, stream=stream)), _upstream(fake))


@pytest.mark.parametrize(
    "fault",
    [
        "bytes=1",
        "cr",
        "crlf",
        "bom",
        "comments",
        "garbage",
        "unknown-event",
        "big-line=300000",
        "until-close",
        "length",
        "gzip",
        "trailers",
        "early",
        "many-headers=60",
    ],
)
def test_a_stream_crosses_unchanged_however_it_is_cut_or_spelled(
    shared_bursar: Bursar, fake: FakeClaude, fault: str
) -> None:
    got = ask(shared_bursar.url, message(f"[[text:Same as sent]] [[fault:{fault}]]", stream=True))
    _same(got, _upstream(fake))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 429, 500, 503, 529])
def test_an_error_of_claude_crosses_with_its_retry_headers(
    shared_bursar: Bursar, fake: FakeClaude, status: int
) -> None:
    fault = f"[[fault:status={status} retry-after=7 should-retry=true]]"
    got = ask(shared_bursar.url, message(fault, stream=True))
    _same(got, _upstream(fake))
    assert (got.status, got.headers["retry-after"], got.headers["x-should-retry"]) == (status, "7", "true")
    assert got.headers["request-id"] == got.json["request_id"] or got.headers["request-id"]


def test_counting_crosses_both_ways(shared_bursar: Bursar, fake: FakeClaude) -> None:
    body = {"model": "claude-opus-5-5", "messages": [{"role": "user", "content": "how long is this"}]}
    got = ask(shared_bursar.url, body, "/v1/messages/count_tokens?beta=true")
    (sent,) = fake.requests()
    assert (sent.target, sent.body) == ("/v1/messages/count_tokens?beta=true", json.dumps(body).encode())
    assert got.json == _upstream(fake).json
    assert fake.bill()["picos"] == 0


def test_one_connection_serves_request_after_request(shared_bursar: Bursar, fake: FakeClaude) -> None:
    with Client(shared_bursar.url) as client:
        for number in range(5):
            assert client.ask(message(f"[[text:number {number}]]", stream=number % 2 == 0)).text == f"number {number}"
    assert len({request.connection for request in fake.requests()}) == 1


def test_a_chunked_request_reaches_claude_as_one_body(shared_bursar: Bursar, fake: FakeClaude) -> None:
    body = json.dumps(message("[[text:Pieces]]")).encode()
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(body[i : i + 9]), body[i : i + 9]) for i in range(0, len(body), 9))
    head = post(shared_bursar.url, b"", content_length=None, transfer_encoding="chunked")  # type: ignore[arg-type]
    with Client(shared_bursar.url) as client:
        client.send(head + pieces + b"0\r\n\r\n")
        assert client.answer().text == "Pieces"
    assert fake.requests()[0].body == body


def test_a_redirect_is_not_followed(shared_bursar: Bursar, fake: FakeClaude) -> None:
    got = ask(shared_bursar.url, message("[[fault:redirect=http://127.0.0.1:9/elsewhere]]"))
    assert got.status in (307, 502)
    assert len(fake.requests()) == 1


@pytest.mark.parametrize("path", ["/", "/api/hello"])
def test_an_agent_that_knocks_is_answered(shared_bursar: Bursar, path: str) -> None:
    assert get(shared_bursar.url, path, "HEAD").status == 200


def test_models_of_the_cloud_are_listed(shared_bursar: Bursar, fake: FakeClaude) -> None:
    got = get(shared_bursar.url, "/v1/models?limit=1000")
    assert got.status == 200
    listed: list[dict[str, Any]] = got.json["data"]
    assert "claude-opus-5-5" in [model["id"] for model in listed]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/messages/batches"),
        ("POST", "/v1/complete"),
        ("GET", "/v1/organizations"),
        ("POST", "/v1/files"),
        ("POST", "/v1/messages/"),
        ("POST", "//v1/messages"),
        ("POST", "/v1//messages"),
        ("POST", "/%761/messages"),
    ],
)
def test_other_paths_are_refused_and_reach_nobody(
    shared_bursar: Bursar, fake: FakeClaude, method: str, path: str
) -> None:
    with Client(shared_bursar.url) as client:
        client.send(post(shared_bursar.url, b"{}", path).replace(b"POST", method.encode(), 1))
        got = client.answer()
    assert got.status in (403, 404, 405)
    assert got.json["type"] == "error"
    assert fake.requests() == []
