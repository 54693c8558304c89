"""Routes: the models that a request may go to, and what it needs of them."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class Route:
    """One model at one upstream."""

    upstream: str
    model: str
    is_local: bool


@dataclass(frozen=True, slots=True)
class LocalRoute:
    """A healthy local model and what it can take; `context` is in tokens, `tools` is None where it was never probed.

    `doubt` says why it should not be the first to try this turn, from what was seen of it; None if it may be.
    `takes_s` is how long its first answer is likely to take, `bytes_per_token` what its tokenizer makes of text; None
    while nothing is known.
    """

    upstream: str
    model: str
    context: int
    vision: bool = False
    tools: bool | None = None
    max_output: int | None = None
    doubt: str | None = None
    takes_s: float | None = None
    bytes_per_token: float | None = None

    @property
    def name(self) -> str:
        """Name it for a person."""
        return f"{self.model} at {self.upstream}"


@dataclass(frozen=True, slots=True)
class CloudRoute:
    """The model that was asked for, at the upstream that has it."""

    upstream: str
    model: str


@dataclass(frozen=True, slots=True)
class Swap:
    """A Claude model in place of the one asked for, and whose wish that is."""

    model: str
    why: str


@dataclass(frozen=True, slots=True)
class Fit:
    """What a request needs of a local model; `input_tokens` is a likely figure, for `text_bytes` and the images."""

    input_tokens: int
    max_tokens: int
    has_tools: bool = False
    has_images: bool = False
    cloud_only: tuple[str, ...] = ()
    text_bytes: int = 0
    image_tokens: int = 0

    def tokens_at(self, bytes_per_token: float | None) -> int:
        """Give the likely tokens of the prompt for a model whose tokenizer is known, else the likely figure for any."""
        if not bytes_per_token or not self.text_bytes:
            return self.input_tokens
        return ceil(self.text_bytes / bytes_per_token) + self.image_tokens
