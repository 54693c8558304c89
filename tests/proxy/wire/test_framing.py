"""What an agent's side accepts as one HTTP request, and what it refuses (FAULTS.md F11, T01–T03, T06)."""

import contextlib
import socket

import pytest

from tests.kit.plain_app import PlainProxy
from tests.kit.scripted import Line, Scripted


def hello(line: Line) -> None:
    """Answer every request with a small whole message."""
    while True:
        line.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        if not line.read_request():
            return


@pytest.fixture
def upstream():
    with Scripted(hello) as server:
        yield server


@pytest.fixture
def proxy(upstream):
    with PlainProxy(upstream.port) as running:
        yield running


def talk(port: int, data: bytes, seconds: float = 3) -> bytes:
    """Send bytes and read until the server closes or falls silent."""
    with socket.create_connection(("127.0.0.1", port), seconds) as peer:
        with contextlib.suppress(OSError):
            peer.sendall(data)
        got = b""
        peer.settimeout(0.4)
        with contextlib.suppress(OSError):
            while piece := peer.recv(65536):
                got += piece
        return got


def post(port: int, *headers: str, body: bytes = b"{}", target: str = "/v1/messages", host: str = "") -> bytes:
    lines = [f"POST {target} HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


JSON = "Content-Type: application/json"


def test_a_plain_request_crosses_with_its_bytes_and_header_case(proxy, upstream):
    body = b'{"a": 1}'
    got = talk(
        proxy.server.port, post(proxy.server.port, JSON, "X-Odd-Case: Yes", f"Content-Length: {len(body)}", body=body)
    )
    assert got.startswith(b"HTTP/1.1 200 ")
    assert upstream.requests[0].endswith(b"\r\n\r\n" + body)
    assert b"\r\nX-Odd-Case: Yes\r\n" in upstream.requests[0]


def test_a_chunked_request_reaches_the_upstream_whole(proxy, upstream):
    port = proxy.server.port
    got = talk(port, post(port, JSON, "Transfer-Encoding: chunked", body=b'3\r\n{"a\r\n5\r\n": 1}\r\n0\r\n\r\n'))
    assert got.startswith(b"HTTP/1.1 200 ")
    assert upstream.requests[0].endswith(b'\r\n\r\n{"a": 1}')
    assert b"transfer-encoding" not in upstream.requests[0].lower()


def test_expect_100_continue_is_answered(proxy, upstream):
    port = proxy.server.port
    got = talk(port, post(port, JSON, "Content-Length: 2", "Expect: 100-continue"))
    assert got.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")
    assert b"expect" not in upstream.requests[0].lower()


@pytest.mark.parametrize(
    "data",
    {
        "both length and chunked": ["Content-Length: 2", "Transfer-Encoding: chunked"],
        "two lengths": ["Content-Length: 2", "Content-Length: 3"],
        "the same length twice": ["Content-Length: 2", "Content-Length: 2"],
        "a signed length": ["Content-Length: +2"],
        "a list of lengths": ["Content-Length: 2, 2"],
        "a hex length": ["Content-Length: 0x2"],
        "a strange coding": ["Transfer-Encoding: xchunked"],
        "a hidden coding": ["Transfer-Encoding: chunked, identity"],
        "a coding with a tab": ["Transfer-Encoding:\tchunked ", "Content-Length: 2"],
        "a space before the colon": ["Content-Length : 2"],
        "a folded header": ["X-A: 1\r\n folded", "Content-Length: 2"],
        "two hosts": ["Host: evil", "Content-Length: 2"],
        "a bare newline": ["X-A: 1\nX-B: 2", "Content-Length: 2"],
        "a NUL": ["X-A: \x00", "Content-Length: 2"],
    }.items(),
    ids=lambda item: item[0],
)
def test_ambiguous_framing_is_refused_and_nothing_goes_upstream(proxy, upstream, data):
    port = proxy.server.port
    got = talk(port, post(port, JSON, *data[1]))
    assert got[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 413"), got
    assert b"bursar" in got
    assert upstream.connections == 0


@pytest.mark.parametrize("target", ["http://evil/v1/messages", "*", "//"])
def test_absolute_targets_are_no_open_proxy(proxy, upstream, target):
    port = proxy.server.port
    assert talk(port, post(port, JSON, "Content-Length: 2", target=target))[9:12] in (b"400", b"404")
    assert upstream.connections == 0


def test_connect_is_refused(proxy, upstream):
    got = talk(proxy.server.port, b"CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\n\r\n")
    assert got.startswith((b"HTTP/1.1 405", b"HTTP/1.1 400", b"HTTP/1.1 403"))
    assert upstream.connections == 0


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil:2877", "[::1]:2877"])
def test_a_foreign_host_is_refused_before_the_body(proxy, upstream, host):
    port = proxy.server.port
    assert talk(port, post(port, JSON, "Content-Length: 9999999", host=host)).startswith(b"HTTP/1.1 403")
    assert upstream.connections == 0


@pytest.mark.parametrize("header", ["Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"])
def test_a_web_page_cannot_spend_money(proxy, upstream, header):
    port = proxy.server.port
    assert talk(port, post(port, JSON, header, "Content-Length: 2")).startswith(b"HTTP/1.1 403")
    assert upstream.connections == 0


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_form_cannot_spend_money(proxy, upstream, kind):
    port = proxy.server.port
    assert talk(port, post(port, f"Content-Type: {kind}", "Content-Length: 2")).startswith(b"HTTP/1.1 415")
    assert upstream.connections == 0


def test_a_packed_request_is_refused(proxy, upstream):
    port = proxy.server.port
    assert talk(port, post(port, JSON, "Content-Encoding: gzip", "Content-Length: 2")).startswith(b"HTTP/1.1 415")
    assert upstream.connections == 0


def test_a_body_over_the_limit_is_refused_at_its_head(proxy, upstream):
    port = proxy.server.port
    assert talk(port, post(port, JSON, "Content-Length: 104857600")).startswith(b"HTTP/1.1 413")
    assert upstream.connections == 0


def test_an_endless_chunked_body_is_refused(proxy, upstream):
    port = proxy.server.port
    data = post(port, JSON, "Transfer-Encoding: chunked", body=b"") + (b"100000\r\n" + b"x" * 0x100000 + b"\r\n") * 40
    assert b"HTTP/1.1 413" in talk(port, data, 10)
    assert upstream.connections == 0


def test_an_endless_head_is_refused(proxy, upstream):
    port = proxy.server.port
    got = talk(port, b"GET / HTTP/1.1\r\n" + b"X-A: " + b"y" * 200_000)
    assert got.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))
    assert upstream.connections == 0


