"""The question that a person's commands ask: would this desktop show a tray icon?"""

from __future__ import annotations

import time
from collections.abc import Sequence

from tray.backends.base import State
from tray.backends.bus import DAEMON, PROPERTIES, Bus, NoBus, open_bus
from tray.backends.doorbell import Doorbell
from tray.backends.registration import HOST_SHOWN, WATCHER, WATCHER_NAME
from tray.backends.wire import Message, Place


def probe(addresses: Sequence[str], timeout_s: float = 2.0) -> State:
    """Ask the desktop whether a panel is there that shows icons; one that does not answer in time shows none."""
    try:
        bus = open_bus(addresses, timeout_s)
    except NoBus:
        return "no-bus"
    try:
        return "host" if _has_watcher(bus, timeout_s) and _has_host(bus, timeout_s) else "no-host"
    except NoBus:
        return "no-bus"
    finally:
        bus.close()


def _has_watcher(bus: Bus, timeout_s: float) -> bool:
    """Look before asking: a question to a name that nobody has may start a program."""
    found = _answer(bus, DAEMON, "NameHasOwner", "s", (WATCHER_NAME,), timeout_s)
    return found is not None and found.kind == "return" and bool(found.body[0])


def _has_host(bus: Bus, timeout_s: float) -> bool:
    place = Place(WATCHER.path, PROPERTIES, WATCHER.owner)
    found = _answer(bus, place, "Get", "ss", (WATCHER.interface, HOST_SHOWN), timeout_s)
    return found is not None and found.kind == "return" and bool(found.body[0][1])


def _answer(
    bus: Bus, place: Place, member: str, signature: str, body: tuple[str, ...], timeout_s: float
) -> Message | None:
    answers: list[Message] = []
    bus.ask(place, member, signature, body, answered=answers.append)
    until = time.monotonic() + timeout_s
    bell = Doorbell()
    try:
        while not answers and (left_s := until - time.monotonic()) > 0:
            if bell.wait(left_s, bus.socket):
                bus.read()
    finally:
        bell.close()
    return answers[0] if answers else None
