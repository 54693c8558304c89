"""A connection of our own, plain and with TLS: what is written arrives, and how it ends is told once."""

import asyncio
import errno
import os
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import pytest

from proxy.wire.answer import Origin
from proxy.wire.dial import dial
from proxy.wire.loop import Poller, StreamLoop
from proxy.wire.origin import Origins
from proxy.wire.transport import HIGH, SocketTransport
from tests.kit.leftovers import descriptors
from tests.kit.tls import IS_THERE, Authority

if sys.platform != "win32":
    import resource

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere asyncio's transports are used")
MUCH = bytes(range(256)) * 32 * 1024
"""8 MB: more than the sockets' own buffers take."""
WAYS = ["plain", pytest.param("tls", marks=pytest.mark.skipif(not IS_THERE, reason="there is no openssl command"))]


class Heard(asyncio.Protocol):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.lost: list[Exception | None] = []
        self.fullness: list[str] = []
        self.fails: Exception | None = None

    def data_received(self, data: bytes) -> None:
        if self.fails:
            raise self.fails
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)

    def pause_writing(self) -> None:
        self.fullness.append("full")

    def resume_writing(self) -> None:
        self.fullness.append("room")


class Stage:
    """A loop and a server of one connection, whose end is played in a thread."""

    def __init__(self, loop: StreamLoop, served: ssl.SSLContext | None, trusted: ssl.SSLContext | None) -> None:
        self.loop, self._served = loop, served
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.origin = Origin(*self._listener.getsockname(), trusted)
        self.heard = Heard()

    def connect(self, play: Callable[[socket.socket], object]) -> SocketTransport:
        def run() -> None:
            with suppress(OSError), self._accepted() as peer:
                play(peer)

        threading.Thread(target=run, daemon=True).start()
        sock = self.loop.run_until_complete(dial(self.loop, self.origin))
        return SocketTransport(self.loop, sock, self.heard)

    def until(self, condition: Callable[[], object]) -> None:
        async def wait() -> None:
            while not condition():
                await asyncio.sleep(0.01)

        self.loop.run_until_complete(asyncio.wait_for(wait(), 20))

    def close(self) -> None:
        self._listener.close()

    def _accepted(self) -> socket.socket:
        peer, _ = self._listener.accept()
        peer.settimeout(20)
        return self._served.wrap_socket(peer, server_side=True) if self._served else peer


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def tls_of(authority: Authority, name: str = "IP:127.0.0.1") -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server of that name serves with, and what a client trusts."""
    made, served = authority.issue(name), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(made.cert, made.private_key)
    return served, ssl.create_default_context(cafile=str(authority.cert))


@pytest.fixture
def loop() -> Iterator[StreamLoop]:
    loop = StreamLoop(Poller())
    yield loop
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


@pytest.fixture(params=WAYS)
def stage(request: pytest.FixtureRequest, loop: StreamLoop) -> Iterator[Stage]:
    contexts = tls_of(request.getfixturevalue("authority")) if request.param == "tls" else (None, None)
    with closing(Stage(loop, *contexts)) as stage:
        yield stage


def test_all_that_is_written_arrives_however_slowly_it_is_read(stage: Stage):
    got = bytearray()

    def play(peer: socket.socket) -> None:
        while not got.endswith(b"the end"):
            got.extend(peer.recv(100_000))
            threading.Event().wait(0.002)
        peer.sendall(b"thanks")

    transport = stage.connect(play)
    transport.write(MUCH)
    transport.write(b"the end")
    assert transport.get_write_buffer_size() > HIGH
    stage.until(lambda: stage.heard.lost)
    assert got == MUCH + b"the end"
    assert (stage.heard.data, stage.heard.fullness) == (b"thanks", ["full", "room"])


def test_all_that_is_sent_is_heard_and_nothing_while_it_pauses(stage: Stage):
    transport = stage.connect(lambda peer: (peer.sendall(MUCH), peer.recv(1)))
    stage.until(lambda: stage.heard.data)
    transport.pause_reading()
    before = len(stage.heard.data)
    stage.loop.run_until_complete(asyncio.sleep(0.1))
    assert len(stage.heard.data) == before
    transport.resume_reading()
    stage.until(lambda: len(stage.heard.data) == len(MUCH))
    assert bytes(stage.heard.data) == MUCH
    transport.abort()
    stage.until(lambda: stage.heard.lost)


def test_both_directions_go_on_at_once(stage: Stage):
    got = bytearray()

    def play(peer: socket.socket) -> None:
        while len(got) < len(MUCH):
            got.extend(peer.recv(50_000))
            peer.sendall(b"heard ")
        peer.sendall(b"all")
        peer.recv(1)

    transport = stage.connect(play)
    transport.write(MUCH)
    stage.until(lambda: stage.heard.data.endswith(b"all"))
    assert bytes(got) == MUCH
    transport.abort()


def test_an_end_that_the_other_side_makes_is_told_once_and_is_no_error(stage: Stage):
    def play(peer: socket.socket) -> None:
        peer.sendall(b"bye")
        if isinstance(peer, ssl.SSLSocket):
            peer.unwrap()

    transport = stage.connect(play)
    stage.until(lambda: stage.heard.lost)
    assert (bytes(stage.heard.data), stage.heard.lost, transport.is_closing()) == (b"bye", [None], True)
    transport.abort()
    stage.loop.run_until_complete(asyncio.sleep(0.05))
    assert stage.heard.lost == [None]


@pytest.mark.skipif(not IS_THERE, reason="there is no openssl command")
def test_an_end_that_tls_did_not_announce_is_an_error(loop: StreamLoop, authority: Authority):
    with closing(Stage(loop, *tls_of(authority))) as stage:
        stage.connect(lambda peer: (peer.sendall(b"half of"), peer.shutdown(socket.SHUT_RDWR)))
        stage.until(lambda: stage.heard.lost)
        assert (stage.heard.data, type(stage.heard.lost[0])) == (b"half of", ssl.SSLEOFError)


def test_a_reset_is_told_as_an_error(stage: Stage):
    def play(peer: socket.socket) -> None:
        peer.recv(1)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    transport = stage.connect(play)
    transport.write(b"x")
    stage.until(lambda: stage.heard.lost)
    assert isinstance(stage.heard.lost[0], ConnectionResetError | ssl.SSLEOFError)
    transport.write(b"to nobody")
    assert len(stage.heard.lost) == 1


def test_an_abort_drops_what_was_not_sent(stage: Stage):
    gone = threading.Event()
    transport = stage.connect(lambda _: gone.wait(20))
    transport.write(MUCH)
    transport.abort()
    stage.until(lambda: stage.heard.lost)
    gone.set()
    assert (transport.get_write_buffer_size(), stage.heard.lost) == (0, [None])


def test_a_protocol_that_fails_is_logged_and_takes_nothing_but_its_own_connection_along(stage: Stage):
    told: list[object] = []
    stage.loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
    stage.heard.fails = ValueError("something unforeseen")
    stage.connect(lambda peer: (peer.sendall(b"x"), peer.recv(1)))
    stage.until(lambda: stage.heard.lost)
    assert stage.heard.lost == told
    assert isinstance(told[0], ValueError)


@pytest.mark.parametrize("error", [OSError("the disk is full"), BlockingIOError("another socket's"), ConnectionError()])
def test_a_failure_of_the_protocol_is_not_taken_for_one_of_the_socket(stage: Stage, error: OSError):
    """What it was given is lost: to go on, or to end without a word, would hide that."""
    told: list[object] = []
    stage.loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
    stage.heard.fails = error
    stage.connect(lambda peer: (peer.sendall(b"x"), peer.recv(1)))
    stage.until(lambda: stage.heard.lost)
    assert stage.heard.lost == told == [error]


class Late(StreamLoop):
    """Goes on with a new connection only when its other end has reset it."""

    is_connected = threading.Event()

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        await super().sock_connect(sock, address)
        self.is_connected.set()
        with suppress(OSError):
            while sock.getpeername():
                await asyncio.sleep(0.01)


def test_a_connection_that_was_reset_as_it_was_made_leaves_nothing_open():
    with closing(Late(Poller())) as loop, socket.create_server(("127.0.0.1", 0)) as listener:

        def reset() -> None:
            peer, _ = listener.accept()
            loop.is_connected.wait(20)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()

        before = descriptors()
        resetting = threading.Thread(target=reset)
        resetting.start()
        with pytest.raises(OSError, match="not connected"):
            loop.run_until_complete(Origins(loop).connect(Origin(*listener.getsockname())))
        resetting.join(20)
        assert descriptors() <= before


class Unwatched(StreamLoop):
    """A loop of a system that watches no more descriptors: epoll_ctl(2)."""

    def read_stream(self, number: int, reader: Callable[[], None]) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_connection_that_cannot_be_watched_is_lost():
    """Its protocol must not take it for open: its socket's number goes to the next connection."""
    with closing(Unwatched(Poller())) as loop, closing(Stage(loop, None, None)) as stage:
        with pytest.raises(OSError, match="No space") as refused:
            stage.connect(lambda peer: peer.recv(1))
        stage.until(lambda: stage.heard.lost)
        assert stage.heard.lost == [refused.value]


