"""What one answer leaves to the next on its connections, and what would end without one (FAULTS.md F03, F09, F11)."""

import contextlib
import socket
import struct
import threading
import time

import pytest
from flask import Flask, Response

from proxy.server import Server
from proxy.upstream.anthropic import tls_context
from proxy.wire.answer import MODE_CHANGED, STOPPED, Ending, Forward, Later, Origin, Patience
from tests.kit.plain_app import PlainProxy, Recorder
from tests.kit.scripted import Line, Scripted, eventually

pytestmark = pytest.mark.usefixtures("any_loop")
SSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


def request(port: int, *headers: str, body: bytes = b"{}", method: str = "POST") -> bytes:
    lines = [f"{method} /v1/messages HTTP/1.1", f"Host: 127.0.0.1:{port}", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}"]).encode() + b"\r\n\r\n" + body


def ask(proxy: PlainProxy, after: bytes = b"") -> socket.socket:
    peer = socket.create_connection(("127.0.0.1", proxy.server.port), 10)
    peer.sendall(request(proxy.server.port) + after)
    return peer


def read(peer: socket.socket, mark: bytes, seconds: float = 5) -> bytes:
    """Read until a mark has come, the other side closed, or nothing comes any more."""
    got = b""
    peer.settimeout(seconds)
    with contextlib.suppress(OSError):
        while mark not in got:
            piece = peer.recv(65536)
            if not piece:
                break
            got += piece
    return got


@contextlib.contextmanager
def serving(app: Flask):
    """Run an app of its own for one test."""
    server = Server(app, 0, name=app.name, workers=2)
    server.start()
    try:
        yield server
    finally:
        server.drain(0.1)
        server.stop()


def test_a_slow_reader_leaves_a_connection_that_the_next_request_can_use():
    def answer(line: Line) -> None:
        line.send(SSE_HEAD)
        line.chunk(b"#" * 50_000)
        time.sleep(0.2)
        line.send(b"%x\r\n%b\r\n0\r\n\r\n" % (50_000, b"#" * 50_000))
        if line.read_request():
            line.send(WHOLE)

    with Scripted(answer) as upstream, PlainProxy(upstream.port) as proxy, socket.socket() as slow:
        # Small buffers in the system, so that the answer's end comes while the agent has not read its beginning.
        proxy.server._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", proxy.server.port))
        slow.sendall(request(proxy.server.port))
        assert eventually(lambda: bool(proxy.endings))
        with socket.create_connection(("127.0.0.1", proxy.server.port), 5) as peer:
            peer.sendall(request(proxy.server.port))
            assert read(peer, b"{}").startswith(b"HTTP/1.1 200 ")
        assert read(slow, b"0\r\n\r\n").count(b"#") == 100_000


