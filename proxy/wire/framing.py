"""Framing: a request as it came, and what in its head could be read in two ways."""

from __future__ import annotations

from dataclasses import dataclass, field

from proxy.wire.answer import Headers

MAX_HEAD = 64 * 1024
MAX_HEADERS = 200
MAX_BODY = 33 * 1024 * 1024
"""A little over the API's own limit of 32 MB, so that the API's own words reach the agent."""
ONCE = (b"host", b"content-length", b"transfer-encoding", b"content-type", b"origin")
"""Headers that mean two different things if they come twice."""


@dataclass(slots=True)
class WireRequest:
    """A complete request as it came; header names keep their case."""

    method: bytes
    target: bytes
    headers: Headers
    version: str = "1.1"
    body: bytes = b""
    keep_alive: bool = True
    lower: dict[bytes, bytes] = field(default_factory=dict)
    """The last value of each header by its lower-case name."""
    peer_port: int = 0
    """The port that it came from."""


def has_body(request: WireRequest) -> bool:
    """Tell whether a body follows the head."""
    return b"transfer-encoding" in request.lower or int(request.lower.get(b"content-length", b"0")) > 0


def framing_of(request: WireRequest) -> bytes:
    """Write a head that has the request's framing and nothing else."""
    if b"transfer-encoding" in request.lower:
        return b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    return b"POST / HTTP/1.1\r\nContent-Length: %b\r\n\r\n" % request.lower[b"content-length"]


def framing_fault(request: WireRequest) -> tuple[int, str] | None:
    """Say what could be read as two different requests (FAULTS.md F11): status and reason; None if it is plain."""
    values = b"".join([value for _, value in request.headers])
    coding = request.lower.get(b"transfer-encoding")
    length = request.lower.get(b"content-length")
    if request.version not in ("1.0", "1.1"):
        return 400, "only HTTP/1.0 and HTTP/1.1 are spoken here"
    if len(request.headers) > MAX_HEADERS:
        return 431, "too many headers"
    if len(request.target) + sum([len(name) for name, _ in request.headers]) + len(values) > MAX_HEAD:
        return 431, "the request's head is over 64 KiB"
    if not request.target.startswith(b"/"):
        return 400, "the request target must be a path: bursar is not an open proxy"
    if len(request.lower) < len(request.headers) and (twice := _came_twice(request)):
        return 400, f"the header {twice.decode()} came twice"
    if coding is not None and (length is not None or coding.strip().lower() != b"chunked" or request.version == "1.0"):
        return 400, "this transfer-encoding is not accepted"
    if length is not None and not (length.isdigit() and len(length) < 16):
        return 400, "content-length is not a number"
    if length is not None and int(length) > MAX_BODY:
        return 413, "the request is larger than 33 MiB"
    if b"\x00" in values or b"\r" in values or b"\n" in values:
        return 400, "a header holds a control character"
    return None


def _came_twice(request: WireRequest) -> bytes | None:
    names = [name.lower() for name, _ in request.headers]
    return next((once for once in ONCE if names.count(once) > 1), None)
