"""An upstream that keeps every byte it is sent and answers each request alike."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fuzz.framing import Plain, plain

USAGE = {"input_tokens": 10, "output_tokens": 5}
MESSAGE = json.dumps(
    {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-5-5",
        "content": [{"type": "text", "text": "Hello."}],
        "stop_reason": "end_turn",
        "usage": USAGE,
    }
).encode()


@dataclass
class Witness:
    """What came: requests as they were framed, and what was no request at all."""

    requests: list[tuple[bytes, Plain]] = field(default_factory=list)
    garbage: list[bytes] = field(default_factory=list)
    heard: Callable[[bytes], None] = lambda raw: None
    """Told of each request at once."""
    url: str = ""

    async def start(self) -> asyncio.Server:
        """Listen on loopback; sets the address."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 26)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = b""
        try:
            while piece := await reader.read(1 << 20):
                data += piece
                while (found := plain(data)) is not None:
                    raw, data = data[: len(data) - len(found.rest)], found.rest
                    self.requests.append((raw, found))
                    self.heard(raw)
                    writer.write(_answer(raw))
        except (ConnectionError, asyncio.CancelledError):  # The latter at the very end.
            pass
        finally:
            if data:
                self.garbage.append(data)
            writer.close()


def _answer(raw: bytes) -> bytes:
    return (
        b"HTTP/1.1 200 OK\r\nrequest-id: req_1\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        % len(MESSAGE)
        + (b"" if raw.startswith(b"HEAD ") else MESSAGE)
    )
