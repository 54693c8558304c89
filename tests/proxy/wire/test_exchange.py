"""How an answer is carried, and every way that can end (FAULTS.md F01–F03, F08, F09)."""

import contextlib
import socket
import threading
import time

import pytest

from proxy.wire.answer import Ending, Patience
from tests.kit.plain_app import PlainProxy
from tests.kit.scripted import Line, Scripted, eventually

pytestmark = pytest.mark.usefixtures("any_loop")
SSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def ask(port: int) -> socket.socket:
    peer = socket.create_connection(("127.0.0.1", port), 10)
    peer.sendall(
        f"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}".encode()
    )
    return peer


def read_all(peer: socket.socket) -> bytes:
    got = b""
    while piece := peer.recv(65536):
        got += piece
    return got


def read_until(peer: socket.socket, mark: bytes) -> bytes:
    got = b""
    while mark not in got:
        piece = peer.recv(65536)
        if not piece:
            break
        got += piece
    return got


def test_each_event_is_passed_on_before_the_next_one_comes():
    seen: list[bytes] = []

    def paced(line: Line) -> None:
        line.send(SSE_HEAD)
        for number in range(3):
            line.chunk(b"data: %d\n\n" % number)
            assert eventually(lambda n=number: len(seen) > n)
        line.send(b"0\r\n\r\n")

    with Scripted(paced) as upstream, PlainProxy(upstream.port) as proxy, ask(proxy.server.port) as peer:
        for number in range(3):
            seen.append(read_until(peer, b"data: %d\n\n" % number))
        assert read_until(peer, b"0\r\n\r\n").endswith(b"0\r\n\r\n")
        assert proxy.endings == [(Ending.complete, "")]


@pytest.mark.parametrize("cut", range(0, len(SSE_HEAD) + 40, 7))
def test_a_connection_cut_at_any_byte_never_looks_complete(cut):
    whole = SSE_HEAD + b"9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n"

    with Scripted(lambda line: line.send(whole[:cut])) as upstream, PlainProxy(upstream.port) as proxy:
        with ask(proxy.server.port) as peer:
            peer.settimeout(5)
            got = b""
            with contextlib.suppress(TimeoutError):
                got = read_until(peer, b"502") if cut < len(SSE_HEAD) else read_all(peer)
        assert not got.endswith(b"0\r\n\r\n")
        assert b"event: error" in got if cut >= len(SSE_HEAD) else b" 502 " in got
        assert proxy.endings[0][0] is (Ending.truncated if cut >= len(SSE_HEAD) else Ending.unanswered)


def test_an_upstream_that_ends_its_stream_by_closing_is_complete():
    head = SSE_HEAD.replace(b"Transfer-Encoding: chunked\r\n", b"")
    with Scripted(lambda line: line.send(head + b"data: 1\n\n")) as upstream, PlainProxy(upstream.port) as proxy:
        with ask(proxy.server.port) as peer:
            assert read_until(peer, b"0\r\n\r\n").endswith(b"9\r\ndata: 1\n\n\r\n0\r\n\r\n")
        assert proxy.endings == [(Ending.complete, "")]


def test_nobody_there_is_said_at_once():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with PlainProxy(port) as proxy, ask(proxy.server.port) as peer:
        assert b"never_sent" in read_until(peer, b"never_sent")
        assert proxy.endings[0][0] is Ending.never_sent


def test_an_upstream_that_says_nothing_is_given_up():
    silence = Scripted(lambda line: line.wait_closed(10) and None)
    with silence, PlainProxy(silence.port, patience=Patience(head_s=0.2)) as proxy, ask(proxy.server.port) as peer:
        assert b"unanswered" in read_until(peer, b"unanswered")


