"""The door: a link that works once lets a browser in, for as long as this bursar runs and the browser is open.

A browser sends its cookies to every port of 127.0.0.1, so a cookie alone changes nothing: each write also needs the
visit's own `csrf`, which only our pages hold.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

T = TypeVar("T")

LINK_LASTS_S = 120.0
IDLE_S = 12 * 3600.0
MOST_LINKS, MOST_VISITS = 16, 32


@dataclass(frozen=True, slots=True)
class Visit:
    """One browser that was let in: what its cookie holds, and what its writes must carry."""

    cookie: str
    csrf: str

    def may_write(self, given: str) -> bool:
        """Tell whether a write carries what only our own pages know."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.csrf.encode())


class Door:
    """Links and visits, in memory: a restart ends them all. Safe from any thread."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._links: OrderedDict[bytes, float] = OrderedDict()
        self._visits: OrderedDict[bytes, tuple[Visit, float]] = OrderedDict()
        self._lock = threading.Lock()

    def link(self) -> str:
        """Make the code of a link that works once, for two minutes."""
        code = secrets.token_urlsafe(32)
        with self._lock:
            self._links[_key(code)] = self._elapsed() + LINK_LASTS_S
            _shorten(self._links, MOST_LINKS)
        return code

    def enter(self, code: str) -> Visit | None:
        """Let a browser in that came by a link; None if the link was used, is too old, or never was."""
        with self._lock:
            ends = self._links.pop(_key(code), None)
            if ends is None or self._elapsed() > ends:
                return None
            visit = Visit(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
            self._visits[_key(visit.cookie)] = (visit, self._elapsed() + IDLE_S)
            _shorten(self._visits, MOST_VISITS)
            return visit

    def visit(self, cookie: str) -> Visit | None:
        """Find the visit of a cookie; each use of it lets it live on."""
        key = _key(cookie)
        with self._lock:
            visit, ends = self._visits.pop(key, (None, 0.0))
            if visit is None or self._elapsed() > ends:
                return None
            self._visits[key] = (visit, self._elapsed() + IDLE_S)
            return visit

    def leave(self, visit: Visit) -> None:
        """End a visit."""
        with self._lock:
            self._visits.pop(_key(visit.cookie), None)


def _key(secret: str) -> bytes:
    """Look secrets up by their digest, so that the time it takes tells nothing of them."""
    return sha256(secret.encode("utf-8", "replace")).digest()


def _shorten(kept: OrderedDict[bytes, T], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
