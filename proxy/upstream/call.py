"""One question to a model, asked and heard to its end by whoever waits for it: for probes, not for agents' requests."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import httptools

from proxy.upstream.anthropic import tls_context

CONNECT_S = 3.0
TICK_S = 0.25
_PIECE_BYTES = 64 * 1024


class Ended(StrEnum):
    """How a call came to its end."""

    WHOLE = "whole"
    UNREACHABLE = "unreachable"
    CUT = "cut"
    TOO_LATE = "too late"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Question:
    """What is posted where; the `url` is whole."""

    url: str
    body: bytes
    api_key: str = ""


class Hearing:
    """Takes an answer as it comes: its status, then its body, piece by piece. `first_at` is when the first came."""

    def __init__(self, take: Callable[[int, bytes], None], monotonic: Callable[[], float]) -> None:
        self._take, self._monotonic = take, monotonic
        self._parser = httptools.HttpResponseParser(self)
        self._framed = False
        self.is_whole = False
        self.first_at: float | None = None

    @property
    def status(self) -> int:
        """The answer's status; 0 before its head was read."""
        return self._parser.get_status_code()

    def feed(self, data: bytes) -> None:
        """Take bytes of the connection."""
        self._parser.feed_data(data)

    def closed(self) -> None:
        """Take the end of the connection, which ends an answer without a length of its own."""
        self.is_whole = self.is_whole or (not self._framed and self.status > 0)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note whether the answer says itself where it ends."""
        self._framed = self._framed or name.lower() in (b"content-length", b"transfer-encoding")

    def on_body(self, data: bytes) -> None:
        """Hand a piece of the body on."""
        if self.first_at is None:
            self.first_at = self._monotonic()
        self._take(self.status, data)

    def on_message_complete(self) -> None:
        """Note the end, unless it was that of an interim answer."""
        self.is_whole = self.status >= 200


def ask(
    question: Question,
    hearing: Hearing,
    *,
    until: float,
    leaving: Callable[[], bool],
    monotonic: Callable[[], float] = time.monotonic,
) -> Ended:
    """Post a question and hear the answer; gives up at `until`, or within a moment of `leaving`.

    The connection is closed in any case, which ends the generation.
    """
    parts = urlsplit(question.url)
    assert parts.hostname
    try:
        connection = socket.create_connection((parts.hostname, _port(parts.scheme, parts.port)), CONNECT_S)
    except OSError:
        return Ended.UNREACHABLE
    with connection:
        try:
            stream = _secured(connection, parts.scheme, parts.hostname)
            stream.sendall(_head(question, parts.netloc, parts.path) + question.body)
            return _hear(stream, hearing, until, leaving, monotonic)
        except (OSError, httptools.HttpParserError):
            return Ended.CUT


def _hear(
    stream: socket.socket, hearing: Hearing, until: float, leaving: Callable[[], bool], monotonic: Callable[[], float]
) -> Ended:
    stream.settimeout(TICK_S)
    while not hearing.is_whole:
        if leaving():
            return Ended.CANCELLED
        if monotonic() > until:
            return Ended.TOO_LATE
        try:
            data = stream.recv(_PIECE_BYTES)
        except TimeoutError:
            continue
        if not data:
            hearing.closed()
            return Ended.WHOLE if hearing.is_whole else Ended.CUT
        hearing.feed(data)
    return Ended.WHOLE


def _secured(connection: socket.socket, scheme: str, host: str) -> socket.socket:
    return tls_context(None).wrap_socket(connection, server_hostname=host) if scheme == "https" else connection


def _port(scheme: str, port: int | None) -> int:
    return port or (443 if scheme == "https" else 80)


def _head(question: Question, host: str, path: str) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {host}",
        "Content-Type: application/json",
        "Accept: application/json, text/event-stream",
        f"Content-Length: {len(question.body)}",
        "Connection: close",
    ]
    if question.api_key:
        lines.append(f"Authorization: Bearer {question.api_key}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
