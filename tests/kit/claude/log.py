"""Every request the fake received, to the byte: the newest whole, the older ones by their digest."""

import base64
import hashlib
import time
from collections import deque
from typing import Any

from tests.kit.claude.wire import Request

MOST_KEPT_BYTES = 256 << 20


class RequestLog:
    """The requests in the order in which they were complete."""

    def __init__(self, keep: int = 512):
        self._keep = keep
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._all: list[dict[str, Any]] = []
        self._bodies: deque[tuple[int, bytes]] = deque()
        self._answers: deque[tuple[int, bytes]] = deque(maxlen=self._keep)
        self._kept_bytes = 0

    def add(self, request: Request) -> dict[str, Any]:
        """Note a request; the returned record takes what becomes of it (`status`, `end`, `ended_at`)."""
        record = {
            "number": len(self._all),
            "connection": request.connection,
            "method": request.method,
            "target": request.target,
            "chunked": request.chunked,
            "head": base64.b64encode(request.head).decode(),
            "size": len(request.body),
            "sha256": hashlib.sha256(request.body).hexdigest(),
            "at": time.time(),
            "status": None,
            "end": "open",
            "ended_at": None,
        }
        self._all.append(record)
        self._bodies.append((len(self._all) - 1, request.body))
        self._kept_bytes += len(request.body)
        while len(self._bodies) > self._keep or self._kept_bytes > MOST_KEPT_BYTES:
            self._kept_bytes -= len(self._bodies.popleft()[1])
        return record

    def close(self, record: dict[str, Any], answer: bytes) -> None:
        """Note that a request is over, and the bytes it was answered with."""
        record["ended_at"] = time.time()
        self._answers.append((record["number"], answer))

    def as_json(self, after: int = 0, *, bodies: bool = True) -> list[dict[str, Any]]:
        """Return the records from number `after` on, with `body` and `answer` where they are still kept."""
        kept = (("body", dict(self._bodies)), ("answer", dict(self._answers))) if bodies else ()
        return [
            record | {name: base64.b64encode(texts[number]).decode() for name, texts in kept if number in texts}
            for number, record in enumerate(self._all[after:], after)
        ]