@pytest.mark.parametrize("target", ["/v1/messages", "/v1/messages?a=" + "b" * 66_000])
def test_a_head_of_more_than_64_kib_is_refused_also_if_all_of_it_comes_at_once(proxy, upstream, target):
    port, long = proxy.server.port, [] if len(target) > 100 else ["X-A: " + "y" * 66_000]
    for _ in range(5):  # How much of it is read at once is the system's choice.
        got = talk(port, post(port, JSON, "Content-Length: 2", *long, target=target))
        assert got.startswith(b"HTTP/1.1 431")
    assert upstream.connections == 0


@pytest.mark.parametrize("version", ["HTTP/2.0", "HTTP/0.9"])
def test_another_version_of_http_is_refused_as_a_mistake_of_the_client(proxy, upstream, version):
    port = proxy.server.port
    got = talk(port, post(port, JSON, "Content-Length: 2").replace(b"HTTP/1.1", version.encode(), 1))
    assert got.startswith(b"HTTP/1.1 400 ")
    assert upstream.connections == 0


def test_a_body_shorter_than_its_length_never_reaches_the_upstream(proxy, upstream):
    port = proxy.server.port
    with socket.create_connection(("127.0.0.1", port)) as peer:
        peer.sendall(post(port, JSON, "Content-Length: 100", body=b"{}"))
        peer.shutdown(socket.SHUT_WR)
        assert peer.recv(100) == b""
    assert upstream.connections == 0


def test_a_second_request_in_the_same_breath_is_never_run(proxy, upstream):
    port = proxy.server.port
    once = post(port, JSON, "Content-Length: 2")
    got = talk(port, once + once)
    assert got.count(b"HTTP/1.1 200") == 1
    assert len(upstream.requests) == 1


def test_requests_one_after_the_other_share_both_connections(proxy, upstream):
    port = proxy.server.port
    with socket.create_connection(("127.0.0.1", port)) as peer:
        for _ in range(3):
            peer.sendall(post(port, JSON, "Content-Length: 2"))
            got = b""
            while not got.endswith(b"{}"):
                got += peer.recv(65536)
    assert len(upstream.requests) == 3
    assert upstream.connections == 1


@pytest.mark.parametrize(
    "junk", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\r\n\r\n\r\n", b"GET\r\n\r\n", b"\x00" * 100]
)
def test_junk_is_answered_or_dropped_and_the_server_lives(proxy, upstream, junk):
    talk(proxy.server.port, junk)
    assert talk(proxy.server.port, post(proxy.server.port, JSON, "Content-Length: 2")).startswith(b"HTTP/1.1 200")
