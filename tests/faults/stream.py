"""A small whole stream of Claude's, in every framing that HTTP has for it, and what it costs."""

import gzip
import json
import zlib
from dataclasses import dataclass

from pricing.money import Money

FEW = {"input_tokens": 10, "output_tokens": 1}
COST = Money(10 * 2_000_000 + 5 * 10_000_000)  # 10 in at $2, 5 out at $10.


def stream(text: str = "Hello.") -> bytes:
    """Spell a whole stream of 10 tokens in and 5 out."""
    events = [
        ("message_start", {"message": {"model": "claude-sonnet-5-5", "usage": FEW}}),
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": text}}),
        ("content_block_stop", {"index": 0}),
        ("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}}),
        ("message_stop", {}),
    ]
    return b"".join(
        b"event: %b\ndata: %b\n\n" % (name.encode(), json.dumps({"type": name, **data}, ensure_ascii=False).encode())
        for name, data in events
    )


@dataclass(frozen=True)
class Framed:
    """One framing: the bytes on the wire, and the body in them, packed or not."""

    wire: bytes
    body: bytes
    is_packed: bool = False

    def plain(self, seen: bytes) -> bytes:
        """Unpack the beginning of the body, as far as it goes."""
        return zlib.decompressobj(47).decompress(seen) if self.is_packed else seen


def framings() -> dict[str, Framed]:
    """Give the stream plain to the connection's end, with a length, in chunks, and packed."""
    return framed(stream("Grüße, 世界"))


def framed(plain: bytes) -> dict[str, Framed]:
    """Frame a stream in every way."""
    packed = gzip.compress(plain, mtime=0)
    return {
        "until the end": Framed(_head("connection: close") + plain, plain),
        "length": Framed(_head(f"content-length: {len(plain)}") + plain, plain),
        "chunked": Framed(_head("transfer-encoding: chunked") + _chunks(plain), plain),
        "gzip": Framed(
            _head(f"content-length: {len(packed)}", "content-encoding: gzip") + packed, packed, is_packed=True
        ),
        "gzip in chunks": Framed(
            _head("transfer-encoding: chunked", "content-encoding: gzip") + _chunks(packed), packed, is_packed=True
        ),
    }


def _head(*headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", "request-id: req_1", "content-type: text/event-stream", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def _chunks(body: bytes, size: int = 61) -> bytes:
    """Frame a body in chunks that no event ends with."""
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
