"""Answers: what a view hands to the loop – a whole answer, a request to carry, a place in the line."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

Headers = list[tuple[bytes, bytes]]

MODE_CHANGED = "the mode was changed"
"""The detail of an exchange that was held back because `may_send` said no."""
STOPPED = "stopped"
"""The detail of an exchange that was ended by the emergency stop, or by the end of this process."""
LEFT = "the agent closed the connection"
"""The detail of an exchange that was ended because nobody reads its answer any more."""


class Ending(StrEnum):
    """How an exchange with an upstream came to its end."""

    complete = "complete"
    """The answer's framing was completed."""
    never_sent = "never_sent"
    """No connection: DNS, refused, TLS, proxy; the upstream has not seen a byte."""
    unanswered = "unanswered"
    """Reset or silence after the request was sent and before the answer's head."""
    truncated = "truncated"
    """The connection broke, or broke the protocol, in the answer."""
    silent = "silent"
    """Nothing came for longer than the limit, in the answer."""
    client_left = "client_left"
    """The agent closed its connection."""
    stopped = "stopped"
    """The emergency stop, or the end of this process."""


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers for the agent; the framing headers are the server's business."""

    status: int
    headers: Headers


@dataclass(frozen=True, slots=True)
class Whole:
    """A complete answer, to be sent with its length."""

    status: int
    headers: Headers
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a carried answer.

    `data` are the last bytes of the body; a tail that is not `clean` ends in a broken connection, so that no client
    takes it for complete. `whole` replaces everything when no head was sent yet. The answer ends once `settled`
    is done. `then` carries on with another answer (an escalation) instead of ending; `lost` is called in its place, on
    the loop's thread, if the agent has left.
    """

    data: bytes = b""
    clean: bool = True
    whole: Whole | None = None
    settled: Future[Any] | None = None
    then: Callable[[], Answer] | None = None
    lost: Callable[[], object] | None = None


class Carrier(Protocol):
    """What happens to an upstream's answer on its way to the agent: sans I/O, one object an exchange, one thread."""

    def open(self) -> Head | None:
        """Give the head that is sent before the first data, or after `open_s` without any; None to wait on."""

    def head(self, status: int, headers: Headers) -> Head | None:
        """Take the upstream's head; give the agent's, or None if it was sent or comes later, as a whole answer."""

    def feed(self, data: bytes) -> bytes:
        """Take bytes of the upstream's body; give bytes for the agent."""

    passes: Callable[[bytes], bool] | None
    """Takes a piece that goes to the agent as it is and needs no reading, or says no: then it is fed. None: all is."""

    def ping(self) -> bytes:
        """Give what keeps a silent stream alive, if anything."""

    def nearly_done(self) -> bool:
        """Tell whether the answer's end is a moment away, so that it is worth waiting for after the agent left."""

    def finish(self, ending: Ending, detail: str) -> Tail:
        """End it, whatever ended it: called exactly once; settles."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an upstream listens; `tls` is None for plain HTTP, `proxy` an explicit HTTP proxy's host and port."""

    host: str
    port: int
    tls: ssl.SSLContext | None = field(default=None, compare=False)
    proxy: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for an upstream, in seconds (FAULTS.md F01, F02, F09)."""

    connect_s: float = 10.0
    head_s: float = 600.0
    first_s: float = 120.0
    """From the answer's head to the first byte of its body."""
    idle_s: float = 120.0
    grace_s: float = 2.0
    open_s: float = 1.0
    ping_s: float = 5.0
    unread_s: float = 300.0
    drain: bool = False
    """Read an answer to its end although the agent left."""


class Carried:
    """Anything but bytes that a WSGI app may return: other servers see an empty body."""

    def __iter__(self) -> Iterator[bytes]:
        return iter(())


@dataclass(slots=True)
class Forward(Carried):
    """A request for the loop to carry to an upstream; the carrier turns the upstream's answer into the agent's."""

    origin: Origin
    method: bytes
    target: bytes
    headers: Headers
    body: bytes
    carrier: Carrier
    patience: Patience = field(default_factory=Patience)
    is_cloud: bool = True
    may_send: Callable[[], bool] = lambda: True
    """Asked on the loop's thread before a connection is opened, and again just before the first byte goes out."""
    has_all: Callable[[], bool] | None = None
    """Asked after each piece of the upstream's answer: whether the rest of it is not worth waiting for."""
    ends_aside: bool = False
    """Whether the end of its answer takes a while to work out: a worker thread then does it, and no stream waits."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A stream of which every byte is there: the whole of it, or the rest of one whose head was sent already."""

    head: Head
    data: bytes
    clean: bool = True
    settled: Future[Any] | None = None
    """The answer ends once it is done."""


@dataclass(slots=True)
class Later(Carried):
    """A place in the line: the agent waits until `wake` is called or the time is over, then `resume` answers.

    `join(wake)` enters the line, from the loop's thread, and may call `wake` from any thread and more than once;
    `leave()` gives the place up; `resume(woken)` runs in a worker thread and may answer with this same object again.
    If the wait gets long, an agent that `streams` is sent a stream's head and pings.
    """

    join: Callable[[Callable[[], None]], None]
    leave: Callable[[], None]
    resume: Callable[[bool], Answer]
    until: float
    """A moment of `time.monotonic`."""
    streams: bool = False
    silent_s: float = 120.0
    """How long a streaming agent waits without a byte: until then a refusal can still be a plain 402, after it costs a
    second request. Claude Code allows 361 s (CLAUDE_CODE.md §7)."""
    ping: bytes = b'event: ping\ndata: {"type": "ping"}\n\n'


Answer = Whole | Ready | Forward | Later