def test_a_stream_that_falls_silent_ends_in_an_error():
    def answer(line: Line) -> None:
        line.send(SSE_HEAD)
        line.chunk(b"data: 1\n\n")
        line.wait_closed(10)

    with Scripted(answer) as upstream, PlainProxy(upstream.port, patience=Patience(idle_s=0.2)) as proxy:
        with ask(proxy.server.port) as peer:
            assert read_all(peer).endswith(b"event: error\ndata: {}\n\n\r\n")
        assert proxy.endings[0][0] is Ending.silent


def test_a_server_may_think_for_longer_before_its_first_word_than_between_two():
    def answer(line: Line) -> None:
        line.send(SSE_HEAD)
        time.sleep(0.5)
        line.chunk(b"data: 1\n\n")
        line.wait_closed(10)

    patience = Patience(first_s=10, idle_s=0.2, ping_s=0.1)
    with Scripted(answer) as upstream, PlainProxy(upstream.port, patience=patience) as proxy:
        with ask(proxy.server.port) as peer:
            assert b"data: 1" in read_all(peer)
        assert proxy.endings == [(Ending.silent, "nothing came for 0.2 s")]


@pytest.mark.parametrize("when", ["before the head", "in a silent stream", "in a busy stream"])
def test_an_agent_that_leaves_closes_the_upstream(when):
    closed: list[bool] = []

    def answer(line: Line) -> None:
        if when != "before the head":
            line.send(SSE_HEAD)
            line.chunk(b"data: 1\n\n")
        if when == "in a busy stream":
            try:
                for _ in range(1000):
                    line.chunk(b"data: 2\n\n")
                    time.sleep(0.005)
            except OSError:
                closed.append(True)
        else:
            closed.append(line.wait_closed(5))

    with Scripted(answer) as upstream, PlainProxy(upstream.port) as proxy:
        peer = ask(proxy.server.port)
        if when != "before the head":
            read_until(peer, b"data: 1")
        else:
            assert eventually(lambda: bool(upstream.requests))
        peer.close()
        assert eventually(lambda: closed == [True])
        assert proxy.endings == [(Ending.client_left, "the agent closed the connection")]


def test_an_answer_that_is_nearly_done_is_read_to_its_end_after_the_agent_left():
    def answer(line: Line) -> None:
        line.send(SSE_HEAD)
        line.chunk(b"data: 1\n\n")
        time.sleep(0.3)
        line.chunk(b"data: 2\n\n")
        line.send(b"0\r\n\r\n")
        time.sleep(0.2)

    with Scripted(answer) as upstream, PlainProxy(upstream.port, nearly=True) as proxy:
        peer = ask(proxy.server.port)
        read_until(peer, b"data: 1")
        peer.close()
        assert eventually(lambda: bool(proxy.endings))
        assert proxy.endings[0][0] is Ending.complete


def test_an_agent_that_never_reads_holds_no_more_than_a_little_memory():
    sent = []

    def answer(line: Line) -> None:
        line.send(SSE_HEAD)
        line.peer.settimeout(0.5)
        try:
            while True:
                line.chunk(b"x" * 65536)
                sent.append(65536)
        except OSError:
            pass

    with Scripted(answer) as upstream, PlainProxy(upstream.port, patience=Patience(unread_s=0.5)) as proxy:
        peer = ask(proxy.server.port)
        assert eventually(lambda: bool(proxy.endings), 20)
        assert proxy.endings[0] == (Ending.client_left, "the agent stopped reading")
        assert sum(sent) < 32 * 1024 * 1024  # Socket buffers, not ours.
        peer.close()