class Crowded(StreamLoop):
    """A loop of a process that has no descriptor left once it is connected."""

    made: asyncio.Transport

    async def create_connection(self, *args: Any, **options: Any) -> Any:
        self.made, protocol = await super().create_connection(*args, **options)
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
        self.call_soon(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        return self.made, protocol


def test_a_name_that_was_reached_without_a_descriptor_left_leaves_nothing_open():
    with closing(Crowded(Poller())) as loop, socket.create_server(("127.0.0.1", 0)) as listener:
        with pytest.raises(OSError, match="Too many open files"):
            loop.run_until_complete(dial(loop, Origin("localhost", listener.getsockname()[1])))
        assert loop.made.is_closing()
        loop.run_until_complete(asyncio.sleep(0))


@pytest.mark.skipif(not IS_THERE, reason="there is no openssl command")
def test_a_certificate_for_another_name_is_refused_and_nothing_is_left_open(loop: StreamLoop, authority: Authority):
    with closing(Stage(loop, *tls_of(authority, "DNS:elsewhere.example"))) as stage:
        before = descriptors()
        with pytest.raises(ssl.SSLCertVerificationError, match=r"127\.0\.0\.1"):
            stage.connect(lambda peer: peer.recv(1))
        stage.until(lambda: descriptors() <= before)


def test_a_server_that_never_shakes_hands_can_be_given_up(loop: StreamLoop):
    with closing(Stage(loop, None, ssl.create_default_context())) as stage:
        before = descriptors()

        async def give_up() -> None:
            async with asyncio.timeout(0.2):
                await dial(loop, stage.origin)

        with pytest.raises(TimeoutError):
            loop.run_until_complete(give_up())
        assert descriptors() <= before


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_address_and_a_name_are_both_reached_and_nobody_there_is_said(loop: StreamLoop, host: str):
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        with closing(loop.run_until_complete(dial(loop, Origin(host, port)))) as sock:
            assert sock.getpeername() == ("127.0.0.1", port)
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    with pytest.raises(OSError, match=r"refused|[Cc]onnect call failed"):
        loop.run_until_complete(dial(loop, Origin(host, port)))
