"""A WSGI app behind the hub: an environ from a request, an answer from what the app returns."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from proxy.wire.answer import Answer, Carried, Forward, Headers, Later, Whole
from proxy.wire.framing import WireRequest

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
WIRE = "bursar.wire"
"""The environ key under which a view finds the request as it came."""


def serve(app: WsgiApp, request: WireRequest, host: str, port: int) -> Answer:
    """Call the app; a `Forward` or `Later` that it returns in place of a body is the answer, else its bytes are."""
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
        started[:] = [status, headers]

    result = app(environ(request, host, port), start_response)
    if isinstance(result, Carried) and isinstance(result, (Forward, Later)):
        return result
    try:
        body = b"".join(result)
    finally:
        close = getattr(result, "close", None)
        if close:
            close()
    status, headers = started
    return Whole(int(status[:3]), _without_length(headers), body)


def environ(request: WireRequest, host: str, port: int) -> dict[str, Any]:
    """Build the environ of PEP 3333, and the request as it came beside it."""
    path, _, query = request.target.partition(b"?")
    env: dict[str, Any] = {
        "REQUEST_METHOD": request.method.decode("latin-1"),
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{request.version}",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": str(request.peer_port),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        WIRE: request,
    }
    for name, value in request.lower.items():
        env["HTTP_" + name.decode("latin-1").upper().replace("-", "_")] = value.decode("latin-1")
    env["CONTENT_TYPE"] = env.pop("HTTP_CONTENT_TYPE", "")
    env.pop("HTTP_CONTENT_LENGTH", None)
    env["CONTENT_LENGTH"] = str(len(request.body))
    return env


def _without_length(headers: list[tuple[str, str]]) -> Headers:
    return [(n.encode("latin-1"), v.encode("latin-1")) for n, v in headers if n.lower() != "content-length"]
