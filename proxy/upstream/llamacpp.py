"""What a llama.cpp server tells of itself: `/props` for the slots and the chat template, `/v1/models` for the weights.

Source: llama.cpp, tools/server/README.md.
"""

from __future__ import annotations

from typing import Any

from proxy.upstream.ask import Asker
from proxy.upstream.fields import billions, positive, table, tables, text
from proxy.upstream.found import UNKNOWN_CONTEXT, Found, Memory, model_of, short_hash, trouble
from proxy.upstream.local_model import LocalModel


def llamacpp(ask: Asker, _memory: Memory) -> Found | None:
    """Ask a llama.cpp server; None when it is none.

    `n_ctx` is what one slot holds: with `-np 4`, a quarter of `-c`, unless the slots share one cache.
    """
    reply = ask.get("/props")
    wrong = trouble("llamacpp", reply)
    if wrong is not None:
        return wrong
    props = reply.fields
    if not table(props.get("default_generation_settings")) and "chat_template" not in props:
        return None
    listed = [model for model in tables(ask.get("/v1/models").fields.get("data")) if text(model.get("id"))]
    models = [_model(model, props) for model in listed]
    models.sort(key=lambda model: not model.loaded)
    return Found("llamacpp", tuple(models))


def _model(listed: dict[str, Any], props: dict[str, Any]) -> LocalModel:
    meta, caps = table(listed.get("meta")), table(props.get("chat_template_caps"))
    context = positive(table(props.get("default_generation_settings")).get("n_ctx")) or positive(meta.get("n_ctx"))
    # A router of several models says of each whether it is in memory; a server of one has it there.
    state = table(listed.get("status")).get("value")
    return model_of(
        text(listed["id"]),
        "llamacpp",
        context or UNKNOWN_CONTEXT,
        known_as=(_file_name(props.get("model_path")),),
        context_from="loaded" if context else "assumed",
        vision=table(props.get("modalities")).get("vision") is True,
        claims_tools=template_tools(caps),
        concurrency=positive(props.get("total_slots")),
        loaded=state in (None, "loaded"),
        trained_context=positive(meta.get("n_ctx_train")),
        weight_bytes=positive(meta.get("size")),
        parameters=billions(positive(meta.get("n_params"))),
        quantization=_quantization(text(meta.get("ftype")) or text(props.get("model_ftype"))),
        setup=short_hash(props.get("chat_template"), sorted(caps.items()), props.get("build_info"), context),
    )


def template_tools(caps: dict[str, Any]) -> bool | None:
    """Tell whether a chat template writes tools; llama.cpp drops them in silence where it does not."""
    known = [caps[name] for name in ("supports_tools", "supports_tool_calls") if isinstance(caps.get(name), bool)]
    return all(known) if known else None


def _file_name(path: Any) -> str:
    return text(path).replace("\\", "/").rpartition("/")[2]


def _quantization(ftype: str) -> str:
    return ftype.replace("(guessed)", "").replace(" - Medium", "_M").replace(" - Small", "_S").strip()
