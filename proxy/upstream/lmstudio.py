"""What LM Studio tells of itself, by its own API: the newer form (0.4) first, then the older.

Source: LM Studio, docs/developer/rest.
"""

from __future__ import annotations

from typing import Any

from proxy.upstream.ask import Asker
from proxy.upstream.fields import positive, table, tables, text
from proxy.upstream.found import Found, Memory, model_of
from proxy.upstream.local_model import LocalModel

LMSTUDIO_CONTEXT = 4096
"""What LM Studio loads a model with where nothing else is set."""

SPEAKING = ("llm", "vlm")


def lmstudio(ask: Asker, _memory: Memory) -> Found | None:
    """Ask LM Studio; None when it is another program."""
    newer = ask.get("/api/v1/models").fields.get("models")
    if isinstance(newer, list):
        models = [_model(model) for model in tables(newer) if model.get("type") in SPEAKING]
    else:
        data = tables(ask.get("/api/v0/models").fields.get("data"))
        if not data:
            return None
        models = [_older(model) for model in data if model.get("type") in SPEAKING]
    models.sort(key=lambda model: not model.loaded)
    return Found("lmstudio", tuple(models))


def _model(model: dict[str, Any]) -> LocalModel:
    instances = tables(model.get("loaded_instances"))
    first = instances[0] if instances else {}
    config = table(first.get("config"))
    loaded = positive(config.get("context_length"))
    can = table(model.get("capabilities"))
    return model_of(
        text(first.get("id")) or text(model.get("key")),
        "lmstudio",
        loaded or LMSTUDIO_CONTEXT,
        known_as=(text(model.get("key")), text(model.get("display_name"))),
        context_from="loaded" if loaded else "assumed",
        vision=can.get("vision") is True,
        # A model that was not trained for tools gets them in words of LM Studio's: that may work, and is to be tried.
        claims_tools=True if can.get("trained_for_tool_use") is True else None,
        concurrency=positive(config.get("parallel")),
        loaded=bool(instances),
        trained_context=positive(model.get("max_context_length")),
        weight_bytes=positive(model.get("size_bytes")),
        parameters=text(model.get("params_string")),
        quantization=text(table(model.get("quantization")).get("name")),
        digest=text(model.get("selected_variant")),
    )


def _older(model: dict[str, Any]) -> LocalModel:
    loaded = positive(model.get("loaded_context_length"))
    can = model.get("capabilities")
    return model_of(
        text(model.get("id")),
        "lmstudio",
        loaded or LMSTUDIO_CONTEXT,
        context_from="loaded" if loaded else "assumed",
        vision=model.get("type") == "vlm",
        claims_tools=True if isinstance(can, list) and "tool_use" in can else None,
        loaded=model.get("state") == "loaded",
        trained_context=positive(model.get("max_context_length")),
        quantization=text(model.get("quantization")),
    )
