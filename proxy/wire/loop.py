"""The event loop: asyncio's own, with a shorter way for what comes often.

An event of a stream is read, looked at and written in a few microseconds; the turn of asyncio's loop around it takes
longer than that, more so when other programs have emptied the caches meanwhile. So readers of streams are called where
the loop waits for sockets, and it only takes a turn when one of them has left it something to do. Linux only:
elsewhere the loop is asyncio's.

Source: epoll(7); selectors.BaseSelector and asyncio.SelectorEventLoop take any selector.
"""

from __future__ import annotations

import asyncio
import math
import select
import selectors
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import Context
from typing import Any, TypeVarTuple, Unpack

Reader = Callable[[], None]
"""Reads what has come; must not raise."""
MOST_AT_ONCE = 256
_Args = TypeVarTuple("_Args")


def new_loop() -> asyncio.AbstractEventLoop:
    """Make the loop that suits this system."""
    return StreamLoop(Poller()) if sys.platform.startswith("linux") else asyncio.new_event_loop()


class Poller(selectors.BaseSelector):
    """A selector that calls the readers of streams itself, until one has left the loop something to do."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._keys: dict[int, selectors.SelectorKey] = {}
        self.readers: dict[int, Reader] = {}
        """By descriptor; each is registered, too."""
        self.is_wanted = False
        """The loop has something to do that it did not know of when it began to wait."""

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Watch a descriptor, or what has one."""
        number = _descriptor(fileobj)
        if number in self._keys:
            raise KeyError(f"{fileobj!r} is registered already")
        self._epoll.register(number, _mask(events))
        key = self._keys[number] = selectors.SelectorKey(fileobj, number, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """Watch it no more; it may be closed already."""
        key = self._keys.pop(_descriptor(fileobj))
        with suppress(OSError):
            self._epoll.unregister(key.fd)
        return key

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Watch it for something else."""
        key = self._keys[_descriptor(fileobj)]
        if events != key.events:
            self._epoll.modify(key.fd, _mask(events))
        key = self._keys[key.fd] = selectors.SelectorKey(key.fileobj, key.fd, events, data)
        return key

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait so many seconds, for ever without a number, and give what is ready and is not read here."""
        self.is_wanted = False
        until = math.inf if timeout is None else time.monotonic() + timeout
        while True:
            left = self._read(self._epoll.poll(timeout, MOST_AT_ONCE))
            if left or self.is_wanted:
                return self._ready(left)
            if timeout is not None:
                timeout = until - time.monotonic()
                if timeout <= 0:
                    return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """Give what is watched, by descriptor."""
        return self._keys

    def close(self) -> None:
        """Watch nothing more."""
        self._epoll.close()
        self._keys.clear()
        self.readers.clear()

    def _read(self, found: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Call the readers of streams; give what the loop must see to."""
        left, readers = [], self.readers
        for number, event in found:
            reader = readers.get(number)
            if reader is None or event & select.EPOLLOUT:
                left.append((number, event))
            else:
                reader()
        return left

    def _ready(self, found: list[tuple[int, int]]) -> list[tuple[selectors.SelectorKey, int]]:
        ready = []
        for number, event in found:
            if key := self._keys.get(number):  # One that was read before it may have closed it.
                writes = selectors.EVENT_WRITE if event & ~select.EPOLLIN else 0
                reads = selectors.EVENT_READ if event & ~select.EPOLLOUT else 0
                ready.append((key, (writes | reads) & key.events))
        return ready


class StreamLoop(asyncio.SelectorEventLoop):
    """asyncio's loop over a poller, which it tells when there is something to do."""

    def __init__(self, poller: Poller) -> None:
        super().__init__(poller)
        self.poller = poller

    def call_soon(
        self, callback: Callable[[Unpack[_Args]], object], *args: *_Args, context: Context | None = None
    ) -> asyncio.Handle:
        """Call something in the next turn, which comes at once."""
        self.poller.is_wanted = True
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[_Args]], object],
        *args: *_Args,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call something at a moment, which may be earlier than all others."""
        self.poller.is_wanted = True
        return super().call_at(when, callback, *args, context=context)

    def read_stream(self, number: int, reader: Reader) -> None:
        """Have a descriptor read as soon as something has come."""
        self.add_reader(number, reader)
        self.poller.readers[number] = reader

    def leave_stream(self, number: int) -> None:
        """Have it read no more."""
        if self.poller.readers.pop(number, None):
            self.remove_reader(number)


def _descriptor(fileobj: Any) -> int:
    return fileobj if isinstance(fileobj, int) else int(fileobj.fileno())


def _mask(events: int) -> int:
    reads = select.EPOLLIN if events & selectors.EVENT_READ else 0
    return reads | (select.EPOLLOUT if events & selectors.EVENT_WRITE else 0)
