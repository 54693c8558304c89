"""What Ollama tells of itself: the models that are here, which of them are in memory, and all about each.

Sources: Ollama, docs/api.md and docs/context-length.mdx.
"""

from __future__ import annotations

from typing import Any

from proxy.upstream.ask import Asker
from proxy.upstream.fields import positive, table, tables, text
from proxy.upstream.found import Found, Memory, model_of, short_hash
from proxy.upstream.licence import licence_of
from proxy.upstream.local_model import ContextFrom, LocalModel

OLLAMA_CONTEXT = 4096
"""What Ollama loads a model with below 24 GiB of video memory where nothing else is set; it tells no one beforehand."""

MODELS_ASKED = 32
LAST_CONTEXT = "bursar: last context"


def ollama(ask: Asker, memory: Memory) -> Found | None:
    """Ask Ollama: all models that are here, with the context they are loaded with or would be.

    Models that Ollama runs in its own cloud are left out: they are not local, and a local route is free of charge.
    """
    version = ask.get("/api/version").fields.get("version")
    if not isinstance(version, str):
        return None
    loaded = {text(model.get("name")): model for model in tables(ask.get("/api/ps").fields.get("models"))}
    tags = [tag for tag in tables(ask.get("/api/tags").fields.get("models")) if _is_here(tag)]
    tags.sort(key=lambda tag: text(tag.get("name")) not in loaded)
    models = [_model(ask, tag, loaded, memory, version) for tag in tags[:MODELS_ASKED]]
    return Found("ollama", tuple(model for model in models if model is not None))


def _is_here(tag: dict[str, Any]) -> bool:
    name = text(tag.get("name"))
    remote = tag.get("remote_host") or tag.get("remote_model") or name.endswith(("-cloud", ":cloud"))
    return bool(name) and not remote


def _model(
    ask: Asker, tag: dict[str, Any], loaded: dict[str, dict[str, Any]], memory: Memory, version: str
) -> LocalModel | None:
    name, digest = text(tag["name"]), text(tag.get("digest"))
    shown = memory.get((name, digest)) or ask.post("/api/show", {"model": name}).fields
    memory[name, digest] = shown
    can = shown.get("capabilities")
    known = can if isinstance(can, list) else None
    if shown.get("remote_host") or (known is not None and "completion" not in known):
        return None
    context, context_from = _context(shown, loaded.get(name, {}))
    if context_from == "loaded":
        memory[name, digest] = {**shown, LAST_CONTEXT: context}
    details = table(shown.get("details")) or table(tag.get("details"))
    return model_of(
        name,
        "ollama",
        context,
        known_as=(text(table(shown.get("details")).get("parent_model")),),
        context_from=context_from,
        licence=licence_of((name,), _licence_text(shown.get("license"))),
        vision="vision" in (known or ()),
        claims_tools=None if known is None else "tools" in known,
        loaded=name in loaded,
        digest=digest,
        trained_context=_trained(shown),
        weight_bytes=positive(tag.get("size")),
        parameters=text(details.get("parameter_size")),
        quantization=text(details.get("quantization_level")),
        setup=short_hash(version),
    )


def _context(shown: dict[str, Any], running: dict[str, Any]) -> tuple[int, ContextFrom]:
    """Say what context a model has, or would be loaded with: what its file sets, else what it had, else the least."""
    loaded = positive(running.get("context_length"))
    if loaded:
        return loaded, "loaded"
    for line in text(shown.get("parameters")).splitlines():
        name, _, value = line.strip().partition(" ")
        if name == "num_ctx" and value.strip().isdecimal() and int(value) > 0:
            return int(value), "file"
    # What it was loaded with when it last was is a better guess: Ollama takes more where there is more memory.
    return positive(shown.get(LAST_CONTEXT)) or min(OLLAMA_CONTEXT, _trained(shown) or OLLAMA_CONTEXT), "assumed"


def _trained(shown: dict[str, Any]) -> int | None:
    info = table(shown.get("model_info"))
    found = [positive(value) for key, value in info.items() if key.endswith(".context_length")]
    return next((size for size in found if size), None)


def _licence_text(given: Any) -> str:
    """Join the licences that a model carries: one text, or a list of them."""
    parts = given if isinstance(given, list) else [given]
    return "\n".join(part for part in parts if isinstance(part, str))
