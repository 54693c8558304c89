"""What asking a server showed, before a person's settings are laid over it."""

from __future__ import annotations

import hashlib
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from proxy.upstream.ask import Reply
from proxy.upstream.fields import table, text
from proxy.upstream.licence import licence_of
from proxy.upstream.local_model import Kind, LocalModel

UNKNOWN_CONTEXT = 8192
"""Assumed where a server does not tell; a person who knows better writes it into the settings."""

LOADING = "it is loading its model"
WRONG_KEY = "it refused our key"
TAKES_EFFORT = ("gpt-oss",)
"""Models that know `reasoning_effort`."""

Memory = MutableMapping[tuple[str, str], dict[str, Any]]
"""What Ollama told about a model, by name and digest: it does not change, and asking takes a while."""


@dataclass(frozen=True, slots=True)
class Found:
    """Which program answered, and its models, the loaded ones first; `why` says what keeps it from working."""

    kind: Kind
    models: tuple[LocalModel, ...] = ()
    why: str = ""


def model_of(name: str, kind: Kind, context: int, *, known_as: tuple[str, ...] = (), **facts: Any) -> LocalModel:
    """Make a model from what its server told; `known_as` are other names by which its licence may be found."""
    takes_effort = any(part in name.lower() for part in TAKES_EFFORT)
    licence = facts.pop("licence", None) or licence_of((name, *known_as))
    return LocalModel(name, context, kind=kind, takes_effort=takes_effort, licence=licence, **facts)


def trouble(kind: Kind, reply: Reply) -> Found | None:
    """Tell what keeps a server from working, by the first answer that it gave; None when nothing does."""
    if reply.status in (401, 403):
        return Found(kind, why=WRONG_KEY)
    message = text(table(table(reply.json).get("error")).get("message"))
    if reply.status == 503 and "loading" in message.lower():
        return Found("llamacpp", why=LOADING)
    return None


def short_hash(*parts: Any) -> str:
    """Name a set-up by what it is made of, in a few letters."""
    return hashlib.sha256(repr(parts).encode("utf-8", "replace")).hexdigest()[:12]
