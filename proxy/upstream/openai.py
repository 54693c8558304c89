"""What a server tells that lists its models as OpenAI does: vLLM, which signs them, and any other.

Source: vLLM, docs/serving/openai_compatible_server.
"""

from __future__ import annotations

from typing import Any

from proxy.upstream.ask import Asker
from proxy.upstream.fields import positive, tables, text
from proxy.upstream.found import UNKNOWN_CONTEXT, Found, Memory, model_of, short_hash, trouble
from proxy.upstream.local_model import Kind, LocalModel


def vllm(ask: Asker, memory: Memory) -> Found | None:
    """Ask vLLM, which signs its models; whether it was started to call tools only a probe can show."""
    found = openai(ask, memory)
    return found if found is not None and (found.kind == "vllm" or found.why) else None


def openai(ask: Asker, _memory: Memory) -> Found | None:
    """Ask any server that lists its models as OpenAI does."""
    reply = ask.get("/v1/models")
    wrong = trouble("openai", reply)
    if wrong is not None:
        return wrong
    if not isinstance(reply.fields.get("data"), list):
        return None
    data = [model for model in tables(reply.fields["data"]) if text(model.get("id"))]
    kind: Kind = "vllm" if any(model.get("owned_by") == "vllm" for model in data) else "openai"
    version = text(ask.get("/version").fields.get("version")) if kind == "vllm" else ""
    return Found(kind, tuple(_model(model, kind, version) for model in data))


def _model(model: dict[str, Any], kind: Kind, version: str) -> LocalModel:
    context = positive(model.get("max_model_len"))
    root = text(model.get("root"))
    return model_of(
        text(model["id"]),
        kind,
        context or UNKNOWN_CONTEXT,
        known_as=(root,),
        context_from="loaded" if context else "assumed",
        digest=root,
        setup=short_hash(version, context) if kind == "vllm" else "",
    )
