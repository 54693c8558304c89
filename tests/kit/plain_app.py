"""A proxy without a budget: a server whose one view forwards everything, to test how bytes are carried."""

import threading
from concurrent.futures import Future
from typing import Any

from flask import Flask, Response, request

from proxy.headers import to_agent, to_upstream
from proxy.server import Server
from proxy.wire.answer import Ending, Forward, Head, Headers, Origin, Patience, Tail, Whole
from proxy.wire.wsgi import WIRE

SSE = b"text/event-stream"


class Recorder:
    """A carrier that passes everything on and remembers how it ended."""

    passes = None

    def __init__(self, endings: "list[tuple[Ending, str]]", *, nearly: bool = False) -> None:
        self._endings, self._nearly = endings, nearly
        self._status, self._headers, self._whole = 0, [], None

    def open(self) -> Head | None:
        return None

    def head(self, status: int, headers: Headers) -> Head | None:
        self._status, self._headers = status, to_agent(headers, [])
        if any(SSE in value for _, value in headers):
            return Head(status, self._headers)
        self._whole = []
        return None

    def feed(self, data: bytes) -> bytes:
        if self._whole is None:
            return data
        self._whole.append(data)
        return b""

    def ping(self) -> bytes:
        return b""

    def nearly_done(self) -> bool:
        return self._nearly

    def finish(self, ending: Ending, detail: str) -> Tail:
        self._endings.append((ending, detail))
        done: Future[Any] = Future()
        threading.Timer(0.01, done.set_result, [None]).start()
        if self._whole is not None and ending is Ending.complete:
            return Tail(whole=Whole(self._status, self._headers, b"".join(self._whole)), settled=done)
        if not self._status or self._whole is not None:
            return Tail(whole=Whole(502, [], f"{ending}: {detail}".encode()), settled=done)
        data = b"" if ending is Ending.complete else b"event: error\ndata: {}\n\n"
        return Tail(data, clean=ending is Ending.complete, settled=done)


class PlainProxy:
    """A running server that forwards POST /v1/messages to one port; `endings` tells how each exchange ended."""

    def __init__(self, port: int, *, patience: Patience | None = None, nearly: bool = False) -> None:
        self.endings: list[tuple[Ending, str]] = []
        app = Flask("plain", static_folder=None)
        origin = Origin("127.0.0.1", port)

        @app.post("/v1/messages")
        def forward() -> Response:
            wire = request.environ[WIRE]
            return Response(
                Forward(
                    origin,
                    b"POST",
                    wire.target,
                    to_upstream(wire.headers),
                    wire.body,
                    Recorder(self.endings, nearly=nearly),
                    patience or Patience(),
                ),
                direct_passthrough=True,
            )

        self.server = Server(app, 0, name="plain", workers=4)
        self.server.start()

    def __enter__(self) -> "PlainProxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.server.drain(0.2)
        self.server.stop()
