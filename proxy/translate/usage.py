"""What a local answer used: Chat Completions' counts → the Messages API's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_TOKENS = 2**53
MOST_MS = 1e18
CHARS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Speed:
    """How long a local server worked at an answer, by its own clock.

    `prompt_tokens` are those that it really computed, without the `cached_tokens`.
    """

    prompt_tokens: int
    prompt_ms: float
    output_tokens: int
    output_ms: float
    cached_tokens: int


@dataclass(frozen=True, slots=True)
class LocalUsage:
    """A local server's counts: `prompt` includes `cached`; `timings` is llama.cpp's own table, where it came.

    `is_all` unless the server may have left the cached tokens out of `prompt`.
    """

    prompt: int
    cached: int
    output: int
    timings: Mapping[str, Any] | None = None
    speed: Speed | None = None
    is_all: bool = True


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
    cached = min(cached or 0, prompt)
    return LocalUsage(prompt, cached, output, timings, _speed(timings, cached))


def usage_from_ollama(chunk: Mapping[str, Any]) -> LocalUsage | None:
    """Read the counts of Ollama's last line; its times are in nanoseconds.

    Some versions left the cached tokens out of `prompt_eval_count` (0.30); those that tell the cached ones do not.
    Source: https://github.com/ollama/ollama/pull/16428 and /17943.
    """
    prompt, output = _count(chunk.get("prompt_eval_count")), _count(chunk.get("eval_count"))
    if prompt is None or output is None:
        return None
    told = _count(chunk.get("prompt_eval_cached_count"))
    cached = min(told or 0, prompt)
    prompt_ms, output_ms = (_from_ns(chunk.get(f"{part}_duration")) for part in ("prompt_eval", "eval"))
    speed = None
    if prompt_ms is not None and output_ms is not None:
        speed = Speed(prompt - cached, prompt_ms, output, output_ms, cached)
    return LocalUsage(prompt, cached, output, speed=speed, is_all=told is not None)


def usage_from_messages(usage: Mapping[str, Any]) -> LocalUsage | None:
    """Read the Messages API's counts, whose classes never overlap; None when they are not there."""
    new, output = _count(usage.get("input_tokens")), _count(usage.get("output_tokens"))
    if new is None or output is None:
        return None
    cached = _count(usage.get("cache_read_input_tokens")) or 0
    kept = _count(usage.get("cache_creation_input_tokens")) or 0
    return LocalUsage(new + kept + cached, cached, output)


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


def _speed(timings: Mapping[str, Any] | None, cached: int) -> Speed | None:
    """Read llama.cpp's table; None where it is not whole."""
    table = timings or {}
    read, said = _count(table.get("prompt_n")), _count(table.get("predicted_n"))
    prompt_ms, output_ms = milliseconds(table.get("prompt_ms")), milliseconds(table.get("predicted_ms"))
    if read is None or said is None or prompt_ms is None or output_ms is None:
        return None
    return Speed(read, prompt_ms, said, output_ms, cached)


def milliseconds(value: Any) -> float | None:
    """Take a length of time as it may be: finite and not negative."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < MOST_MS
    return float(value) if fits else None


def _from_ns(value: Any) -> float | None:
    found = milliseconds(value)
    return None if found is None else found / 1e6


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int | None:
    """Take a count as it may be: a whole number that is not negative and not absurd."""
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS
    return value if fits else None
