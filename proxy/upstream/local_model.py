"""Local upstreams as values: what a person configured, and what asking the servers showed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from proxy.upstream.licence import Licence

Kind = Literal["ollama", "llamacpp", "lmstudio", "vllm", "openai"]
"""Which program serves the models; `openai` is any other one that speaks Chat Completions."""

KINDS: tuple[Kind, ...] = ("ollama", "llamacpp", "lmstudio", "vllm", "openai")

USUAL_PORTS: Mapping[str, int] = {"ollama": 11434, "llamacpp": 8080, "lmstudio": 1234, "vllm": 8000}

Thinking = Literal["auto", "on", "off"]
"""Whether a model reasons before it answers: as the agent asks and its server decides, always, or never."""

ContextFrom = Literal["set", "loaded", "file", "assumed"]
"""Where a context window comes from: the person, the loaded model, the model's own file, or a guess of ours."""


@dataclass(frozen=True, slots=True)
class ModelSetting:
    """What a person set for one model of a server; None (or "") leaves it to the server's own setting."""

    name: str
    context: int | None = None
    max_output: int | None = None
    vision: bool | None = None
    tools: bool | None = None
    concurrency: int | None = None
    first_s: float | None = None
    idle_s: float | None = None
    keep_alive: str = ""
    thinking: Thinking | None = None


@dataclass(frozen=True, slots=True)
class LocalSetting:
    """One local server as configured; what is left out is asked of the server.

    `models` are the names to use, best first; empty means all that it has. `api_key` is what its
    `authorization: Bearer` header carries; whoever reads the settings resolves it from the environment.
    `each` overrules, model by model, what is set for all of them.
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
    concurrency: int | None = None
    first_s: float | None = None
    idle_s: float | None = None
    keep_alive: str = ""
    thinking: Thinking = "auto"
    messages_api: bool = False
    each: tuple[ModelSetting, ...] = ()

    def of(self, model: str) -> ModelSetting:
        """Give what is set for one model, by itself or for the whole server."""
        own = next((one for one in self.each if one.name == model), ModelSetting(model))
        return ModelSetting(
            model,
            context=own.context or self.context,
            max_output=own.max_output or self.max_output,
            vision=self.vision if own.vision is None else own.vision,
            tools=self.tools if own.tools is None else own.tools,
            concurrency=own.concurrency or self.concurrency,
            first_s=own.first_s or self.first_s,
            idle_s=own.idle_s or self.idle_s,
            keep_alive=own.keep_alive or self.keep_alive,
            thinking=own.thinking or self.thinking,
        )


@dataclass(frozen=True, slots=True)
class LocalModel:
    """One model at a local server, as far as its server says.

    `context` is the window that is loaded now, in tokens, not what the model was trained for (`trained_context`).
    `tools` is True once its tool calls were seen to work or a person vouched for them, False where they do not,
    None while nobody knows; `claims_tools` is what the server says of itself, which proves nothing.
    `takes_effort` says whether it knows `reasoning_effort`. `concurrency` is how many requests it takes at once, None
    without a limit; `first_s` and `idle_s` are a person's patience with it; `keep_alive` is in Ollama's words.
    `digest` names the weights as far as the server tells, `parameters` their number as a person says it: "8B".
    `bytes_per_token` is what its tokenizer made of earlier prompts: bytes of text sent for each token counted.
    `setup` names how they are served – context, chat template, version – so that a probe is made anew when it changes.
    """

    id: str
    context: int
    vision: bool = False
    tools: bool | None = None
    max_output: int | None = None
    kind: Kind = "openai"
    takes_effort: bool = False
    concurrency: int | None = None
    first_s: float | None = None
    idle_s: float | None = None
    keep_alive: str = ""
    thinking: Thinking = "auto"
    messages_api: bool = False
    loaded: bool = True
    digest: str = ""
    licence: Licence | None = None
    trained_context: int | None = None
    weight_bytes: int | None = None
    parameters: str = ""
    quantization: str = ""
    claims_tools: bool | None = None
    context_from: ContextFrom = "loaded"
    bytes_per_token: float | None = None
    setup: str = ""


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


def identity(upstream: LocalUpstream, model: LocalModel) -> str:
    """Name a model for what is remembered of it: on another server, or with other weights, it is another model.

    Where a server gives no digest, what else it tells of the weights stands for them.
    """
    weights = model.digest or f"{model.parameters},{model.quantization},{model.weight_bytes},{model.trained_context}"
    return f"{upstream.base_url}|{model.id}|{weights}"
