"""Task: what a request asks for, how much it matters who does it, and why we think so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Literal


class Tier(IntEnum):
    """How much depends on who does the work; a higher one is never sent where a lower one may not go."""

    L0 = 0
    """Safe: a wrong answer is cheap."""
    L1 = 1
    """Routine: a junior's work of minutes."""
    L2 = 2
    """Sensitive or complex."""
    L3 = 3
    """Restricted: secrets, credentials, auth flows, payments, legal text."""


class TaskClass(StrEnum):
    """What kind of work is asked for."""

    code_generation = "code_generation"
    debugging = "debugging"
    refactor = "refactor"
    test = "test"
    documentation = "documentation"
    explanation = "explanation"
    architecture = "architecture"
    analysis = "analysis"
    ops = "ops"
    continuation = "continuation"
    other = "other"
    background = "background"
    """The agent's own calls: titles, summaries."""
    unknown = "unknown"


Side = Literal["title", "webfetch", "websearch", "compaction", "subagent", "count"]
"""A request that an agent makes on its own account, beside the turn of its user."""


NO_WORDS = "words.none"
"""The rule that a request without words of its user is taken for complex by."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: the name of a rule and where it applied; never a word of the prompt."""

    rule: str
    where: str

    def __str__(self) -> str:
        return f"{self.rule} in {self.where}"


@dataclass(frozen=True, slots=True)
class Task:
    """What a request is taken for; `confidence` is from 0 to 1, `reasons` begin with the one that decided.

    `doubt` is the chance, from 0 to 1, that it is complex work after all; None where nobody weighed that.
    """

    task_class: TaskClass
    tier: Tier
    confidence: float
    reasons: tuple[Reason, ...]
    side: Side | None = None
    doubt: float | None = None

    @property
    def is_wordless(self) -> bool:
        """Tell whether its tier says only that there were no words to tell it by."""
        return any(reason.rule == NO_WORDS for reason in self.reasons) and self.tier <= Tier.L2
