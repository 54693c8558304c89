"""What is to be thought of one tool call: right as it came, right after a repair, or wrong and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from proxy.toolcalls.call import Call, ToolUse


class Step(StrEnum):
    """One repair. None of them changes what a string says, or makes up a value."""

    EMPTY = "empty arguments"
    NEWLINES = "raw control characters"
    FENCE = "code fence"
    CLOSED = "missing closing braces"
    COMMAS = "trailing commas"
    PYTHON = "Python literal"
    UNWRAPPED = "JSON inside a string"
    NAME = "name"
    SHAPE = "shape"
    COERCED = "type"
    DROPPED = "empty extras"
    TEXT = "call inside the text"


class Why(StrEnum):
    """What is wrong with a call, in words that hold none of the prompt."""

    CUT = "the length limit cut it off"
    NO_JSON = "its arguments are no JSON"
    NO_OBJECT = "its arguments are no object"
    UNNAMED = "it names no tool"
    UNKNOWN_TOOL = "it names a tool that was not sent"
    SCHEMA = "its arguments do not fit the tool's schema"


@dataclass(frozen=True, slots=True)
class AsIs:
    """A call that is right as it came."""

    use: ToolUse


@dataclass(frozen=True, slots=True)
class Repaired:
    """A call that is right after some steps; `style` tells in which form it stood in the text, if it did."""

    use: ToolUse
    steps: tuple[Step, ...]
    style: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """A call that is wrong, as it came; `detail` is the keyword of the schema that it offends."""

    call: Call
    why: Why
    detail: str = ""


Verdict = AsIs | Repaired | Failed


class Misfit(ValueError):
    """Arguments that do not fit; `keyword` is the schema's word that they offend."""

    def __init__(self, keyword: str) -> None:
        super().__init__(keyword)
        self.keyword = keyword
