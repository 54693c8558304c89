"""A client that sees and sends bytes: nothing is added, decoded or retried behind a test's back."""

import json
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.kit.fake_claude import KEY


class Truncated(ConnectionError):
    """The server ended the connection before the answer was complete; `wire` is what came."""

    def __init__(self, wire: bytes):
        super().__init__(f"the connection ended after {len(wire)} bytes")
        self.wire = wire


@dataclass(frozen=True)
class Answer:
    """One answer: `wire` as it came, `body` without chunk framing."""

    status: int
    headers: dict[str, str]  # Names in lower case.
    body: bytes
    wire: bytes

    @property
    def json(self) -> Any:
        """Return the parsed body."""
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """Return the error object of a refusal."""
        return self.json["error"]

    @property
    def events(self) -> list[tuple[str, Any]]:
        """Return a stream's events as name and parsed data."""
        return parsed_events(self.body)

    @property
    def text(self) -> str:
        """Return the text of a message, streamed or whole."""
        if not self.headers["content-type"].startswith("text/event-stream"):
            return "".join(block.get("text", "") for block in self.json["content"])
        deltas = (data["delta"] for name, data in self.events if name == "content_block_delta")
        return "".join(delta.get("text", "") for delta in deltas)


@dataclass
class Client:
    """One connection, opened when first used."""

    url: str
    timeout_s: float = 30
    _socket: socket.socket | None = None
    _buffer: bytearray = field(default_factory=bytearray)
    _wire: bytearray = field(default_factory=bytearray)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Send these bytes."""
        if self._socket is None:
            parts = urlsplit(self.url)
            self._socket = socket.create_connection((parts.hostname, parts.port), self.timeout_s)
        self._socket.sendall(data)

    def ask(self, body: dict[str, Any] | bytes, path: str = "/v1/messages", **headers: str) -> Answer:
        """Send a POST and read its answer."""
        self.send(post(self.url, body, path, **headers))
        return self.answer()

    def answer(self) -> Answer:
        """Read one answer to its end, past any 1xx; raises Truncated."""
        self._wire.clear()
        head = self._head()
        while head[9:10] == b"1":
            head = self._head()
        status, headers = int(head[9:12]), _headers(head)
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = self._chunks()
        elif "content-length" in headers:
            body = self._take(int(headers["content-length"]))
        else:
            body = self._rest()
        return Answer(status, headers, body, bytes(self._wire))

    def until(self, mark: bytes) -> bytes:
        """Read until the wire has carried these bytes; return all that came."""
        while mark not in self._wire + self._buffer:
            self._more()
        return bytes(self._wire + self._buffer)

    def close(self, *, rudely: bool = False) -> None:
        """Leave, with a FIN or with an RST."""
        if self._socket is None:
            return
        if rudely:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()
        self._socket = None

    def _head(self) -> bytes:
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        return self._take(self._buffer.index(b"\r\n\r\n") + 4)

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self._line().split(b";")[0], 16):
            parts.append(self._take(size))
            self._take(2)
        while self._line().strip():
            pass
        return b"".join(parts)

    def _line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            self._more()
        return self._take(self._buffer.index(b"\r\n") + 2)

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._more()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._wire += data
        return data

    def _rest(self) -> bytes:
        try:
            while True:
                self._more()
        except Truncated:
            return self._take(len(self._buffer))

    def _more(self) -> None:
        if self._socket is None:
            raise Truncated(bytes(self._wire + self._buffer))
        try:
            data = self._socket.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Truncated(bytes(self._wire + self._buffer))
        self._buffer += data


def post(url: str, body: dict[str, Any] | bytes, path: str = "/v1/messages", **headers: str) -> bytes:
    """Spell a POST as an agent sends it; a header's `_` stands for `-`, None leaves a header out."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return request(url, "POST", path, data, **{"content_type": "application/json", **headers})


def request(url: str, method: str, path: str, body: bytes = b"", **headers: str | None) -> bytes:
    """Spell any request."""
    host = urlsplit(url).netloc
    usual: dict[str, str | None] = {"host": host, "x_api_key": KEY, "anthropic_version": "2023-06-01"}
    if body or method == "POST":
        usual["content_length"] = str(len(body))
    merged = usual | headers
    lines = [f"{method} {path} HTTP/1.1"] + [f"{n.replace('_', '-')}: {v}" for n, v in merged.items() if v is not None]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def ask(url: str, body: dict[str, Any] | bytes, path: str = "/v1/messages", **headers: str) -> Answer:
    """Send one POST on a connection of its own."""
    with Client(url) as client:
        return client.ask(body, path, **headers)


def get(url: str, path: str, method: str = "GET", **headers: str | None) -> Answer:
    """Send one request without a body."""
    with Client(url) as client:
        client.send(request(url, method, path, **headers))
        if method == "HEAD":
            head = client._head()
            return Answer(int(head[9:12]), _headers(head), b"", head)
        return client.answer()


def message(text: str, *, model: str = "claude-sonnet-5-5", max_tokens: int = 1000, **fields: Any) -> dict[str, Any]:
    """Make the smallest body with this text."""
    return {
        "model": model,
        "max_tokens": max_tokens,
        "messages": [{"role": "user", "content": text}],
        **fields,
    }


def eventually(holds: Any, seconds: float = 60) -> None:
    """Wait until `holds()` is true; raises TimeoutError."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("it never came true")
        time.sleep(0.02)


def parsed_events(body: bytes) -> list[tuple[str, Any]]:
    """Read a stream's events as name and parsed data; an unfinished one at its end is left out."""
    found = []
    for event in body.decode("utf-8", "replace").replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in event.split("\n") if ": " in line and line[0] != ":")
        if "data" in fields:
            found.append((fields.get("event", ""), json.loads(fields["data"])))
    return found


def parsed(wire: bytes) -> Answer:
    """Read one answer from the bytes of a whole one."""
    client = Client("")
    client._buffer += wire
    return client.answer()


def _headers(head: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:] if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def unchunked(answer: bytes) -> bytes:
    """Give the body of an answer as it went over the wire, out of its chunks."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 1"):
        return unchunked(body)
    if b"transfer-encoding: chunked" not in head.lower():
        return body
    out = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        if size in (b"0", b"zz"):  # The end, or what the fault `bad-chunk` puts in its place.
            break
        length = int(size.split(b";")[0], 16)
        out += rest[:length]
        body = rest[length + 2 :]
    return out
