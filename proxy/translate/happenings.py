"""What a local server's answer tells, piece by piece, whatever dialect it is told in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from proxy.translate.errors import Trouble
from proxy.translate.usage import LocalUsage


@dataclass(frozen=True, slots=True)
class Text:
    """Words for the person."""

    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Words the model says to itself."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolPiece:
    """Part of a tool call; what a server leaves out is empty, a missing index is None."""

    index: int | None
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Finish:
    """Why the model stopped; `stop` is the stop sequence where the server says which it was."""

    reason: str
    stop: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The stream's own end mark."""


@dataclass(frozen=True, slots=True)
class Sureness:
    """How little a model wanted the least wanted token of its tool calls, as a logprob before any grammar."""

    least: float


Happening = Text | Reasoning | ToolPiece | Finish | LocalUsage | Sureness | Trouble | Done


class Reader(Protocol):
    """Turns the bytes of one answer into happenings, however they are cut; never raises."""

    def feed(self, chunk: bytes) -> list[Happening]:
        """Take the next bytes, and return what they tell."""

    def end(self) -> list[Happening]:
        """Take the end of the bytes."""
