"""Routes: the models that a request may go to, and what it needs of them."""

from __future__ import annotations

from dataclasses import dataclass


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
    """

    upstream: str
    model: str
    context: int
    vision: bool = False
    tools: bool | None = None
    max_output: int | None = None
    doubt: str | None = None


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
    """What a request needs of a local model; `input_tokens` is a likely figure."""

    input_tokens: int
    max_tokens: int
    has_tools: bool = False
    has_images: bool = False
    cloud_only: tuple[str, ...] = ()
