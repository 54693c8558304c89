"""What a local server says of itself, by each program's own means.

Sources: llama.cpp's tools/server/README.md, Ollama's docs/api.md, LM Studio's and vLLM's pages on their servers.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from proxy.upstream.ask import Asker, Reply
from proxy.upstream.local_model import Kind, LocalModel

OLLAMA_CONTEXT = 4096
"""What Ollama loads a model with where nothing else is set and memory is short; a longer prompt it cuts in silence."""

LMSTUDIO_CONTEXT = 4096
UNKNOWN_CONTEXT = 8192
"""Assumed where a server does not tell; a person who knows better writes it into the settings."""

MODELS_ASKED = 32
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


def find(ask: Asker, kind: str, memory: Memory) -> Found | None:
    """Ask a server that should be `kind`, or any kind for "auto"; None when it is none that we know.

    Raises NoAnswer when it cannot be asked at all.
    """
    probes = [_PROBES[kind]] if kind in _PROBES else list(_PROBES.values())
    for probe in probes:
        found = probe(ask, memory)
        if found is not None:
            return found
    return None


def llamacpp(ask: Asker, _memory: Memory) -> Found | None:
    """Ask a llama.cpp server: `/props` tells the context of a slot and what the chat template can do."""
    reply = ask.get("/props")
    trouble = _trouble("llamacpp", reply)
    if trouble is not None:
        return trouble
    props = reply.fields
    settings = _dict(props.get("default_generation_settings"))
    if not settings and "chat_template" not in props:
        return None
    context = _positive(settings.get("n_ctx")) or UNKNOWN_CONTEXT
    vision = _dict(props.get("modalities")).get("vision") is True
    tools = _template_tools(_dict(props.get("chat_template_caps")))
    names = [str(model.get("id")) for model in _dicts(ask.get("/v1/models").fields.get("data")) if model.get("id")]
    return Found("llamacpp", tuple(_model(name, "llamacpp", context, vision=vision, tools=tools) for name in names))


def ollama(ask: Asker, memory: Memory) -> Found | None:
    """Ask Ollama: all models that are here, with the context they are loaded with or would be.

    Models that Ollama runs in its own cloud are left out: they are not local, and a local route is free of charge.
    """
    if not isinstance(ask.get("/api/version").fields.get("version"), str):
        return None
    loaded = {str(model.get("name")): model for model in _dicts(ask.get("/api/ps").fields.get("models"))}
    tags = [tag for tag in _dicts(ask.get("/api/tags").fields.get("models")) if _is_here(tag)]
    tags.sort(key=lambda tag: str(tag.get("name")) not in loaded)
    models = [_ollama_model(ask, tag, loaded, memory) for tag in tags[:MODELS_ASKED]]
    return Found("ollama", tuple(model for model in models if model is not None))


def lmstudio(ask: Asker, _memory: Memory) -> Found | None:
    """Ask LM Studio by its own API, the newer form first."""
    models = ask.get("/api/v1/models").fields.get("models")
    if isinstance(models, list):
        found = [_lmstudio_model(model) for model in _dicts(models) if model.get("type") in ("llm", "vlm")]
        found.sort(key=lambda pair: not pair[0])
        return Found("lmstudio", tuple(model for _, model in found))
    data = _dicts(ask.get("/api/v0/models").fields.get("data"))
    if not data:
        return None
    here = [model for model in data if model.get("type") in ("llm", "vlm")]
    here.sort(key=lambda model: model.get("state") != "loaded")
    return Found("lmstudio", tuple(_lmstudio_old(model) for model in here))


def vllm(ask: Asker, memory: Memory) -> Found | None:
    """Ask vLLM, which signs its models."""
    found = openai(ask, memory)
    return found if found is not None and found.kind == "vllm" else None


def openai(ask: Asker, _memory: Memory) -> Found | None:
    """Ask any server that lists its models as OpenAI does."""
    reply = ask.get("/v1/models")
    trouble = _trouble("openai", reply)
    if trouble is not None:
        return trouble
    data = [model for model in _dicts(reply.fields.get("data")) if model.get("id")]
    if not isinstance(reply.fields.get("data"), list):
        return None
    kind: Kind = "vllm" if any(model.get("owned_by") == "vllm" for model in data) else "openai"
    return Found(kind, tuple(_listed(model, kind) for model in data))


_PROBES: dict[str, Callable[[Asker, Memory], Found | None]] = {
    "llamacpp": llamacpp,
    "ollama": ollama,
    "lmstudio": lmstudio,
    "vllm": vllm,
    "openai": openai,
}


def _model(name: str, kind: Kind, context: int, *, vision: bool, tools: bool | None) -> LocalModel:
    takes_effort = any(part in name.lower() for part in TAKES_EFFORT)
    return LocalModel(name, context, vision, tools, kind=kind, takes_effort=takes_effort)


def _trouble(kind: Kind, reply: Reply) -> Found | None:
    if reply.status in (401, 403):
        return Found(kind, why=WRONG_KEY)
    message = _dict(_dict(reply.json).get("error")).get("message")
    if reply.status == 503 and isinstance(message, str) and "loading" in message.lower():
        return Found("llamacpp", why=LOADING)
    return None


def _template_tools(caps: dict[str, Any]) -> bool | None:
    """Tell whether a chat template writes tools; llama.cpp drops them in silence where it does not."""
    known = [caps[name] for name in ("supports_tools", "supports_tool_calls") if isinstance(caps.get(name), bool)]
    return all(known) if known else None


def _is_here(tag: dict[str, Any]) -> bool:
    name = str(tag.get("name", ""))
    remote = tag.get("remote_host") or tag.get("remote_model") or name.endswith(("-cloud", ":cloud"))
    return bool(name) and not remote


def _ollama_model(
    ask: Asker, tag: dict[str, Any], loaded: dict[str, dict[str, Any]], memory: Memory
) -> LocalModel | None:
    name = str(tag["name"])
    key = (name, str(tag.get("digest", "")))
    shown = memory.get(key) or ask.post("/api/show", {"model": name}).fields
    memory[key] = shown
    can = shown.get("capabilities")
    known = can if isinstance(can, list) else None
    if shown.get("remote_host") or (known is not None and "completion" not in known):
        return None
    context = _positive(loaded.get(name, {}).get("context_length")) or _ollama_context(shown)
    tools = None if known is None else "tools" in known
    return _model(name, "ollama", context, vision="vision" in (known or ()), tools=tools)


def _ollama_context(shown: dict[str, Any]) -> int:
    """Say what context a model would be loaded with: what its file sets, else Ollama's default."""
    parameters = shown.get("parameters")
    for line in parameters.splitlines() if isinstance(parameters, str) else ():
        name, _, value = line.strip().partition(" ")
        if name == "num_ctx" and value.strip().isdecimal() and int(value) > 0:
            return int(value)
    info = _dict(shown.get("model_info"))
    trained = [_positive(value) for key, value in info.items() if key.endswith(".context_length")]
    return min([OLLAMA_CONTEXT, *(size for size in trained if size)])


def _lmstudio_model(model: dict[str, Any]) -> tuple[bool, LocalModel]:
    instances = _dicts(model.get("loaded_instances"))
    first = instances[0] if instances else {}
    context = _positive(_dict(first.get("config")).get("context_length")) or LMSTUDIO_CONTEXT
    can = _dict(model.get("capabilities"))
    trained = can.get("trained_for_tool_use")
    name = str(first.get("id") or model.get("key"))
    tools = trained if isinstance(trained, bool) else None
    return bool(instances), _model(name, "lmstudio", context, vision=can.get("vision") is True, tools=tools)


def _lmstudio_old(model: dict[str, Any]) -> LocalModel:
    context = _positive(model.get("loaded_context_length")) or LMSTUDIO_CONTEXT
    can = model.get("capabilities")
    tools = "tool_use" in can if isinstance(can, list) else None
    return _model(str(model.get("id")), "lmstudio", context, vision=model.get("type") == "vlm", tools=tools)


def _listed(model: dict[str, Any], kind: Kind) -> LocalModel:
    context = _positive(model.get("max_model_len")) or UNKNOWN_CONTEXT
    return _model(str(model["id"]), kind, context, vision=False, tools=None)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _positive(value: Any) -> int | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return value if fits else None
