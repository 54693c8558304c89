"""Call: one request of a recorded day, as far as its cost and its route depend on it; never a word of its prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proxy.task import Tier

MAIN, BACKGROUND = "main", "bg"
"""The names of the two agents that are no sub-agents: the conversation itself, and what is asked beside it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call; `prefix` tokens of its prompt were sent before, `new` are added, `out` came back.

    `t` is in seconds since the day's first moment. `turn` names the turn within its session and agent, `tier` is what
    the turn is truly worth. `tool` is what the answer calls, `file` what that tool edits, where it is known.
    """

    t: float
    session: str
    agent: str
    turn: int | str
    step: int
    kind: str
    model: str
    tier: Tier
    task_class: str
    prefix: int
    new: int
    out: int
    tool: str | None = None
    file: str = ""
    shared: int = 0
    """Of the prompt, what Claude read though this conversation was cold: others had it written, as tools and system."""
    plain: int = 0
    """Of the prompt, what stands at its end behind the last mark for the cache."""
    for_an_hour: bool | None = None
    """Whether its marks ask for an hour; None where nobody knows."""

    @property
    def prompt(self) -> int:
        """The tokens that go in."""
        return self.prefix + self.new

    @property
    def is_title(self) -> bool:
        """Whether it is a small request beside the conversation, which marks nothing for the cache."""
        return self.agent == BACKGROUND

    @property
    def is_compaction(self) -> bool:
        """Whether it asks for a summary of the conversation."""
        return self.kind == "background:compaction"

    @property
    def is_subagent(self) -> bool:
        """Whether a sub-agent asks, in a conversation of its own."""
        return self.agent not in (MAIN, BACKGROUND)

    @property
    def turn_key(self) -> str:
        """Name its turn within all sessions."""
        return f"{self.session}/{self.agent}/{self.turn}"


def call_of(row: Mapping[str, Any]) -> Call:
    """Read a call from a row of names and values; names that are none of its own are passed over."""
    known = {name: row[name] for name in Call.__slots__ if name in row}
    return Call(**{**known, "tier": Tier[row["tier"]]})
