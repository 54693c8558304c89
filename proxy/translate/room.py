"""Room: how many tokens a prompt may come to, before any server has counted it, and what that leaves for the answer.

The weights are upper bounds of what real tokenizers make of each class of bytes. Measured on Qwen's and Mistral's newer
one over code, prose, diffs, JSON, listings, numbers and twelve languages: never more than 8 % below (13 % for a text of
nothing but random marks), 15–25 % above for code. Plain 3 bytes a token was 35 % above for code, and three times too
low for numbers.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proxy.toolcalls.counts import is_prompt_cut
from proxy.toolcalls.signals import Heard
from proxy.translate.encoded import encoded
from proxy.translate.refusal import CannotTranslate
from proxy.upstream.local_model import LocalModel

IMAGE_TOKENS = 1600
MESSAGE_TOKENS = 8
"""What a chat template puts around a message."""

MARGIN_TOKENS = 64
LEAST_OUTPUT_TOKENS = 1024
FORCED_CALL_TOKENS = 8192
"""The most a model that must call may say: llama.cpp blocks the end until it does, so an unwilling one rambles on."""

WHOLE_ANSWER_TOKENS = 16384
"""The most that is asked for in one piece: llama.cpp looks whether we have left once a second, and not at all while
another answer streams, so a model that goes round in circles could not be stopped."""

LEARNED_MARGIN, LEARNED_AT_LEAST = 1.05, 0.9
"""How far above what was learned of a model we stay, and how far below the estimate that may lead."""

LEAST_BYTES_TO_LEARN = 8192
"""In a shorter prompt the chat template weighs too much."""

_CLASSES: tuple[tuple[bytes, float], ...] = (
    (string.ascii_lowercase.encode(), 0.245),
    (string.ascii_uppercase.encode(), 1.0),
    (string.digits.encode(), 1.05),
    (b" \t\r", 0.06),
    (b"\n", 0.5),
    (string.punctuation.encode(), 0.6),
    (bytes(range(0xC2, 0xE0)), 0.85),  # Begins a character of two bytes: Latin with accents, Cyrillic, Greek, Arabic.
    (bytes(range(0xE0, 0xF0)), 1.0),  # Of three: Chinese, Japanese, Korean, Hindi, Thai.
    (bytes(range(0xF0, 0xF5)), 5.0),  # Of four: emoji, which may be a token for each byte.
)


def _kind(byte: int) -> int:
    """Name a byte's kind by a letter: l for letters, d for digits, a space for itself, m for any other mark."""
    letter = chr(byte)
    if letter in string.ascii_letters:
        return ord("l")
    return ord("d") if letter in string.digits else ord(" ") if letter == " " else ord("m")


_KINDS = bytes(map(_kind, range(256)))
_EDGES, _EDGE_TOKENS = (b"dl", b"d ", b" m", b" d"), 0.7
"""Where words and numbers meet marks and each other, tokens end."""

_LETTERS = bytes(byte if chr(byte) in string.ascii_letters else 32 for byte in range(256))


@dataclass(frozen=True, slots=True)
class Size:
    """What a prompt comes to: bytes of text, words in its messages, tokens by our estimate."""

    bytes: int
    words: int
    tokens: int


def size_of(messages: list[dict[str, Any]], functions: tuple[dict[str, Any], ...], caps: LocalModel) -> Size:
    """Measure a prompt; an image counts by the piece. Tools count as bytes and tokens, and not as words."""
    parts = [part for message in messages for part in _parts(message)]
    texts = [part["text"] for part in parts if part.get("type") == "text"]
    said = "\n".join(texts).encode("utf-8", "replace")
    calls = [message[key] for message in messages for key in ("tool_calls", "reasoning_content") if key in message]
    more = encoded([functions, calls])
    images = sum(part.get("type") == "image_url" for part in parts)
    length = len(said) + len(more)
    tokens = _learned(tokens_in(said) + tokens_in(more), length, caps.bytes_per_token)
    fixed = MESSAGE_TOKENS * len(messages) + IMAGE_TOKENS * images
    return Size(length, words_in(said), int(tokens) + 1 + fixed)


def tokens_in(text: bytes) -> float:
    """Estimate the tokens of a text, high rather than low."""
    counted = sum(weight * (len(text) - len(text.translate(None, letters))) for letters, weight in _CLASSES)
    kinds = text.translate(_KINDS)
    return counted + _EDGE_TOKENS * sum(map(kinds.count, _EDGES))


def words_in(text: bytes) -> int:
    """Count the words of a text: runs of letters."""
    return len(text.translate(_LETTERS).split())


def room_for_answer(fields: Mapping[str, Any], choice: str | None, caps: LocalModel, prompt_tokens: int) -> int:
    """Say how many tokens the answer may have; raises CannotTranslate where too few are left."""
    asked = fields.get("max_tokens")
    if not isinstance(asked, int) or isinstance(asked, bool) or asked < 1:
        raise CannotTranslate("max_tokens is no positive number")
    room = caps.context - prompt_tokens - MARGIN_TOKENS
    if room < min(asked, LEAST_OUTPUT_TOKENS):
        reason = f"does not fit: about {prompt_tokens} tokens of prompt, and {caps.id} holds {caps.context}"
        raise CannotTranslate(reason, does_not_fit=True)
    forced = FORCED_CALL_TOKENS if choice == "required" else asked
    return min(asked, room, caps.max_output or asked, forced)


def learned_from(heard: Heard) -> float | None:
    """Say what an answer teaches of its model's tokenizer, in bytes of text for a token; None where it teaches nothing.

    For `LocalModel.bytes_per_token` of later requests.
    """
    tokens = heard.prompt_tokens
    if not tokens or not heard.counts_all or heard.prompt_bytes < LEAST_BYTES_TO_LEARN:
        return None
    if is_prompt_cut(tokens, heard.prompt_words, heard.context, counts_all=True):
        return None
    return heard.prompt_bytes / tokens


def _learned(estimate: float, length: int, bytes_per_token: float | None) -> float:
    """Correct an estimate by what this model made of earlier prompts, as far as that can be trusted."""
    if not bytes_per_token or bytes_per_token <= 0:
        return estimate
    return max(LEARNED_AT_LEAST * estimate, LEARNED_MARGIN * length / bytes_per_token)


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message.get("content")
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content}] if isinstance(content, str) else []