@pytest.mark.parametrize(
    "extra",
    [b"\x00\x01garbage", b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 4\r\n\r\nevil"],
)
@pytest.mark.parametrize("first", [WHOLE, SSE_HEAD + b"9\r\ndata: 1\n\n\r\n0\r\n\r\n"])
def test_what_an_upstream_sends_after_its_answer_is_not_part_of_it(first, extra):
    saying = Scripted(lambda line: (line.send(first + extra), line.wait_closed())[0])
    with saying, PlainProxy(saying.port) as proxy:
        peer = ask(proxy)
        got = read(peer, b"0\r\n\r\n" if first is not WHOLE else b"{}")
        assert got.startswith(b"HTTP/1.1 200 ")
        assert b"evil" not in got
        assert proxy.endings == [(Ending.complete, "")]
        peer.close()


@pytest.mark.parametrize("after", [b"\x00\x01\x02", b"NOT A REQUEST\r\n\r\n"])
def test_junk_after_a_request_does_not_cost_it_its_answer(after):
    with Scripted(lambda line: line.send(WHOLE)) as upstream, PlainProxy(upstream.port) as proxy:
        peer = ask(proxy, after)
        got = read(peer, b"{}")
        assert got.startswith(b"HTTP/1.1 200 ")
        assert got.endswith(b"{}")
        peer.close()


@pytest.mark.parametrize("step", [1, 50, 10_000])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_an_offer_to_upgrade_is_passed_over_and_costs_the_request_nothing(step: int, is_chunked: bool):
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c")
    body = b'{"a": "' + b"x" * 300 + b'"}'
    with Scripted(lambda line: line.send(WHOLE)) as upstream, PlainProxy(upstream.port) as proxy:
        data = request(proxy.server.port, *offer, body=body)
        if is_chunked:
            length = b"Content-Length: %d\r\n\r\n" % len(body)
            data = data.replace(
                length + body, b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
            )
        with socket.create_connection(("127.0.0.1", proxy.server.port)) as peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(0, len(data), step):
                peer.sendall(data[at : at + step])
            assert read(peer, b"{}").startswith(b"HTTP/1.1 200 ")
        (sent,) = upstream.requests
        assert b"upgrade" not in sent.lower()
        assert sent.endswith(b"\r\n\r\n" + body)


def test_a_body_that_is_misframed_behind_an_offer_to_upgrade_is_refused():
    with Scripted(lambda line: line.send(WHOLE)) as upstream, PlainProxy(upstream.port) as proxy:
        data = request(proxy.server.port, "Connection: Upgrade", "Upgrade: h2c")
        data = data.replace(b"Content-Length: 2\r\n\r\n{}", b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")
        with socket.create_connection(("127.0.0.1", proxy.server.port)) as peer:
            peer.sendall(data)
            assert read(peer, b"}}").startswith(b"HTTP/1.1 400 ")
        assert upstream.connections == 0


@pytest.mark.parametrize("keep", ["", "Connection: keep-alive\r\n"])
def test_an_old_client_gets_its_stream_unframed_and_its_end_is_the_connection_s(keep):
    def answer(line: Line) -> None:
        line.send(SSE_HEAD)
        line.chunk(b"data: 1\n\n")
        line.send(b"0\r\n\r\n")

    with Scripted(answer) as upstream, PlainProxy(upstream.port) as proxy:
        old = request(proxy.server.port).replace(b"HTTP/1.1\r\n", b"HTTP/1.0\r\n" + keep.encode(), 1)
        with socket.create_connection(("127.0.0.1", proxy.server.port)) as peer:
            peer.sendall(old)
            head, _, body = read(peer, b"never").partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert b"connection: close" in head
    assert body == b"data: 1\n\n"


def test_trailers_are_not_taken_for_headers():
    with Scripted(lambda line: line.send(WHOLE)) as upstream, PlainProxy(upstream.port) as proxy:
        port = proxy.server.port
        with socket.create_connection(("127.0.0.1", port)) as peer:
            head = f"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            peer.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Api-Key: other\r\n\r\n")
            assert read(peer, b"{}").startswith(b"HTTP/1.1 200 ")
        assert b"other" not in upstream.requests[0]


def test_endless_trailers_are_refused():
    with Scripted(lambda line: line.send(WHOLE)) as upstream, PlainProxy(upstream.port) as proxy:
        port = proxy.server.port
        with socket.create_connection(("127.0.0.1", port)) as peer:
            head = f"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            peer.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-A: ")
            with contextlib.suppress(OSError):
                for _ in range(80):
                    peer.sendall(b"y" * 1_000_000)
            assert read(peer, b"\r\n").startswith(b"HTTP/1.1 4")
        assert upstream.connections == 0


def test_an_answer_before_the_request_is_fully_sent_reaches_the_agent():
    said = b"HTTP/1.1 413 Payload Too Large\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    peer, _ = listener.accept()
                    peer.recv(1000)
                    peer.sendall(said)
                    time.sleep(0.05)
                    peer.close()

        threading.Thread(target=serve, daemon=True).start()
        with PlainProxy(listener.getsockname()[1]) as proxy:
            for _ in range(5):
                with socket.create_connection(("127.0.0.1", proxy.server.port)) as peer:
                    peer.sendall(request(proxy.server.port, body=b" " * 5_000_000))
                    assert read(peer, b"{}").startswith(b"HTTP/1.1 413 ")


