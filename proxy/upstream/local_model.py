"""Local upstreams as values: what a person configured, and what asking the servers showed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["ollama", "llamacpp", "lmstudio", "vllm", "openai"]
"""Which program serves the models; `openai` is any other one that speaks Chat Completions."""

KINDS: tuple[Kind, ...] = ("ollama", "llamacpp", "lmstudio", "vllm", "openai")


@dataclass(frozen=True, slots=True)
class LocalSetting:
    """One local server as configured; what is left out is asked of the server.

    `models` are the names to use, best first; empty means all that it has. `api_key` is what its
    `authorization: Bearer` header carries; whoever reads the settings resolves it from the environment.
    """

    name: str
    url: str
    kind: Kind | Literal["auto"] = "auto"
    models: tuple[str, ...] = ()
    context: int | None = None
    max_output: int | None = None
    vision: bool | None = None
    tools: bool | None = None
    api_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class LocalModel:
    """One model at a local server, as far as its server says.

    `context` is the window that is loaded now, in tokens, not what the model was trained for; `tools` is None
    where the server does not tell; `takes_effort` says whether it knows `reasoning_effort`.
    """

    id: str
    context: int
    vision: bool = False
    tools: bool | None = None
    max_output: int | None = None
    kind: Kind = "openai"
    takes_effort: bool = False


@dataclass(frozen=True, slots=True)
class LocalUpstream:
    """One local server as last seen; `why` says what is wrong with an unhealthy one, in words for a person."""

    name: str
    base_url: str
    kind: Kind
    models: tuple[LocalModel, ...]
    healthy: bool
    why: str = ""
    api_key: str = field(default="", repr=False)

    def model(self, name: str) -> LocalModel | None:
        """Find one of its models."""
        return next((model for model in self.models if model.id == name), None)
