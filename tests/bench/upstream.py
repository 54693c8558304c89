"""A fast, dumb upstream for measuring what lies before it: every event carries the moment it was sent.

An order in the request's text says what comes back: `[[bench n=100 delay=20 size=30 ttft=0]]` – n deltas, milliseconds
between them, bytes of padding in each. Moments are `time.perf_counter_ns()`, one clock for all processes of a machine.
"""

import asyncio
import re
import sys
import time

ORDER = re.compile(rb"\[\[bench ([^\]]*)\]\]")
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
USAGE = b'"usage":{"input_tokens":100,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":%d}'
MESSAGE = (
    b'{"id":"msg_bench","type":"message","role":"assistant","model":"claude-haiku-4-5","content":[%b],'
    b'"stop_reason":%b,"stop_sequence":null,' + USAGE + b"}"
)
START = (
    b'event: message_start\ndata: {"type":"message_start","message":'
    + MESSAGE % (b"", b"null", 1)
    + b'}\n\nevent: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}}\n\n'
)
DELTA = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"@%019d;%b"}}\n\n'
)
END = (
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},'
    + USAGE
    + b'}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n'
)
HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nrequest-id: req_bench\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
FULL = 256 * 1024  # Bytes in flight after which a fast stream waits for its reader.


class Upstream(asyncio.Protocol):
    """One connection: answers its requests in turn."""

    gone_at: list[int] = []  # noqa: RUF012 – when streams were abandoned, for all connections.

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._busy = False
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
        length = LENGTH.search(self._buffer, 0, end)
        whole = end + 4 + (int(length[1]) if length else 0)
        if len(self._buffer) >= whole:
            request = bytes(self._buffer[:whole])
            del self._buffer[:whole]
            self._answer(request)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note when a stream was abandoned."""
        if self._busy:
            self.gone_at.append(time.perf_counter_ns())
        if self._timer:
            self._timer.cancel()

    def _answer(self, request: bytes) -> None:
        if request.startswith(b"GET /gone"):
            return self._whole(b",".join(b"%d" % at for at in self.gone_at))
        found = ORDER.search(request)
        order = dict(part.split(b"=") for part in (found[1] if found else b"n=1").split())
        self._left = self._count = int(order.get(b"n", 1))
        self._delay = int(order.get(b"delay", 0)) / 1000
        self._padding = b"x" * int(order.get(b"size", 0))
        self._busy = True
        begin = self._stream if b'"stream":true' in request or b'"stream": true' in request else self._one
        self._timer = self._loop.call_later(int(order.get(b"ttft", 0)) / 1000, begin)
        return None

    def _one(self) -> None:
        text = b'{"type":"text","text":"@%019d;%b"}' % (time.perf_counter_ns(), self._padding)
        self._busy = False
        self._whole(MESSAGE % (text, b'"end_turn"', self._count))

    def _whole(self, body: bytes) -> None:
        self._out.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nrequest-id: req_bench\r\ncontent-length: %d\r\n\r\n"
            % len(body)
            + body
        )

    def _stream(self) -> None:
        self._out.write(HEAD + _chunk(START))
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
        self._busy = False
        self._out.write(_chunk(END % self._count) + b"0\r\n\r\n")

    def _delta(self) -> None:
        self._left -= 1
        self._out.write(_chunk(DELTA % (time.perf_counter_ns(), self._padding)))


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