def test_a_failure_in_the_line_is_answered():
    app = Flask("failing", static_folder=None)

    def fail(woken: bool) -> Response:
        raise KeyError("a fault of our own")

    @app.post("/v1/messages")
    def wait() -> Response:
        return Response(Later(lambda wake: wake(), lambda: None, fail, time.monotonic() + 5), direct_passthrough=True)

    with serving(app) as server, socket.create_connection(("127.0.0.1", server.port)) as peer:
        peer.sendall(request(server.port))
        assert read(peer, b"log says").startswith(b"HTTP/1.1 500 ")


def test_an_agent_that_stops_reading_is_let_go():
    def answer(line: Line) -> None:
        line.send(SSE_HEAD)
        with contextlib.suppress(OSError):
            while True:
                line.chunk(b"x" * 65536)

    with Scripted(answer) as upstream, PlainProxy(upstream.port, patience=Patience(unread_s=0.3)) as proxy:
        peer = ask(proxy)
        assert eventually(lambda: bool(proxy.endings))
        assert eventually(lambda: not proxy.server._hub.clients, 3)
        peer.close()


def test_an_agent_that_resets_is_noticed_while_nothing_is_sent():
    with Scripted(lambda line: line.wait_closed(10) and None) as upstream, PlainProxy(upstream.port) as proxy:
        peer = socket.create_connection(("127.0.0.1", proxy.server.port))
        peer.sendall(request(proxy.server.port))
        assert eventually(lambda: bool(upstream.requests))
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
        assert eventually(lambda: bool(proxy.endings))
        assert proxy.endings[0][0] is Ending.client_left


def test_a_host_that_is_no_name_is_an_error_and_not_silence():
    app = Flask("odd", static_folder=None)
    endings: list[tuple[Ending, str]] = []

    @app.post("/v1/messages")
    def forward() -> Response:
        origin = Origin("a" * 70 + ".test", 443)
        found = Forward(origin, b"POST", b"/", [], b"{}", Recorder(endings))
        return Response(found, direct_passthrough=True)

    with serving(app) as server, socket.create_connection(("127.0.0.1", server.port)) as peer:
        peer.sendall(request(server.port))
        assert read(peer, b"never_sent").startswith(b"HTTP/1.1 502 ")


def test_a_stream_opened_while_the_agent_waited_is_asked_for_unpacked():
    app = Flask("waiting", static_folder=None)
    endings: list[tuple[Ending, str]] = []

    def answer(line: Line) -> None:
        line.send(SSE_HEAD)
        line.chunk(b"data: 1\n\n")
        line.send(b"0\r\n\r\n")

    with Scripted(answer) as upstream:

        @app.post("/v1/messages")
        def wait() -> Response:
            headers = [(b"Accept-Encoding", b"gzip"), (b"X-Other", b"kept")]
            found = Forward(Origin("127.0.0.1", upstream.port), b"POST", b"/", headers, b"{}", Recorder(endings))
            until = time.monotonic() + 0.2
            later = Later(lambda wake: None, lambda: None, lambda woken: found, until, streams=True, silent_s=0.05)
            return Response(later, direct_passthrough=True)

        with serving(app) as server, socket.create_connection(("127.0.0.1", server.port)) as peer:
            peer.sendall(request(server.port))
            assert b"event: ping" in read(peer, b"0\r\n\r\n")
        assert b"\r\nAccept-Encoding: identity\r\n" in upstream.requests[0]
        assert b"gzip" not in upstream.requests[0]
        assert b"\r\nX-Other: kept\r\n" in upstream.requests[0]


