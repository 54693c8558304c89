"""The registry of local models as plain JSON: abilities, speed, cost and licence of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from proxy.upstream import diagnosis
from proxy.upstream.licence import Licence
from proxy.upstream.local import Registry
from proxy.upstream.local_model import LocalModel, LocalUpstream, identity
from proxy.upstream.probe_result import ProbeResult

Json = dict[str, Any]


def locals_json(registry: Registry) -> list[Json]:
    """Tell the local servers as last seen, with their models and all that was learned of them."""
    return [upstream_json(registry, upstream) for upstream in registry.snapshot()]


def upstream_json(registry: Registry, upstream: LocalUpstream) -> Json:
    """Tell one server; `circuit` is its breaker: closed, open or half-open."""
    return {
        "name": upstream.name,
        "url": upstream.base_url,
        "kind": upstream.kind,
        "healthy": upstream.healthy,
        "why": upstream.why,
        "circuit": registry.breaker(upstream.name).state.value,
        "models": [model_json(registry, upstream, model) for model in upstream.models],
    }


def model_json(registry: Registry, upstream: LocalUpstream, model: LocalModel) -> Json:
    """Tell one model.

    `tools` is true only where its calls were seen to work or a person vouched for them; `probe` is the last one, and
    `limits` what holds all the same.
    """
    probe = registry.probed(upstream, model)
    bench = registry.knowledge.bench(identity(upstream, model))
    limits = (*diagnosis.standing(upstream, model), *(probe.limits if probe else ()))
    return {
        "id": model.id,
        "loaded": model.loaded,
        "context": model.context,
        "context_from": model.context_from,
        "trained_context": model.trained_context,
        "max_output": model.max_output,
        "vision": model.vision,
        "tools": model.tools,
        "claims_tools": model.claims_tools,
        "concurrency": model.concurrency,
        "parameters": model.parameters,
        "quantization": model.quantization,
        "weight_bytes": model.weight_bytes,
        "licence": licence_json(model.licence),
        "speed": speed_json(probe, bench),
        "usd_per_mtok": costs_json(bench),
        "probe": probe.as_json() if probe else None,
        "limits": [asdict(limit) for limit in limits],
    }


def licence_json(licence: Licence | None) -> Json | None:
    """Tell a licence; None where nobody knows it."""
    if licence is None or not licence.name:
        return None
    return {**asdict(licence), "obliges": list(licence.obliges)}


def speed_json(probe: ProbeResult | None, bench: Mapping[str, Any] | None) -> Json | None:
    """Tell how fast a model reads and writes, in tokens a second: as measured by `bursar bench`, else at its probe."""
    costs, points = _table(bench, "costs"), (bench or {}).get("points")
    if isinstance(points, (list, tuple)) and points:
        at = costs.get("at_tokens") or 0
        point = min(points, key=lambda one: abs(one["prompt_tokens"] - at))
        return {
            "reads": point["prefill_tps"],
            "writes": point["decode_tps"],
            "at_tokens": point["prompt_tokens"],
            "source": "bench",
            "at": (bench or {}).get("at"),
        }
    if probe is None or (probe.prompt_tokens_per_s is None and probe.tokens_per_s is None):
        return None
    return {
        "reads": probe.prompt_tokens_per_s,
        "writes": probe.tokens_per_s,
        "at_tokens": None,
        "source": "probe",
        "at": probe.at.isoformat(),
    }


def costs_json(bench: Mapping[str, Any] | None) -> Json | None:
    """Tell what a million tokens cost on this machine, in exact dollars, as `bursar bench` found; else None."""
    costs = _table(bench, "costs")
    if not costs:
        return None
    return {
        "marginal_in": costs.get("marginal_in_usd"),
        "marginal_out": costs.get("marginal_out_usd"),
        "full_in": costs.get("full_in_usd"),
        "full_out": costs.get("full_out_usd"),
        "at_tokens": costs.get("at_tokens"),
        "provenance": costs.get("provenance"),
    }


def _table(raw: Mapping[str, Any] | None, name: str) -> Mapping[str, Any]:
    found = (raw or {}).get(name)
    return found if isinstance(found, Mapping) else {}
