"""What we offer on the bus: an object's methods and properties, and how a call to it is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tray.backends.bus import PROPERTIES
from tray.backends.wire import Failure, Message, Place, Reply, Variant

Answer = Reply | Failure
Property = Callable[[], Variant]
"""Worked out when somebody asks for it."""


@dataclass(frozen=True)
class Method:
    """A method; `do` is called with arguments of the signature that it `takes`."""

    takes: str
    do: Callable[..., Answer]


@dataclass(frozen=True)
class Signal:
    """Something to tell whoever listens to the object."""

    member: str
    signature: str = ""
    body: tuple[Any, ...] = ()


class Exported(Protocol):
    """An object with one interface."""

    place: Place
    methods: Mapping[str, Method]
    properties: Mapping[str, Property]


def answer(call: Message, objects: Sequence[Exported]) -> Answer:
    """Answer a call to one of the objects, or say in D-Bus's own words why not."""
    here = [thing for thing in objects if thing.place.path == call.path]
    if call.interface == "org.freedesktop.DBus.Peer" and call.member == "Ping":
        return Reply()
    if not here:
        return Failure("UnknownObject", f"there is nothing at {call.path}")
    if call.interface == PROPERTIES:
        return _property(call, here)
    for thing in here:
        if call.interface in ("", thing.place.interface) and call.member in thing.methods:
            return _called(call, thing.methods[call.member])
    return Failure("UnknownMethod", f"there is no method {call.interface}.{call.member} at {call.path}")


def _called(call: Message, method: Method) -> Answer:
    if call.signature != method.takes:
        return Failure("InvalidArgs", f"{call.member} takes ({method.takes}), not ({call.signature})")
    return method.do(*call.body)


def _property(call: Message, here: Sequence[Exported]) -> Answer:
    match call.member, call.signature:
        case "Get", "ss":
            return _get(here, *call.body)
        case "GetAll", "s":
            return Reply("a{sv}", ({name: give() for name, give in _of(here, call.body[0]).items()},))
        case "Set", "ssv":
            return Failure("PropertyReadOnly", "nothing here can be set")
    return Failure("UnknownMethod", f"{PROPERTIES} has no {call.member}({call.signature})")


def _get(here: Sequence[Exported], interface: str, name: str) -> Answer:
    give = _of(here, interface).get(name)
    return Reply("v", (give(),)) if give else Failure("UnknownProperty", f"{interface} has no property {name}")


def _of(here: Sequence[Exported], interface: str) -> Mapping[str, Property]:
    return next((thing.properties for thing in here if thing.place.interface == interface), {})
