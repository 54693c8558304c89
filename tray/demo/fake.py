"""A small web server of this process on 127.0.0.1: what both made-up upstreams are."""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Json = dict[str, Any]

MOST_BODY = 64 * 2**20


class Fake(ABC):
    """One upstream; serves for as long as the block lasts."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="fake", daemon=True)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Fake:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @abstractmethod
    def answer(self, path: str, asked: Json | None) -> Json | Iterable[bytes] | None:
        """Answer a POST's fields, or a GET's None: with JSON, with a stream, or with nothing where there is nothing."""

    def names(self) -> dict[str, str]:
        """Give headers of the answer that was just made."""
        return {}


def _handler_of(fake: Fake) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One connection."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            """Answer a question."""
            self._give(fake.answer(self.path.partition("?")[0], None))

        def do_POST(self) -> None:
            """Answer a question with a body."""
            size = min(int(self.headers.get("content-length", 0)), MOST_BODY)
            asked = json.loads(self.rfile.read(size) or b"{}")
            self._give(fake.answer(self.path.partition("?")[0], asked))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

        def _give(self, made: Json | Iterable[bytes] | None) -> None:
            if made is None or isinstance(made, dict):
                content = json.dumps(made or {"error": {"type": "not_found_error", "message": "not found"}}).encode()
                self._head(200 if made else 404, "application/json")
            else:
                content = b"".join(made)
                self._head(200, "text/event-stream")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _head(self, status: int, kind: str) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            for name, value in fake.names().items():
                self.send_header(name, value)

    return Handler


def event(fields: Json, *, named: bool = False) -> bytes:
    """Write one event of a stream."""
    name = f"event: {fields['type']}\n" if named else ""
    return f"{name}data: {json.dumps(fields)}\n\n".encode()
