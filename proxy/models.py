"""GET /v1/models: what can be asked for here – Claude's models on sale, and the local ones."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from proxy.localjson import model_json
from proxy.services import Services

models = Blueprint("models", __name__)

UNKNOWN_DATE = "1970-01-01T00:00:00Z"
"""What Anthropic's own API gives for a model whose release date is not known."""


@models.get("/v1/models")
def list_models() -> Response:
    """List the models in the shape that the caller's dialect has: with `anthropic-version`, Anthropic's."""
    known = registry(current_app.extensions["bursar"])
    if "anthropic-version" in request.headers or "x-api-key" in request.headers:
        return jsonify(data=known, has_more=False, first_id=_id(known, 0), last_id=_id(known, -1))
    return jsonify(
        object="list",
        data=[_openai(model) for model in known],
    )


def registry(services: Services) -> list[dict[str, Any]]:
    """Give the models that are on sale today, newest first, then those of local servers that are in use."""
    now = services.clock()
    on_sale = [model for model in services.prices().models() if model.on_sale(now)]
    cloud = [
        {
            "type": "model",
            "id": model.id,
            "display_name": model.name,
            "created_at": datetime.combine(model.released, time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "owned_by": "anthropic",
        }
        for model in sorted(on_sale, key=lambda model: model.released, reverse=True)
    ]
    local = [
        {
            "type": "model",
            "id": model.id,
            "display_name": f"{model.id} ({upstream.name})",
            "created_at": UNKNOWN_DATE,
            "owned_by": upstream.name,
            "max_input_tokens": model.context,
            "bursar": _brief(model_json(services.locals, upstream, model)),
        }
        for upstream in services.locals.snapshot()
        if upstream.healthy
        for model in upstream.models
    ]
    return cloud + local


def _brief(model: dict[str, Any]) -> dict[str, Any]:
    """Leave out how each check of a probe went: an agent has no use for it."""
    return {name: value for name, value in model.items() if name != "probe"}


def _openai(model: dict[str, Any]) -> dict[str, Any]:
    """Put a model as OpenAI does, with vLLM's field for the context, and ours for the rest."""
    more = {"max_model_len": model["max_input_tokens"], "bursar": model["bursar"]} if "bursar" in model else {}
    return {"id": model["id"], "object": "model", "created": 0, "owned_by": model["owned_by"], **more}


def _id(known: list[dict[str, Any]], index: int) -> str | None:
    return known[index]["id"] if known else None
