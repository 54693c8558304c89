"""A fast, dumb upstream for measuring what lies before it: every event carries the moment it was sent.

An order in the request's text says what comes back: `[[bench n=100 delay=20 size=30 ttft=0 id=x]]` – n deltas,
milliseconds between them, bytes of padding in each, milliseconds before the first byte. `/v1/chat/completions` answers
in OpenAI's dialect, any other path in Anthropic's. `GET /gone` tells when the orders with an id were abandoned.
"""

import asyncio
import gc
import json
import re
import sys
import time

from tests.bench.wire import CHAT, MESSAGES, MODELS, mark

ORDER = re.compile(rb"\[\[bench ([^\]]*)\]\]")
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"transfer-encoding: *chunked", re.IGNORECASE)
STREAMS = re.compile(rb'"stream": ?true')
HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nrequest-id: req_bench\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
FULL = 256 * 1024  # Bytes in flight after which a fast stream waits for its reader.


class Upstream(asyncio.Protocol):
    """One connection: answers its requests in turn."""

    gone: dict[str, int] = {}  # noqa: RUF012 – when orders were abandoned, for all connections.

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._busy = ""
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._out: asyncio.Transport = transport  # type: ignore[assignment]
        self._out.set_write_buffer_limits(high=FULL)
        self._loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        """Answer when a request is whole."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._busy:
            return
        if CHUNKED.search(self._buffer, 0, end):
            last = self._buffer.find(b"\r\n0\r\n\r\n", end)
            whole = last + 7 if last >= 0 else sys.maxsize
        else:
            length = LENGTH.search(self._buffer, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
        if len(self._buffer) >= whole:
            request = bytes(self._buffer[:whole])
            del self._buffer[:whole]
            self._answer(request)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note when an order was abandoned."""
        if self._busy:
            self.gone[self._busy] = time.perf_counter_ns()
        if self._timer:
            self._timer.cancel()

    def _answer(self, request: bytes) -> None:
        self._arrived = time.perf_counter_ns()
        line = request[: request.find(b"\r\n")]
        if line.startswith(b"GET /gone"):
            return self._whole(json.dumps(self.gone).encode())
        if line.startswith((b"GET", b"HEAD")):
            return self._whole(MODELS if b"/models" in line else b"{}")
        self._dialect = CHAT if b"/chat/completions" in line else MESSAGES
        # The order stands at the end, behind what the request drags along.
        found = ORDER.search(request, max(0, len(request) - 4096)) or ORDER.search(request)
        order = dict(part.split(b"=") for part in (found[1] if found else b"n=1").split())
        self._left = self._count = int(order.get(b"n", 1))
        self._delay = int(order.get(b"delay", 0)) / 1000
        self._padding = b"x" * int(order.get(b"size", 0))
        self._busy = order.get(b"id", b"-").decode()
        begin = self._stream if STREAMS.search(request) else self._one
        wait_s = int(order.get(b"ttft", 0)) / 1000
        if wait_s:
            self._timer = self._loop.call_later(wait_s, begin)
        else:
            begin()
        return None

    def _one(self) -> None:
        self._busy = ""
        self._whole(self._dialect.whole % (self._text(), self._count))

    def _whole(self, body: bytes) -> None:
        self._out.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nrequest-id: req_bench\r\ncontent-length: %d\r\n\r\n"
            % len(body)
            + body
        )

    def _stream(self) -> None:
        self._out.write(HEAD + _chunk(self._dialect.start))
        self._due = self._loop.time()
        self._next()

    def _next(self) -> None:
        if self._delay:
            self._delta()
            self._due += self._delay
        else:
            while self._left and self._out.get_write_buffer_size() < FULL:
                self._delta()
        if self._left:
            self._timer = self._loop.call_at(self._due if self._delay else self._loop.time() + 0.0005, self._next)
            return
        self._busy = ""
        self._out.write(_chunk(self._dialect.end % self._count) + b"0\r\n\r\n")

    def _delta(self) -> None:
        self._left -= 1
        self._out.write(_chunk(self._dialect.delta % self._text()))

    def _text(self) -> bytes:
        return mark(self._arrived, time.perf_counter_ns(), self._padding)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    gc.disable()  # Nothing here is a cycle, and a pause would look like the proxy's.
    asyncio.run(_serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
