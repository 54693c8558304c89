"""The registry as JSON, and the list of models that agents get."""

from datetime import UTC, datetime
from typing import Any

from proxy.localjson import locals_json
from proxy.upstream.local import LocalSetting, Registry, identity, plain_session
from proxy.upstream.probe_result import Check, Diagnosis, ProbeResult
from tests.kit.local_fake import local_fake

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
OLLAMA: dict[str, Any] = {
    "/v1/models": (404, {}),
    "/api/version": (200, {"version": "0.40.1"}),
    "/api/tags": (200, {"models": [
        {"name": "qwen3:8b", "digest": "1", "size": 5225388164,
         "details": {"parameter_size": "8.2B", "quantization_level": "Q4_K_M"}},
    ]}),
    "/api/ps": (200, {"models": [{"name": "qwen3:8b", "context_length": 16384}]}),
    "/api/show": (200, {"capabilities": ["completion", "tools"], "license": "Apache License\nVersion 2.0",
                        "model_info": {"qwen3.context_length": 40960}}),
}  # fmt: skip
BENCH = {
    "at": "2026-11-20T20:00:00+00:00",
    "points": [
        {"prompt_tokens": 1000, "prefill_tps": 900.0, "decode_tps": 50.0},
        {"prompt_tokens": 20000, "prefill_tps": 700.0, "decode_tps": 35.5},
    ],
    "costs": {"at_tokens": 20000, "marginal_in_usd": "0.01", "marginal_out_usd": "0.3", "full_in_usd": "0.02",
              "full_out_usd": "0.5", "provenance": "measured"},
}  # fmt: skip


def told(*, probe: ProbeResult | None = None, bench: dict[str, Any] | None = None) -> dict[str, Any]:
    """Tell of the one model of a fake Ollama, with what was learned of it."""
    with local_fake(pages=OLLAMA) as fake:
        registry = Registry((LocalSetting("box", fake.url),), False, lambda: NOW, plain_session())
        (upstream,) = registry.refresh()
        model = upstream.models[0]
        if probe:
            registry.learned(upstream, model, probe)
        if bench:
            registry.knowledge.keep_bench(identity(upstream, model), bench)
        (server,) = locals_json(registry)
        return {**server, "model": server["models"][0]}


def probe_of(setup: str, **more: Any) -> ProbeResult:
    """Make a probe's result."""
    return ProbeResult(passed=True, checks=(Check("simple call", ok=True),), at=NOW, setup=setup, **more)


def test_a_model_is_told_with_all_that_its_server_says() -> None:
    model = told()["model"]
    assert (model["id"], model["context"], model["trained_context"]) == ("qwen3:8b", 16384, 40960)
    assert (model["parameters"], model["quantization"], model["weight_bytes"]) == ("8.2B", "Q4_K_M", 5225388164)
    assert (model["loaded"], model["context_from"]) == (True, "loaded")


def test_its_licence_is_told_with_who_says_so_and_what_it_obliges_to() -> None:
    licence = told()["model"]["licence"]
    assert (licence["spdx"], licence["source"]) == ("Apache-2.0", "server")
    assert licence["obliges"]


def test_what_nobody_measured_is_not_told() -> None:
    model = told()["model"]
    assert (model["probe"], model["speed"], model["usd_per_mtok"], model["tools"]) == (None, None, None, None)


def test_speed_is_the_probes_first_impression_until_a_bench_measured_it() -> None:
    with local_fake(pages=OLLAMA) as fake:
        registry = Registry((LocalSetting("box", fake.url),), False, lambda: NOW, plain_session())
        setup = registry.refresh()[0].models[0].setup
    probe = probe_of(setup, prompt_tokens_per_s=800.0, tokens_per_s=40.0)
    first = told(probe=probe)["model"]["speed"]
    assert (first["reads"], first["writes"], first["source"]) == (800.0, 40.0, "probe")
    both = told(probe=probe, bench=BENCH)["model"]["speed"]
    assert (both["reads"], both["writes"], both["at_tokens"], both["source"]) == (700.0, 35.5, 20000, "bench")


def test_costs_are_those_of_the_bench() -> None:
    costs = told(bench=BENCH)["model"]["usd_per_mtok"]
    assert (costs["marginal_in"], costs["full_out"], costs["provenance"]) == ("0.01", "0.5", "measured")


def test_a_context_too_small_for_agents_is_a_limit_that_is_told() -> None:
    (limit,) = told()["model"]["limits"]
    assert limit["key"] == "context"
    assert "16,384" in limit["says"]


def test_the_circuit_of_a_server_is_told() -> None:
    with local_fake(pages=OLLAMA) as fake:
        registry = Registry((LocalSetting("box", fake.url),), False, lambda: NOW, plain_session())
        registry.refresh()
        assert locals_json(registry)[0]["circuit"] == "closed"
        registry.failed("box", "it cannot be reached", unreachable=True)
        (server,) = locals_json(registry)
        assert (server["circuit"], server["healthy"]) == ("open", False)
        assert "it is tried again in 5 s" in server["why"]


def test_a_limit_that_a_probe_saw_is_told_beside_those_that_stand() -> None:
    seen = probe_of("", limits=(Diagnosis("slow", "too slow"),))
    keys = [limit["key"] for limit in told(probe=seen)["model"]["limits"]]
    assert keys == ["context", "slow"]
