"""Agents' own settings, as the dashboard changes them: shown first, then exactly that is done, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Verb = Literal["connect", "disconnect"]


@dataclass(frozen=True, slots=True)
class Wire:
    """One agent that is here: how it stands, its settings file, and what can be done."""

    name: str
    title: str
    file: str
    says: str
    is_connected: bool
    """Whether bursar has changed its settings, so that it can be undone."""


@dataclass(frozen=True, slots=True)
class Change:
    """What would change in an agent's settings, as the lines of a diff; `seal` names exactly this change."""

    wire: Wire
    diff: str
    notes: tuple[str, ...]
    gateway: str
    """An address of the person's own that would go out of use, unless bursar sends on to it; empty for none."""
    seal: str


class AgentWires(Protocol):
    """What a person can have done to agents' settings; RequestError says why not."""

    def wires(self) -> Sequence[Wire]:
        """Name the agents that are here."""

    def change(self, name: str, verb: Verb) -> Change:
        """Say what connecting or disconnecting an agent would change."""

    def make(self, name: str, verb: Verb, seal: str, *, through_gateway: bool) -> None:
        """Make the change of that seal, and no other."""
