"""Wire: the D-Bus protocol, sans-I/O: bytes in, messages out, and back. The only file that knows jeepney."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal

import jeepney  # type: ignore[import-untyped]
from jeepney import HeaderFields, MessageFlag, MessageType
from jeepney.auth import BEGIN, Authenticator  # type: ignore[import-untyped]
from jeepney.bus import get_connectable_addresses  # type: ignore[import-untyped]

Variant = tuple[str, Any]
"""A value with its D-Bus signature."""

Kind = Literal["call", "return", "error", "signal"]
KINDS: dict[Any, Kind] = {
    MessageType.method_call: "call",
    MessageType.method_return: "return",
    MessageType.error: "error",
    MessageType.signal: "signal",
}


@dataclass(frozen=True)
class Place:
    """An interface of an object; `owner` is the bus name it lives under, where that matters."""

    path: str
    interface: str
    owner: str = ""


@dataclass(frozen=True)
class Message:
    """One message from the bus; `reply_to` is the serial of the call that a return or an error answers."""

    kind: Kind
    serial: int
    reply_to: int
    sender: str
    path: str
    interface: str
    member: str
    signature: str
    body: tuple[Any, ...]
    wants_reply: bool
    raw: Any


@dataclass(frozen=True)
class Reply:
    """What a call is answered with."""

    signature: str = ""
    body: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Failure:
    """Why a call is not answered; `error` is the last part of one of D-Bus's own error names."""

    error: str
    text: str


class Wire:
    """One connection's side of the protocol: its serials, and a message cut in half."""

    def __init__(self) -> None:
        self._parser = jeepney.Parser()
        self._serials = count(1)

    def feed(self, data: bytes) -> list[Message]:
        """Give the messages that these bytes complete."""
        return [_read(message) for message in self._parser.feed(data)]

    def call(self, place: Place, member: str, signature: str, body: tuple[Any, ...]) -> tuple[int, bytes]:
        """Write a call; gives its serial, too, by which its answer is known."""
        address = jeepney.DBusAddress(place.path, bus_name=place.owner, interface=place.interface)
        return self._write(jeepney.new_method_call(address, member, signature or None, body))

    def signal(self, place: Place, member: str, signature: str, body: tuple[Any, ...]) -> bytes:
        """Write a signal to whoever listens."""
        address = jeepney.DBusAddress(place.path, interface=place.interface)
        return self._write(jeepney.new_signal(address, member, signature or None, body))[1]

    def answer(self, call: Message, answer: Reply | Failure) -> bytes:
        """Write the answer to a call."""
        if isinstance(answer, Reply):
            message = jeepney.new_method_return(call.raw, answer.signature or None, answer.body)
        else:
            name = f"org.freedesktop.DBus.Error.{answer.error}"
            message = jeepney.new_error(call.raw, name, "s", (answer.text,))
        return self._write(message)[1]

    def _write(self, message: Any) -> tuple[int, bytes]:
        serial = next(self._serials)
        return serial, message.serialise(serial=serial)


class Greeting:
    """What is said before the first message: who we are, by the kernel's word."""

    def __init__(self) -> None:
        self._authenticator = Authenticator()

    def lines(self) -> Iterator[bytes]:
        """Give what to send; `heard` must be handed an answer between two of them. Raises ValueError when refused."""
        yield from self._authenticator
        yield BEGIN

    @property
    def is_done(self) -> bool:
        """Tell whether the bus has let us in."""
        return bool(self._authenticator.authenticated)

    def heard(self, data: bytes) -> None:
        """Take the bus's answer. Raises ValueError when it lets nobody in."""
        self._authenticator.feed(data)


def socket_names(addresses: Sequence[str]) -> list[str]:
    """Name the Unix sockets of the bus addresses, in order; what cannot be read, or is no Unix socket, is left out."""
    found: list[str] = []
    for address in addresses:
        try:
            found += get_connectable_addresses(address)
        except (ValueError, RuntimeError):
            continue
    return found


def _read(message: Any) -> Message:
    header = message.header
    field = header.fields.get
    return Message(
        kind=KINDS[header.message_type],
        serial=header.serial,
        reply_to=field(HeaderFields.reply_serial, 0),
        sender=field(HeaderFields.sender, ""),
        path=field(HeaderFields.path, ""),
        interface=field(HeaderFields.interface, ""),
        member=field(HeaderFields.member, ""),
        signature=field(HeaderFields.signature, ""),
        body=tuple(message.body),
        wants_reply=not header.flags & MessageFlag.no_reply_expected,
        raw=message,
    )
