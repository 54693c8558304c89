"""Bus: one connection to a person's D-Bus, used by one thread."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import Any

from tray.backends.wire import Failure, Greeting, Message, Place, Reply, Wire, socket_names

DAEMON = Place("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
PROPERTIES = "org.freedesktop.DBus.Properties"
PATIENCE_S = 5.0  # With a bus that neither reads nor answers.


class NoBus(ConnectionError):
    """There is no bus, it lets us not in, or it went away."""


class Bus:
    """A socket to the bus. Raises NoBus wherever the bus turns out to be gone."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.name = ""  # Ours on this bus, once it has said so.
        self._wire = Wire()
        self._asked: dict[int, Callable[[Message], None]] = {}
        self.ask(DAEMON, "Hello", answered=self._greeted)

    def ask(
        self,
        place: Place,
        member: str,
        signature: str = "",
        body: tuple[Any, ...] = (),
        *,
        answered: Callable[[Message], None] = lambda answer: None,
    ) -> None:
        """Call a method; `answered` gets the return or the error when `read` comes upon it."""
        serial, data = self._wire.call(place, member, signature, body)
        self._asked[serial] = answered
        self._send(data)

    def emit(self, place: Place, member: str, signature: str = "", body: tuple[Any, ...] = ()) -> None:
        """Send a signal to whoever listens."""
        self._send(self._wire.signal(place, member, signature, body))

    def answer(self, call: Message, answer: Reply | Failure) -> None:
        """Answer a call, if its caller wants to know."""
        if call.wants_reply:
            self._send(self._wire.answer(call, answer))

    def read(self) -> list[Message]:
        """Take what has arrived: answers go to who asked, calls and signals are given back."""
        rest = []
        for message in self._wire.feed(_received(self.socket)):
            if message.kind in ("call", "signal"):
                rest.append(message)
            elif message.reply_to in self._asked:
                self._asked.pop(message.reply_to)(message)
        return rest

    def close(self) -> None:
        """Leave the bus; it tells everybody."""
        self.socket.close()

    def _greeted(self, answer: Message) -> None:
        if answer.kind == "error":
            raise NoBus(f"the bus gives no name: {answer.body}")
        self.name = answer.body[0]

    def _send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise NoBus(f"the bus takes nothing: {error}") from error


def open_bus(addresses: Sequence[str], timeout_s: float = PATIENCE_S) -> Bus:
    """Connect to the first of the addresses that answers. Raises NoBus when none does."""
    why = "no address of a bus is known"
    for name in socket_names(addresses):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(timeout_s)
        try:
            sock.connect(name)
            _greet(sock)
            return Bus(sock)
        except (OSError, ValueError) as error:
            sock.close()
            why = str(error)
    raise NoBus(why)


def _greet(sock: socket.socket) -> None:
    greeting = Greeting()
    for line in greeting.lines():
        sock.sendall(line)
        if not greeting.is_done:
            greeting.heard(_received(sock))


def _received(sock: socket.socket) -> bytes:
    try:
        data = sock.recv(65536)
    except OSError as error:
        raise NoBus(f"the bus is gone: {error}") from error
    if not data:
        raise NoBus("the bus is gone")
    return data
