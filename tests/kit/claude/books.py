"""The fake's own bill: one line for each request it began to answer, exact in picodollars, also while it streams."""

import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any

from tests.kit.claude.prices import Tokens, charge


@dataclass
class Line:
    """What one answered request has come to so far."""

    request_id: str
    message_id: str
    model: str
    tokens: Tokens  # `output` grows while the answer is generated.
    geo: str
    speed: str
    key: str  # A digest of the credential, so that a leak of the bill leaks no key.
    session: str
    at: float = field(default_factory=time.time)
    state: str = "open"  # Then "complete" or "cancelled".

    @property
    def picos(self) -> int:
        """Return what this request costs as things stand."""
        return charge(self.model, self.tokens, geo=self.geo, speed=self.speed)

    def generated(self, output: int) -> None:
        """Note that this many output tokens exist by now."""
        self.tokens = replace(self.tokens, output=output)

    def as_json(self) -> dict[str, Any]:
        """Return the line for `/_fake/bill`."""
        return {**vars(self), "tokens": vars(self.tokens), "picos": self.picos}


class Books:
    """All lines, oldest first; safe to read from another thread than the server's."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._lock = threading.Lock()

    def open(self, line: Line) -> Line:
        """Begin to bill a request."""
        with self._lock:
            self._lines.append(line)
        return line

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._lines.clear()

    def lines(self, after: int = 0) -> list[Line]:
        """Return the lines from number `after` on."""
        with self._lock:
            return self._lines[after:]

    def as_json(self, after: int = 0) -> dict[str, Any]:
        """Return the bill: the sum of each state, and every line."""
        lines = self.lines(after)
        sums = {state: sum(x.picos for x in lines if x.state == state) for state in ("complete", "cancelled", "open")}
        return {"picos": sum(sums.values()), **sums, "lines": [line.as_json() for line in lines]}
