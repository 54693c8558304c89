"""A local server for benches: it counts tokens like a real one, takes its time, and fails where it is told to."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from proxy.bench.progress import Progress
from proxy.upstream.local_model import LocalModel, LocalUpstream
from tests.kit.local_fake import DONE, chunk, says

CHARS_PER_TOKEN = 3.5
CONTEXT = 12_000


@dataclass
class Habits:
    """What the server does: seconds a prompt token takes, and its faults."""

    per_token_s: float = 0.0
    no_usage: bool = False
    dies_after: int | None = None
    dies_over_tokens: int | None = None
    refuses_over_tokens: int | None = None
    cuts_to_tokens: int | None = None
    words: int = 64
    answer: Callable[[dict[str, Any]], bytes] | None = None
    model: str = "counting"
    requests: list[dict[str, Any]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    seen: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def counting_server(habits: Habits | None = None) -> Iterator[tuple[LocalUpstream, Habits]]:
    """Run the server, and give it as the registry would."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.habits = habits or Habits()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    model = LocalModel(server.habits.model, CONTEXT, kind="openai")
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        yield LocalUpstream("fake", url, "openai", (model,), healthy=True), server.habits
    finally:
        server.shutdown()
        server.server_close()


def nobody() -> LocalUpstream:
    """An upstream where nothing listens."""
    return LocalUpstream("none", "http://127.0.0.1:9", "openai", (LocalModel("m", CONTEXT),), healthy=True)


def quiet(_progress: Progress) -> None:
    """Tell nobody."""


def with_context(model: LocalModel, context: int) -> LocalModel:
    """The same model with another window."""
    return replace(model, context=context)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    habits: Habits

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet: a client that leaves is part of the play."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """List the one model."""
        if self.path != "/v1/models":
            self._json(404, {"error": {"message": "not found"}})
            return
        self._json(200, {"object": "list", "data": [{"id": self.server.habits.model, "max_model_len": CONTEXT}]})

    def do_POST(self) -> None:
        """Answer a chat request."""
        habits, body = self.server.habits, json.loads(self.rfile.read(int(self.headers["content-length"])))
        with habits.lock:
            habits.requests.append(body)
            habits.at_once += 1
            habits.most_at_once = max(habits.most_at_once, habits.at_once)
        try:
            self._answer(habits, body)
        finally:
            with habits.lock:
                habits.at_once -= 1

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep quiet."""

    def _answer(self, habits: Habits, body: dict[str, Any]) -> None:
        text = "".join(_words(message) for message in body["messages"])
        tokens = int(len(text) / CHARS_PER_TOKEN)
        if habits.refuses_over_tokens and tokens > habits.refuses_over_tokens:
            message = f"the request exceeds the available context size ({habits.refuses_over_tokens})"
            self._json(400, {"error": {"message": message, "type": "exceed_context_size_error"}})
            return
        if habits.cuts_to_tokens:
            tokens = min(tokens, habits.cuts_to_tokens)
        cached = self._cached(habits, text)
        time.sleep((tokens - cached) * habits.per_token_s)
        self.send_response(200)
        self.send_header("content-type", "application/x-ndjson" if self.path == "/api/chat" else "text/event-stream")
        self.end_headers()
        if self.path == "/api/chat":
            self._stream_ollama(habits, body, tokens)
            return
        dies = habits.dies_after is not None and len(habits.requests) > habits.dies_after
        dies = dies or (habits.dies_over_tokens is not None and tokens > habits.dies_over_tokens)
        self._stream(habits, body, tokens, cached, dies=dies)

    def _stream(self, habits: Habits, body: dict[str, Any], tokens: int, cached: int, *, dies: bool) -> None:
        if habits.answer is not None:
            self.wfile.write(habits.answer(body))
            return
        words = min(habits.words, body["max_tokens"])
        for number in range(words // 2 if dies else words):
            self.wfile.write(chunk({"content": f"{number} "}))
            self.wfile.flush()
            time.sleep(0.0005)
        if dies:
            return
        self.wfile.write(chunk({}, "length" if words == body["max_tokens"] else "stop"))
        if not habits.no_usage:
            counts = {"prompt_tokens": tokens, "completion_tokens": words, "total_tokens": tokens + words}
            self.wfile.write(chunk(usage={**counts, "prompt_tokens_details": {"cached_tokens": cached}}))
        self.wfile.write(DONE)

    def _stream_ollama(self, habits: Habits, body: dict[str, Any], tokens: int) -> None:
        """Answer in Ollama's own dialect, which tells nanoseconds: 1 ms a token read, 20 ms a token written."""
        words = min(habits.words, body["options"]["num_predict"])
        for number in range(words):
            self._line({"message": {"role": "assistant", "content": f"{number} "}, "done": False})
        self._line({
            "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "length",
            "prompt_eval_count": tokens, "prompt_eval_duration": tokens * 1_000_000,
            "eval_count": words, "eval_duration": words * 20_000_000,
        })  # fmt: skip

    def _line(self, value: dict[str, Any]) -> None:
        self.wfile.write(json.dumps({"model": self.server.habits.model, **value}).encode() + b"\n")

    def _cached(self, habits: Habits, text: str) -> int:
        """Count the beginning that an earlier prompt had too, as a prefix cache does."""
        with habits.lock:
            common = max((_common(text, other) for other in habits.seen), default=0)
            habits.seen.append(text)
        return int(common / CHARS_PER_TOKEN)

    def _json(self, status: int, value: Any) -> None:
        raw = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def text_answer(text: str) -> Callable[[dict[str, Any]], bytes]:
    """Always say this."""
    return lambda _body: says(text)


def _words(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _common(one: str, other: str) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one.startswith(other[:middle]) else (low, middle - 1)
    return low
