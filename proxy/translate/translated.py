"""A request as a local server gets it, and what its answer's translation has to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Wire = Literal["sse", "json", "ndjson", "messages"]
"""In which form the answer comes: a stream of chunks, one JSON object, Ollama's lines, or the Messages API's stream."""


@dataclass(frozen=True, slots=True)
class Translated:
    """A local server's request: what to post to which `path` behind its base URL, and in which form it answers.

    The rest is what the answer's translation needs to know. `prompt_tokens` is an estimate, high rather than low, for
    `prompt_bytes` of text that hold `prompt_words`; `context` is the window that it was fitted into. `notes` name what
    was dropped, never prompt text. A `constrained` answer's text is one call as JSON.
    """

    body: bytes
    max_tokens: int
    prompt_tokens: int
    tool_names: tuple[str, ...] = ()
    one_call: bool = False
    stop_sequences: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    functions: tuple[dict[str, Any], ...] = ()
    path: str = "/v1/chat/completions"
    wire: Wire = "sse"
    context: int | None = None
    prompt_bytes: int = 0
    prompt_words: int = 0
    must_call: bool = False
    constrained: bool = False
    server: str = ""
    """The name that a person knows it by."""
