"""What a local answer used: Chat Completions' counts → the Messages API's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_TOKENS = 2**53
CHARS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class LocalUsage:
    """A local server's counts: `prompt` includes `cached`; `timings` is llama.cpp's own table, where it came."""

    prompt: int
    cached: int
    output: int
    timings: Mapping[str, Any] | None = None


def usage_from_chat(chunk: Mapping[str, Any]) -> LocalUsage | None:
    """Read the counts of a chunk; None when it has none that can be true.

    They come in a chunk of their own (llama.cpp, vLLM), in the last one with text (transformers), or in every one.
    """
    timings = _mapping(chunk.get("timings")) or None
    usage = _mapping(chunk.get("usage"))
    prompt, output = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    cached = _count(_mapping(usage.get("prompt_tokens_details")).get("cached_tokens"))
    if timings is not None:
        read, kept = _count(timings.get("prompt_n")), _count(timings.get("cache_n")) or 0
        cached = cached if cached is not None else kept
        prompt = prompt if prompt is not None or read is None else read + kept
        output = output if output is not None else _count(timings.get("predicted_n"))
    if prompt is None or output is None:
        return None
    return LocalUsage(prompt, min(cached or 0, prompt), output, timings)


def usage_for_client(usage: LocalUsage) -> dict[str, int]:
    """Write counts in the API's classes, which never overlap."""
    return {
        "input_tokens": usage.prompt - usage.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": usage.output,
    }


def estimated(prompt_tokens: int, chars: int) -> LocalUsage:
    """Guess what a server that sends no counts has used."""
    return LocalUsage(prompt_tokens, 0, -(-chars // CHARS_PER_TOKEN))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int | None:
    """Take a count as it may be: a whole number that is not negative and not absurd."""
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS
    return value if fits else None
