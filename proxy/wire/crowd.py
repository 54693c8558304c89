"""The crowd: how many connections a server holds at once, and who makes room for the next one (FAULTS.md F10)."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol, TypeVar

if sys.platform != "win32":
    import resource

MOST_DESCRIPTORS = 8192
MOST_AGENTS = 4096
MOST_ON_CONTROL = 64
"""The `bursar` commands, the tray and a browser; a page of ours opens six."""
LEAST = 16
OURS = 148
"""Descriptors for everything else: the database, logs, idle connections to upstreams, who was just accepted."""
SAY_EVERY_S = 60.0
OUT_OF_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)


class Connected(Protocol):
    """What is known of a connection."""

    busy: bool
    heard: float


_One = TypeVar("_One", bound=Connected)


def most_agents() -> int:
    """Raise this process's limit of descriptors as far as it may be, and tell how many agents' connections fit in.

    Each can need another one to an upstream.
    """
    return min(MOST_AGENTS, max(LEAST, (_descriptors() - OURS - MOST_ON_CONTROL) // 2))


def who_goes(there: Iterable[_One], comer: _One) -> _One | None:
    """Choose who makes room for one more: who was silent the longest of those that are not being answered."""
    return min((one for one in there if not one.busy and one is not comer), key=lambda one: one.heard, default=None)


class Seldom:
    """Lets the same be said once a minute."""

    def __init__(self) -> None:
        self._said: float | None = None

    def may(self, now_s: float) -> bool:
        """Tell whether it may be said now; if so, it is taken as said."""
        if self._said is not None and now_s - self._said < SAY_EVERY_S:
            return False
        self._said = now_s
        return True


def _descriptors() -> int:
    """Give the limit of descriptors in force, which is the system's where it lets us have that."""
    if sys.platform == "win32":
        return MOST_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MOST_DESCRIPTORS
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
    return soft
