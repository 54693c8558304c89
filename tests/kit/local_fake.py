"""A small model server that misbehaves on purpose: Chat Completions as local servers speak it, faults included.

Each request is answered by the next `Act` of the script, or by the last one for ever; an act may be a function that
makes it of the request's body.
"""

import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True)
class Act:
    """What one request to /v1/chat/completions is answered with.

    `cut_after` bytes of the body the connection is reset, or closed as if it were whole when `politely`;
    after `hang_after` bytes nothing more comes; a pause comes before the first byte and between the pieces.
    """

    body: bytes = b""
    status: int = 200
    content_type: str = "text/event-stream"
    first_byte_s: float = 0.0
    between_s: float = 0.0
    piece: int = 0
    cut_after: int | None = None
    politely: bool = False
    hang_after: int | None = None


@dataclass
class LocalFake:
    """The running server: where it is, what it was asked, and whether its clients left early."""

    url: str
    acts: "list[Act | Callable[[dict[str, Any]], Act]]"
    pages: dict[str, tuple[int, Any]]
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def next_act(self, body: dict[str, Any]) -> Act:
        """Take the next act; the last one stays."""
        act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
        return act if isinstance(act, Act) else act(body)


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> bytes:
    """Write one chunk as an event."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return b"data: %b\n\n" % json.dumps({"object": "chat.completion.chunk", "choices": choices, **more}).encode()


def usage(prompt: int = 100, output: int = 10, cached: int = 0) -> bytes:
    """Write the chunk that carries the counts."""
    counts = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}
    return chunk(usage={**counts, "prompt_tokens_details": {"cached_tokens": cached}})


def says(*texts: str) -> bytes:
    """Write a whole answer of text, as llama.cpp does."""
    return (
        chunk({"role": "assistant", "content": None}) + b"".join(chunk({"content": text}) for text in texts) + ending()
    )


def calls(name: str, arguments: str, *, pieces: int = 3, identifier: str = "local-1") -> bytes:
    """Write a whole answer of one tool call, its arguments in pieces."""
    step = max(1, -(-len(arguments) // pieces))
    first = {"index": 0, "id": identifier, "type": "function", "function": {"name": name, "arguments": ""}}
    rest = [arguments[at : at + step] for at in range(0, len(arguments), step)]
    deltas = [chunk({"tool_calls": [first]})]
    deltas += [chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}) for piece in rest]
    return b"".join(deltas) + ending("tool_calls")


def ending(finish: str = "stop") -> bytes:
    """Write the end of an answer: the reason, the counts, the mark."""
    return chunk({}, finish) + usage() + DONE


@contextmanager
def local_fake(
    *acts: Act | Callable[[dict[str, Any]], Act], pages: dict[str, tuple[int, Any]] | None = None, port: int = 0
) -> Iterator[LocalFake]:
    """Run the server; `pages` are its answers to other paths, a status and a JSON value each."""
    server = _Server(("127.0.0.1", port), _Handler)
    port = server.server_address[1]
    listed = {"/v1/models": (200, {"object": "list", "data": [{"id": "fake-model"}]})}
    server.fake = LocalFake(
        f"http://127.0.0.1:{port}", list(acts or [Act(says("Hello."))]), {**listed, **(pages or {})}
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.fake
    finally:
        server.fake.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    fake: LocalFake

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet: a client that leaves is part of the play."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a question about the server."""
        self._page(None)

    def do_POST(self) -> None:
        """Answer a request for an answer, or a question with a body."""
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"null")
        if self.path == "/v1/chat/completions":
            self.server.fake.requests.append(body)
            self.server.fake.headers.append({name.lower(): value for name, value in self.headers.items()})
            self._play(self.server.fake.next_act(body))
        else:
            self._page(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep quiet."""

    def _page(self, body: Any) -> None:
        self.server.fake.paths.append(self.path)
        status, answer = self.server.fake.pages.get(self.path, (404, {"error": {"message": "not found"}}))
        raw = json.dumps(answer(body) if callable(answer) else answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _play(self, act: Act) -> None:
        try:
            time.sleep(act.first_byte_s)
            self.send_response(act.status)
            self.send_header("content-type", act.content_type)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            self._send_body(act)
        except (BrokenPipeError, ConnectionResetError):
            self.server.fake.left.set()
            self.close_connection = True

    def _send_body(self, act: Act) -> None:
        end = min(stop for stop in (act.cut_after, act.hang_after, len(act.body)) if stop is not None)
        step = act.piece or max(1, end)
        for at in range(0, end, step):
            self._chunk(act.body[at : min(at + step, end)])
            time.sleep(act.between_s)
        if act.hang_after is not None:
            self._wait_for_client()
        elif act.cut_after is not None and not act.politely:
            self._reset()
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, piece: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.flush()

    def _wait_for_client(self) -> None:
        """Say nothing more until the client leaves or the play is over."""
        self.close_connection = True
        self.connection.settimeout(0.05)
        while not self.server.fake.released.is_set():
            try:
                if self.connection.recv(1) == b"":
                    self.server.fake.left.set()
                    return
            except TimeoutError:
                continue

    def _reset(self) -> None:
        """Break the connection off with a reset instead of an end."""
        linger_at_once = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        self.connection.setsockopt(socketserver.socket.SOL_SOCKET, socketserver.socket.SO_LINGER, linger_at_once)
        self.close_connection = True
        self.connection.close()
