"""A provider in a process of its own that bills what it is sent, keeps its own books, and is never killed."""

from __future__ import annotations

import contextlib
import os
import random
import selectors
import socket
import time
from collections import defaultdict
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection


@dataclass
class Bill:
    """What one day's requests cost in truth, in picodollars, by request id."""

    requests: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.requests.values())


class Provider:
    """The provider as its customers' controller sees it: a port, and the bill on demand."""

    def __init__(self, seed: int) -> None:
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = listener.getsockname()[1]
        self._ours, theirs = Pipe()
        self.pid = os.fork()
        if self.pid == 0:
            with contextlib.suppress(KeyboardInterrupt):
                _serve(listener, theirs, random.Random(seed))
            os._exit(0)
        listener.close()

    def bills(self, days: list[str]) -> dict[str, Bill]:
        """Wait until the last customer's connections are closed and read out, then give the bills of some days."""
        self._ours.send(days)
        return {day: Bill(requests) for day, requests in self._ours.recv().items()}

    def close(self) -> None:
        self._ours.send(None)
        os.waitpid(self.pid, 0)


def _serve(listener: socket.socket, control: Connection, chance: random.Random) -> None:
    """Bill each line the moment it arrives, answer a little later: whoever dies in between has been billed."""
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(control, selectors.EVENT_READ)
    bills: dict[str, dict[str, int]] = defaultdict(dict)
    late: list[tuple[float, socket.socket, bytes]] = []
    asked: list[str] | None = None
    open_connections = 0
    while True:
        for key, _ in selector.select(0.001 if late or asked is not None else None):
            if key.fileobj is listener:
                customer, _ = listener.accept()
                selector.register(customer, selectors.EVENT_READ)
                open_connections += 1
            elif key.fileobj is control:
                asked = control.recv()
                if asked is None:
                    return
            else:
                customer = key.fileobj  # type: ignore[assignment]
                data = _read(customer)
                if not data:
                    selector.unregister(customer)
                    customer.close()
                    open_connections -= 1
                for line in data.splitlines():
                    cost = _bill(bills, line, chance)
                    late.append((time.monotonic() + chance.random() * 0.004, customer, b"%d\n" % cost))
        late = _answer(late)
        if asked is not None and not open_connections and not _someone_knocks(listener):
            control.send({day: bills[day] for day in asked})
            asked = None


def _bill(bills: dict[str, dict[str, int]], line: bytes, chance: random.Random) -> int:
    day, request_id, bound = line.decode().split()
    cost = int(bound) if chance.random() < 0.6 else chance.randrange(int(bound) + 1)
    assert request_id not in bills[day], "a request was sent twice"
    bills[day][request_id] = cost
    return cost


def _answer(late: list[tuple[float, socket.socket, bytes]]) -> list[tuple[float, socket.socket, bytes]]:
    now = time.monotonic()
    for due, customer, answer in late:
        if due <= now:
            with contextlib.suppress(OSError):
                customer.send(answer)
    return [item for item in late if item[0] > now]


def _read(customer: socket.socket) -> bytes:
    try:
        return customer.recv(4096)
    except OSError:
        return b""


def _someone_knocks(listener: socket.socket) -> bool:
    listener.setblocking(False)
    try:
        knocking = selectors.DefaultSelector()
        knocking.register(listener, selectors.EVENT_READ)
        return bool(knocking.select(0))
    finally:
        knocking.close()
        listener.setblocking(True)
