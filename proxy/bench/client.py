"""A small blocking HTTP client for one local server: a request out, its stream read with the clock in hand."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

from proxy.translate.errors import Trouble, from_local
from proxy.translate.happenings import Reader, Reasoning, Text, ToolPiece
from proxy.translate.readers import reader_for
from proxy.translate.request import Translated
from proxy.translate.response import Folded
from proxy.upstream.anthropic import tls_context
from proxy.upstream.local_model import LocalUpstream

CONNECT_S = 5.0
ERROR_BYTES = 64 * 1024
PIECE_BYTES = 64 * 1024


class Unanswered(OSError):
    """A request got no whole answer; `late` when it was our time that ran out, `trouble` what the server said."""

    def __init__(self, why: str, *, late: bool = False, trouble: Trouble | None = None) -> None:
        super().__init__(why)
        self.why, self.late, self.trouble = why, late, trouble


@dataclass(frozen=True, slots=True)
class Timed:
    """An answer, and milliseconds from sending the request to its first word, its last word and its end."""

    answer: Folded
    first_ms: float
    last_ms: float
    end_ms: float
    begun_at: float


class Client:
    """Sends requests to one upstream. Each has a connection of its own, so that they can run side by side."""

    def __init__(self, upstream: LocalUpstream, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        parts = urlsplit(upstream.base_url)
        self._host, self._port = parts.hostname or "", parts.port
        self._path, self._is_tls = parts.path.rstrip("/"), parts.scheme == "https"
        self._key = upstream.api_key
        self.monotonic = monotonic
        self._open: set[socket.socket] = set()

    def ask(self, request: Translated, *, model: str, seconds: float) -> Timed:
        """Send a request and read its answer to the end, within `seconds`; raises Unanswered."""
        connection = self._connection()
        try:
            with closing(connection):
                connection.connect()
                sock = connection.sock
                self._open.add(sock)
                try:
                    return self._timed(connection, request, model, self.monotonic() + seconds)
                finally:
                    self._open.discard(sock)
        except TimeoutError:
            raise Unanswered("it did not answer in the time that was left", late=True) from None
        except Unanswered:
            raise
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered(_broken(error)) from error

    def give_up(self) -> None:
        """Break off what is under way, from another thread; the server then stops writing."""
        for sock in tuple(self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _connection(self) -> http.client.HTTPConnection:
        if self._is_tls:
            return http.client.HTTPSConnection(self._host, self._port, timeout=CONNECT_S, context=tls_context(None))
        return http.client.HTTPConnection(self._host, self._port, timeout=CONNECT_S)

    def _timed(self, connection: http.client.HTTPConnection, request: Translated, model: str, until: float) -> Timed:
        sock = connection.sock
        headers = {"content-type": "application/json", "accept": "*/*", "connection": "close"}
        if self._key:
            headers["authorization"] = f"Bearer {self._key}"
        begun = self.monotonic()
        sock.settimeout(_left(until - begun))
        connection.request("POST", self._path + request.path, request.body, headers)
        response = connection.getresponse()
        if response.status != 200:
            trouble = from_local(response.status, response.read(ERROR_BYTES))
            raise Unanswered(trouble.why, trouble=trouble)
        watch = _Watch(request, model)
        while piece := response.read1(PIECE_BYTES):
            now = self.monotonic()
            watch.feed(piece, (now - begun) * 1000)
            if now > until:
                raise TimeoutError
            sock.settimeout(_left(until - now))
        return watch.end((self.monotonic() - begun) * 1000, begun)


class _Watch:
    """Reads an answer as bursar does for an agent, and notes when its words came, unspoken ones included."""

    def __init__(self, request: Translated, model: str) -> None:
        self._answer = Folded(model, request)
        self._reader: Reader = reader_for(request.wire)
        self._first: float | None = None
        self._last = 0.0

    def feed(self, piece: bytes, at_ms: float) -> None:
        if any(isinstance(one, Text | Reasoning | ToolPiece) for one in self._reader.feed(piece)):
            self._first = at_ms if self._first is None else self._first
            self._last = at_ms
        self._answer.feed(piece)

    def end(self, at_ms: float, begun_at: float) -> Timed:
        self._answer.end(clean=True)
        trouble = self._answer.trouble
        if trouble is not None:
            raise Unanswered(trouble.why, trouble=trouble)
        return Timed(self._answer, at_ms if self._first is None else self._first, self._last or at_ms, at_ms, begun_at)


def _left(seconds: float) -> float:
    return max(0.001, seconds)


def _broken(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "it is not running"
    return "its connection broke"
