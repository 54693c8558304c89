"""Names of requests: one that no other request has, of this run or an earlier one."""

from __future__ import annotations

import secrets
from itertools import count


class Names:
    """Names requests by this run and by their number in it: those of one run lie side by side in an index."""

    def __init__(self) -> None:
        self._run = secrets.token_hex(6)
        self._numbers = count(1)

    def next(self) -> str:
        """Give a name; safe from any thread."""
        return f"req_{self._run}{next(self._numbers):08x}"
