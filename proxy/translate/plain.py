"""Words and nothing else: what nearly every piece of a local stream is, read in a fraction of the time.

A shape names what carries the words, and as null all else that would have to be looked at: a piece that holds any of
it does not fit, and is read in full.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class _Delta(msgspec.Struct):
    content: str
    reasoning_content: None = None
    reasoning: None = None
    tool_calls: None = None


class _Choice(msgspec.Struct):
    delta: _Delta
    index: Literal[0] = 0
    finish_reason: None = None
    logprobs: None = None


class _Chunk(msgspec.Struct):
    choices: tuple[_Choice]
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    usage: None = None
    timings: None = None
    error: None = None


class _Message(msgspec.Struct):
    content: str
    thinking: None = None
    tool_calls: None = None


class _Line(msgspec.Struct):
    message: _Message
    done: Literal[False] = False
    logprobs: None = None
    error: None = None


class _TextDelta(msgspec.Struct):
    type: Literal["text_delta"]  # A tag would do, but may be missing.
    text: str


class _TextEvent(msgspec.Struct):
    type: Literal["content_block_delta"]
    delta: _TextDelta
    error: None = None


_chunk = msgspec.json.Decoder(_Chunk).decode
_line = msgspec.json.Decoder(_Line).decode
_event = msgspec.json.Decoder(_TextEvent).decode


def words_of_chunk(data: bytes) -> str | None:
    """Give the words of a chunk of Chat Completions that holds nothing else; None of any other."""
    try:
        return _chunk(data).choices[0].delta.content
    except (ValueError, RecursionError):
        return None


def words_of_line(data: bytes) -> str | None:
    """Give the words of a line of Ollama's that holds nothing else; None of any other."""
    try:
        return _line(data).message.content
    except (ValueError, RecursionError):
        return None


def words_of_event(data: bytes) -> str | None:
    """Give the words of a text delta of the Messages API; None of anything else."""
    try:
        return _event(data).delta.text
    except (ValueError, RecursionError):
        return None