def test_a_request_that_may_no_longer_be_sent_is_held_back_while_it_connects():
    app = Flask("connecting", static_folder=None)
    endings: list[tuple[Ending, str]] = []
    allowed = [True]
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:

        @app.post("/v1/messages")
        def forward() -> Response:
            origin = Origin("127.0.0.1", silent.getsockname()[1], tls_context(None))
            found = Forward(origin, b"POST", b"/", [], b"{}", Recorder(endings), may_send=lambda: allowed[0])
            return Response(found, direct_passthrough=True)

        with serving(app) as server, socket.create_connection(("127.0.0.1", server.port)) as peer:
            peer.sendall(request(server.port))
            shaking, _ = silent.accept()
            with shaking:
                assert shaking.recv(65536)  # The greeting; the connection is not made before it is answered.
                allowed[0] = False
                server.cut(lambda _: False)
                assert shaking.recv(65536) == b""
            assert MODE_CHANGED.encode() in read(peer, MODE_CHANGED.encode())
    assert endings == [(Ending.never_sent, MODE_CHANGED)]


def test_a_cut_leaves_no_idle_connection_open():
    closed: list[bool] = []

    def answer(line: Line) -> None:
        line.send(WHOLE)
        closed.append(line.wait_closed(5))

    with Scripted(answer) as upstream, PlainProxy(upstream.port) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.server.port)) as peer:
            peer.sendall(request(proxy.server.port))
            assert read(peer, b"{}").startswith(b"HTTP/1.1 200 ")
        proxy.server.cut(lambda _: False)
        assert eventually(lambda: closed == [True])


def test_a_proxy_that_refuses_the_tunnel_is_let_go():
    app = Flask("tunnelled", static_folder=None)
    endings: list[tuple[Ending, str]] = []
    closed: list[bool] = []

    def refuse(line: Line) -> None:
        line.send(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        closed.append(line.wait_closed(3))

    with Scripted(refuse) as proxy:

        @app.post("/v1/messages")
        def forward() -> Response:
            origin = Origin("claude.test", 443, tls_context(None), ("127.0.0.1", proxy.port))
            return Response(Forward(origin, b"POST", b"/", [], b"{}", Recorder(endings)), direct_passthrough=True)

        with serving(app) as server, socket.create_connection(("127.0.0.1", server.port)) as peer:
            peer.sendall(request(server.port))
            assert b"never_sent" in read(peer, b"refused the connection")
        assert eventually(lambda: closed == [True])
        assert proxy.requests[0].startswith(b"CONNECT claude.test:443 HTTP/1.1\r\nHost: claude.test:443\r\n")


def test_a_tunnel_through_a_proxy_carries_the_request():
    app = Flask("tunnelled", static_folder=None)
    endings: list[tuple[Ending, str]] = []

    def tunnel(line: Line) -> None:
        line.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        line.read_request()
        line.send(WHOLE)
        line.wait_closed(1)

    with Scripted(tunnel) as proxy:

        @app.post("/v1/messages")
        def forward() -> Response:
            origin = Origin("claude.test", 80, None, ("127.0.0.1", proxy.port))
            return Response(Forward(origin, b"POST", b"/", [], b"{}", Recorder(endings)), direct_passthrough=True)

        with serving(app) as server, socket.create_connection(("127.0.0.1", server.port)) as peer:
            peer.sendall(request(server.port))
            assert read(peer, b"{}").startswith(b"HTTP/1.1 200 ")
        assert b"\r\n\r\n{}" in proxy.requests[1]


def test_what_leaves_the_line_at_the_very_end_is_stopped_with_the_rest():
    app = Flask("leaving", static_folder=None)
    endings: list[tuple[Ending, str]] = []
    with Scripted(lambda line: line.wait_closed(10) and None) as upstream:

        @app.post("/v1/messages")
        def wait() -> Response:
            found = Forward(Origin("127.0.0.1", upstream.port), b"POST", b"/", [], b"{}", Recorder(endings))
            later = Later(lambda wake: None, lambda: None, lambda woken: found, time.monotonic() + 60)
            return Response(later, direct_passthrough=True)

        with serving(app) as server, socket.create_connection(("127.0.0.1", server.port)) as peer:
            peer.sendall(request(server.port))
            assert eventually(lambda: bool(server._hub.waiting))
            began = time.monotonic()
            server.drain(0.1)
            assert time.monotonic() - began < 5
            assert read(peer, b"stopped").startswith(b"HTTP/1.1 502 ")
    assert endings[0][1] == STOPPED
