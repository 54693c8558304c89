"""Around: what a bursar finds on a person's machine beside servers, and what they may have done about it.

The proxy knows no settings files and no desktop; who builds bursar tells it by this, or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class FoundAgent:
    """An agent that has been used or installed here.

    `says` tells where its requests go; `connect` is the command that leads them here, empty if there is nothing to do.
    """

    title: str
    says: str
    connect: str


@dataclass(frozen=True, slots=True)
class PastLogs:
    """The agent's own logs of the time before bursar: where, how many files, how large."""

    folder: str
    files: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Import:
    """How far the import of those logs is; `said` is what it came to, or what went wrong."""

    state: Literal["not begun", "under way", "done", "failed"] = "not begun"
    said: str = ""


class Around(Protocol):
    """What is around."""

    def agents(self) -> tuple[FoundAgent, ...]:
        """Name the agents that are here."""

    def logs(self) -> PastLogs | None:
        """Find past logs worth importing; None if there are none."""

    def importing(self) -> Import:
        """Tell how far the import is."""

    def import_logs(self) -> None:
        """Begin to import them, unless that is under way; returns at once."""

    def starts_at_login(self) -> bool | None:
        """Tell whether bursar starts when the person logs in; None where that cannot be told."""

    def start_at_login(self, on: bool) -> None:
        """Have it started then, or no longer; raises OSError with a sentence for a person."""
