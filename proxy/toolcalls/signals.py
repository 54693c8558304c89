"""Signs that a local model's answer is a bad one: cheap to see, named, and free of the answer's words.

One alone may be wrong; whoever escalates decides which of them count for which turn.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from proxy.toolcalls.again import is_same_again
from proxy.toolcalls.announces import announces
from proxy.toolcalls.check import CUTS
from proxy.toolcalls.counts import is_nearly_full, is_prompt_cut, is_slow
from proxy.toolcalls.emptiness import says_nothing
from proxy.toolcalls.language import has_broken_text, is_other_script
from proxy.toolcalls.plain import plain
from proxy.toolcalls.styles import ENDS, MARKERS
from proxy.toolcalls.verdict import Failed, Verdict, Why
from proxy.translate.usage import Speed

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
    server counted (`prompt_tokens` with the cached ones, unless not `counts_all`), the context they had to fit into,
    what was sent in bytes of text and words in messages, how long the server took, whether a call had to be made, and
    whether a grammar held the whole answer to one.
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
    prompt_words: int = 0
    counts_all: bool = True
    speed: Speed | None = None
    must_call: bool = False
    constrained: bool = False


def signals(
    heard: Heard, messages: Sequence[Mapping[str, Any]] = (), *, wants_action: bool = True
) -> tuple[Signal, ...]:
    """Name all signs; `messages` is the conversation so far, `wants_action` whether the turn asked for deeds."""
    words = plain(heard.text)
    seen = {
        Signal.NO_FINISH: heard.finish is None,
        Signal.EMPTY: is_empty(heard),
        Signal.CUT_IN_CALL: is_cut_in_call(heard, words),
        Signal.WRONG_CALL: any(isinstance(one, Failed) and one.why != Why.CUT for one in heard.verdicts),
        Signal.NOT_CALLED: wants_action and announces_only(heard, words),
        Signal.RAW_MARKERS: _has_marks(words, RAW),
        Signal.REPETITION: _goes_round(heard.text, words),
        Signal.SAME_CALL: is_same_again(heard.verdicts, messages),
        Signal.NO_CALL: must_have_called(heard),
        Signal.FORCED: is_forced(heard),
        Signal.PROMPT_CUT: is_prompt_cut(
            heard.prompt_tokens, heard.prompt_words, heard.context, counts_all=heard.counts_all
        ),
        Signal.NEARLY_FULL: is_nearly_full(heard.prompt_tokens, heard.output_tokens, heard.context),
        Signal.SLOW: is_slow(heard.speed),
        Signal.LANGUAGE: is_other_script(words, messages),
        Signal.BROKEN_TEXT: has_broken_text(heard.text, messages),
    }
    return tuple(signal for signal, is_seen in seen.items() if is_seen)


def is_empty(heard: Heard) -> bool:
    """Tell whether there is neither a word nor a call."""
    return not heard.text.strip() and not heard.verdicts


def is_cut_in_call(heard: Heard, words: str) -> bool:
    """Tell whether the length limit hit a call, a native one or one in the text, whose `words` stand outside code."""
    if heard.finish not in CUTS:
        return False
    cut = any(isinstance(one, Failed) and one.why == Why.CUT for one in heard.verdicts)
    return cut or _has_marks(words, MARKERS)


def is_forced(heard: Heard) -> bool:
    """Tell whether a grammar made the model write a call that it did not mean.

    Of servers that tell no logprobs, an answer that was held to a call and says nothing in any of its values counts.
    """
    if heard.least_logprob is not None:
        return heard.least_logprob < FORCED_LOGPROB
    return heard.constrained and any(
        says_nothing(one.use.arguments) for one in heard.verdicts if not isinstance(one, Failed)
    )


def announces_only(heard: Heard, words: str) -> bool:
    """Tell whether the last words promise a deed, or name a tool to use, while no call was made."""
    if not heard.tools or heard.verdicts or heard.finish in CUTS:
        return False
    return announces(words, heard.tools)


def must_have_called(heard: Heard) -> bool:
    """Tell whether a call had to be made and was not; Ollama knows no such demand, and others do not keep it."""
    return heard.must_call and not heard.verdicts and heard.finish is not None


def has_raw_markers(text: str) -> bool:
    """Tell whether a model's own marks stand in a text, outside code."""
    return _has_marks(plain(text), RAW)


def repeats_itself(text: str) -> bool:
    """Tell whether a text goes round in circles at its end.

    The same 40 characters four times outside code, or 2 KB that shrink to less than 15 %; rulers and blanks aside.
    """
    return _goes_round(text, plain(text))


RAW = (*MARKERS, *ENDS, "<|im_start|>", "<think>", "</think>", "</tool_call>", "</function>", "<|message|>")


def _has_marks(words: str, marks: tuple[str, ...]) -> bool:
    return any(mark in words for mark in marks)


def _goes_round(text: str, words: str) -> bool:
    if _shrinks_to_nothing(text[-ZLIB_BYTES:].encode("utf-8", "replace")[-ZLIB_BYTES:]):
        return True
    tail = words[-TAIL_CHARS_REPEATED:]
    windows = Counter(tail[at : at + WINDOW_CHARS] for at in range(len(tail) - WINDOW_CHARS + 1))
    return any(
        count >= WINDOW_TIMES and len(set(window)) >= WINDOW_LETTERS
        for window, count in windows.most_common(WINDOWS_LOOKED_AT)
    )


def _shrinks_to_nothing(tail: bytes) -> bool:
    is_telling = len(tail) == ZLIB_BYTES and len(set(tail)) >= WINDOW_LETTERS
    return is_telling and len(zlib.compress(tail)) < ZLIB_RATIO * ZLIB_BYTES
