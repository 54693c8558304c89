"""Signs that a local model's answer is a bad one: cheap to see, named, and free of the answer's words.

One alone may be wrong; whoever escalates decides which of them count for which turn.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from proxy.toolcalls.again import is_same_again
from proxy.toolcalls.check import CUTS
from proxy.toolcalls.styles import ENDS, MARKERS
from proxy.toolcalls.verdict import Failed, Verdict, Why
from proxy.translate.usage import Speed

TAIL_CHARS = 400
"""How much of an answer's end is read for what it announces."""

TAIL_CHARS_REPEATED = 4096
WINDOW_CHARS, WINDOW_TIMES, WINDOW_LETTERS = 40, 4, 5
WINDOWS_LOOKED_AT = 200
ZLIB_BYTES, ZLIB_RATIO = 2048, 0.15


FORCED_LOGPROB = -8.0
"""Below it a token was forced on the model. Measured on a real llama.cpp server: forced ones −10 and less, mostly −20
or none at all; what sampling may choose by llama.cpp's defaults (top 40, at least 5 % of the best) lies above −7."""


class Signal(StrEnum):
    """One sign."""

    NO_FINISH = "no finish reason"
    EMPTY = "empty answer"
    CUT_IN_CALL = "cut off inside a call"
    WRONG_CALL = "a wrong call"
    NOT_CALLED = "announced a call and made none"
    RAW_MARKERS = "raw markers in the text"
    REPETITION = "repeats itself"
    SAME_CALL = "the same call again after the same result"
    NO_CALL = "a call was required and none was made"
    FORCED = "a call was forced by the grammar"
    PROMPT_CUT = "the prompt was cut"
    NEARLY_FULL = "the context is nearly full"
    SLOW = "too slow"
    LANGUAGE = "answers in another script"
    BROKEN_TEXT = "broken characters"


@dataclass(frozen=True, slots=True)
class Heard:
    """What an answer came to: its text, the verdicts on its calls, why it stopped, and the tools that it had.

    The rest where it is known: how little the model wanted the least wanted token of its calls, the tokens that the
    server counted (`prompt_tokens` with the cached ones), the context they had to fit into, the bytes of prompt text
    that were sent, how long the server took, and whether a call had to be made.
    """

    text: str
    verdicts: tuple[Verdict, ...] = ()
    finish: str | None = None
    tools: tuple[str, ...] = ()
    least_logprob: float | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    context: int | None = None
    prompt_bytes: int = 0
    speed: Speed | None = None
    must_call: bool = False


def signals(
    heard: Heard, messages: Sequence[Mapping[str, Any]] = (), *, wants_action: bool = True
) -> tuple[Signal, ...]:
    """Name all signs; `messages` is the conversation so far, `wants_action` whether the turn asked for deeds."""
    seen = {
        Signal.NO_FINISH: heard.finish is None,
        Signal.EMPTY: is_empty(heard),
        Signal.CUT_IN_CALL: is_cut_in_call(heard),
        Signal.WRONG_CALL: any(isinstance(one, Failed) and one.why != Why.CUT for one in heard.verdicts),
        Signal.NOT_CALLED: wants_action and announces_only(heard),
        Signal.RAW_MARKERS: has_raw_markers(heard.text),
        Signal.REPETITION: repeats_itself(heard.text),
        Signal.SAME_CALL: is_same_again(heard.verdicts, messages),
        Signal.FORCED: is_forced(heard),
    }
    return tuple(signal for signal, is_seen in seen.items() if is_seen)


def is_empty(heard: Heard) -> bool:
    """Tell whether there is neither a word nor a call."""
    return not heard.text.strip() and not heard.verdicts


def is_cut_in_call(heard: Heard) -> bool:
    """Tell whether the length limit hit a call, a native one or one in the text."""
    if heard.finish not in CUTS:
        return False
    cut = any(isinstance(one, Failed) and one.why == Why.CUT for one in heard.verdicts)
    return cut or any(marker in _without_code(heard.text) for marker in MARKERS)


def is_forced(heard: Heard) -> bool:
    """Tell whether a grammar made the model write a call that it did not mean."""
    return heard.least_logprob is not None and heard.least_logprob < FORCED_LOGPROB


def announces_only(heard: Heard) -> bool:
    """Tell whether the last words promise a deed, or name a tool to use, while no call was made. English only."""
    if not heard.tools or heard.verdicts or heard.finish in CUTS:
        return False
    last = " ".join(_SENTENCE.split(_without_code(heard.text).strip()[-TAIL_CHARS:])[-2:])
    if not last or last.endswith("?") or _OFFER.search(last):
        return False
    named = "|".join(re.escape(tool) for tool in heard.tools)
    uses = re.search(rf"\b(?:call|use|using|run|invoke)\b[^.\n]{{0,40}}(?<!\w)(?:{named})(?!\w)", last)
    return bool(_PROMISE.search(last)) or bool(uses) or last.endswith(":")


def has_raw_markers(text: str) -> bool:
    """Tell whether a model's own marks stand in a text, outside code."""
    plain = _without_code(text)
    return any(marker in plain for marker in RAW)


def repeats_itself(text: str) -> bool:
    """Tell whether a text goes round in circles at its end.

    The same 40 characters four times outside code, or 2 KB that shrink to less than 15 %; rulers and blanks aside.
    """
    if _shrinks_to_nothing(text[-ZLIB_BYTES:].encode("utf-8", "replace")[-ZLIB_BYTES:]):
        return True
    plain = _without_code(text)[-TAIL_CHARS_REPEATED:]
    windows = Counter(plain[at : at + WINDOW_CHARS] for at in range(len(plain) - WINDOW_CHARS + 1))
    return any(
        count >= WINDOW_TIMES and len(set(window)) >= WINDOW_LETTERS
        for window, count in windows.most_common(WINDOWS_LOOKED_AT)
    )


RAW = (*MARKERS, *ENDS, "<|im_start|>", "<think>", "</think>", "</tool_call>", "</function>", "<|message|>")

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_PROMISE = re.compile(
    r"\b(?:I will|I['’]ll|I am going to|I['’]m going to|let me|let['’]s|I would|I need to|I should|I can now)\b"
    r"[^.!?\n]{0,60}?\b(?:add|call|check|create|delete|edit|examine|execute|explore|fetch|find|fix|grep|inspect|install"
    r"|invoke|list|look|make|open|read|run|search|start|test|try|update|use|view|write)\b",
    re.IGNORECASE,
)
_OFFER = re.compile(r"\blet me know\b|\bif you\b|\bwould you\b|\bshall I\b", re.IGNORECASE)


def _without_code(text: str) -> str:
    return _CODE.sub(" ` ", text)


def _shrinks_to_nothing(tail: bytes) -> bool:
    is_telling = len(tail) == ZLIB_BYTES and len(set(tail)) >= WINDOW_LETTERS
    return is_telling and len(zlib.compress(tail)) < ZLIB_RATIO * ZLIB_BYTES