def test_a_slow_reader_gets_everything():
    total = 8 * 1024 * 1024

    def answer(line: Line) -> None:
        line.send(SSE_HEAD)
        for _ in range(total // 65536):
            line.chunk(b"#" * 65536)
        line.send(b"0\r\n\r\n")

    with Scripted(answer) as upstream, PlainProxy(upstream.port) as proxy, ask(proxy.server.port) as peer:
        time.sleep(0.5)
        got = read_until(peer, b"0\r\n\r\n")
        assert got.count(b"#") == total


def test_an_agent_that_leaves_before_the_connection_stands_has_sent_nothing():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as held:
        for _ in range(4):  # Nobody accepts: further connections hang half open.
            peer = held.enter_context(socket.socket())
            peer.setblocking(False)
            peer.connect_ex(full.getsockname())
        time.sleep(0.1)
        proxy = held.enter_context(PlainProxy(full.getsockname()[1]))
        ask(proxy.server.port).close()
        assert eventually(lambda: bool(proxy.endings))
        assert proxy.endings[0][0] is Ending.never_sent


def test_a_stop_ends_running_streams_with_an_error():
    def answer(line: Line) -> None:
        line.send(SSE_HEAD)
        line.chunk(b"data: 1\n\n")
        line.wait_closed(10)

    with Scripted(answer) as upstream, PlainProxy(upstream.port) as proxy, ask(proxy.server.port) as peer:
        read_until(peer, b"data: 1")
        assert proxy.server.cut(lambda forward: forward.is_cloud) == 1
        assert read_all(peer).endswith(b"event: error\ndata: {}\n\n\r\n")
        assert proxy.endings[0][0] is Ending.stopped


def test_draining_lets_a_running_stream_end():
    def answer(line: Line) -> None:
        line.send(SSE_HEAD)
        line.chunk(b"data: 1\n\n")
        time.sleep(0.4)
        line.send(b"0\r\n\r\n")

    with Scripted(answer) as upstream:
        proxy = PlainProxy(upstream.port)
        with ask(proxy.server.port) as peer:
            read_until(peer, b"data: 1")
            proxy.server.drain(5)
            assert read_all(peer).endswith(b"0\r\n\r\n")
        proxy.server.stop()
        assert proxy.endings == [(Ending.complete, "")]
        with pytest.raises(ConnectionError):
            socket.create_connection(("127.0.0.1", proxy.server.port), 1)


def test_an_agent_that_connects_while_the_door_is_closed_is_not_left_waiting():
    def answer(line: Line) -> None:
        line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with Scripted(answer) as upstream:
        proxy = PlainProxy(upstream.port)
        busy = threading.Event()
        proxy.server._hub.soon(lambda: (busy.set(), time.sleep(0.3)))
        assert busy.wait(5)
        with ask(proxy.server.port) as peer:  # Connected by the system; the loop is to accept it and to drain at once.
            peer.settimeout(5)
            draining = threading.Thread(target=proxy.server.drain, args=(5,))
            draining.start()
            try:
                with contextlib.suppress(ConnectionError):  # Turned away is told too.
                    assert read_until(peer, b"{}")[:13] in (b"", b"HTTP/1.1 200 ")
            finally:
                draining.join()
                proxy.server.stop()


def test_a_head_that_is_not_http_is_a_bad_answer():
    with Scripted(lambda line: line.send(b"SSH-2.0-OpenSSH\r\n\r\n")) as upstream, PlainProxy(upstream.port) as proxy:
        with ask(proxy.server.port) as peer:
            assert b" 502 " in read_until(peer, b"502 ")
        assert proxy.endings[0][0] is Ending.unanswered


def test_an_answer_of_1xx_is_not_the_answer():
    data = b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    hints = Scripted(lambda line: (line.send(data), time.sleep(0.3))[1])
    with hints, PlainProxy(hints.port) as proxy, ask(proxy.server.port) as peer:
        assert read_until(peer, b"{}").startswith(b"HTTP/1.1 200 ")


def test_an_upstream_that_changes_the_protocol_is_a_bad_answer_and_no_fault_of_ours(caplog):
    data = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\nPRI * HTTP/2.0\r\n\r\n"
    with Scripted(lambda line: line.send(data)) as upstream, PlainProxy(upstream.port) as proxy:
        with ask(proxy.server.port) as peer:
            assert b" 502 " in read_until(peer, b"502 ")
        assert proxy.endings[0][0] is Ending.unanswered
        assert "protocol" in proxy.endings[0][1]
    assert caplog.records == []
