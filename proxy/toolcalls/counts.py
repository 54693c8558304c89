"""What a server's own counts tell of an answer: that the prompt was cut, the context is full, the machine too slow."""

from __future__ import annotations

from proxy.translate.usage import Speed

LEAST_WORDS = 500
TOKENS_PER_WORD = 0.9
"""No tokenizer of today joins two words: measured 1.35 tokens a word for English prose, the least of all, and 1.8 for
code, on Qwen's, Mistral's and a Llama-like vocabulary."""

WINDOW_PARTS = (1.0, 0.5)
WINDOW_LEEWAY = 1 / 64

NEARLY_FULL_SHARE = 0.9

MOST_PROMPT_MS = 120_000.0
"""An agent waits 300 s for a first byte; a model that reads for two minutes leaves too little for its answer."""

LEAST_TOKENS_PER_S = 4.0
TOKENS_TO_TELL = 32
"""Of fewer tokens the speed is a matter of luck."""


def is_prompt_cut(prompt_tokens: int | None, words: int, context: int | None, *, counts_all: bool) -> bool:
    """Tell whether a server answered from a part of the prompt.

    Ollama cut prompts to the whole of its context, or to half of it, and answered as if nothing were amiss (recorded
    from 0.12.5: exactly `num_ctx` tokens counted). A prompt of as many tokens as the context holds was cut, for it left
    no room for an answer. Otherwise fewer tokens than words tell: bytes would not, because one token may be a line of
    dashes. Where the cached tokens may be missing in the count (`counts_all` is False), it has to look like a window
    too.
    """
    if prompt_tokens is None:
        return False
    if context and prompt_tokens >= context:
        return True
    are_few = words >= LEAST_WORDS and prompt_tokens < TOKENS_PER_WORD * words
    return are_few and (counts_all or _is_window(prompt_tokens, context))


def is_nearly_full(prompt_tokens: int | None, output_tokens: int | None, context: int | None) -> bool:
    """Tell whether prompt and answer left less than a tenth of the context."""
    if prompt_tokens is None or not context:
        return False
    return prompt_tokens + (output_tokens or 0) > NEARLY_FULL_SHARE * context


def is_slow(speed: Speed | None) -> bool:
    """Tell whether a machine is too slow for an agent to wait for."""
    if speed is None:
        return False
    crawls = speed.output_tokens >= TOKENS_TO_TELL and speed.output_tokens * 1000 < LEAST_TOKENS_PER_S * speed.output_ms
    return speed.prompt_ms > MOST_PROMPT_MS or crawls


def _is_window(tokens: int, context: int | None) -> bool:
    return bool(context) and any(
        abs(tokens - part * (context or 0)) <= WINDOW_LEEWAY * (context or 0) for part in WINDOW_PARTS
    )
