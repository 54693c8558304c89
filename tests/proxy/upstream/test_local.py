"""Local servers: what each program tells of itself, and what is made of it."""

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from proxy.upstream.local import LocalSetting, LocalUpstream, Registry, base_url, plain_session
from proxy.upstream.local_model import ModelSetting, identity
from tests.kit.local_fake import Act, LocalFake, local_fake

NOW = datetime(2026, 11, 21, tzinfo=UTC)
NOTHING = {"/v1/models": (404, {})}

LLAMACPP = {
    "/props": (200, {
        "default_generation_settings": {"n_ctx": 16384}, "modalities": {"vision": True}, "chat_template": "x",
        "chat_template_caps": {"supports_tools": True, "supports_tool_calls": True}, "total_slots": 4,
        "model_path": "/models/qwen.gguf", "build_info": "b7000",
    }),
    "/v1/models": (200, {"data": [{"id": "qwen.gguf", "owned_by": "llamacpp", "meta": {
        "n_ctx_train": 262144, "n_params": 30532122624, "size": 18556686912, "ftype": "Q4_K - Medium",
    }}]}),
}  # fmt: skip
LOADING = {"/props": (503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}})}

SHOWN: dict[str, dict[str, Any]] = {
    "qwen:8b": {"capabilities": ["completion", "tools"], "model_info": {"qwen.context_length": 131072}},
    "eyes:4b": {"capabilities": ["completion", "vision"], "parameters": 'stop "x"\nnum_ctx    16384\n'},
    "tiny:1b": {"capabilities": ["completion"], "model_info": {"tiny.context_length": 2048}},
    "embed": {"capabilities": ["embedding"]},
    "sly": {"capabilities": ["completion"], "remote_host": "https://ollama.com:443"},
}
OLLAMA = {
    **NOTHING,
    "/api/version": (200, {"version": "0.40.1"}),
    "/api/tags": (200, {"models": [
        {"name": "qwen:8b", "digest": "1", "size": 5225388164,
         "details": {"parameter_size": "8.2B", "quantization_level": "Q4_K_M"}},
        {"name": "eyes:4b", "digest": "2"}, {"name": "tiny:1b", "digest": "3"},
        {"name": "embed", "digest": "4"}, {"name": "sly", "digest": "5"}, {"name": "gpt-oss:120b-cloud", "digest": "6"},
        {"name": "far", "digest": "7", "remote_model": "x", "remote_host": "https://ollama.com"},
    ]}),
    "/api/ps": (200, {"models": [{"name": "eyes:4b", "context_length": 32768}]}),
    "/api/show": (200, lambda asked: SHOWN[asked["model"]]),
}  # fmt: skip

LMSTUDIO = {
    **NOTHING,
    "/api/v1/models": (200, {"models": [
        {"type": "embedding", "key": "nomic"},
        {"type": "llm", "key": "google/gemma", "loaded_instances": [], "capabilities": {"vision": True}},
        {"type": "llm", "key": "qwen/qwen", "capabilities": {"vision": False, "trained_for_tool_use": True},
         "loaded_instances": [{"id": "qwen/qwen:2", "config": {"context_length": 8192}}]},
    ]}),
}  # fmt: skip
LMSTUDIO_OLD = {
    **NOTHING,
    "/api/v0/models": (200, {"object": "list", "data": [
        {"id": "a", "type": "vlm", "state": "not-loaded", "max_context_length": 131072},
        {"id": "b", "type": "llm", "state": "loaded", "loaded_context_length": 16384, "capabilities": ["tool_use"]},
        {"id": "c", "type": "embeddings", "state": "loaded"},
    ]}),
}  # fmt: skip
VLLM = {"/v1/models": (200, {"data": [{"id": "gpt-oss-20b", "owned_by": "vllm", "max_model_len": 32768}]})}


def registry(*settings: LocalSetting, ports: dict[str, int] | None = None) -> Registry:
    """Make a registry that asks for real, and discovers only on the given ports."""
    return Registry(settings, bool(ports), lambda: NOW, plain_session(), ports=ports or {})


def seen(pages: dict[str, Any], **more: Any) -> LocalUpstream:
    """Ask a fake server that answers with these pages."""
    with local_fake(pages=pages) as fake:
        (upstream,) = registry(LocalSetting("box", fake.url, **more)).refresh()
        return upstream


def port_of(fake: LocalFake) -> int:
    """Return the port of a fake server."""
    return int(fake.url.rsplit(":", 1)[1])


def test_a_llama_cpp_server_tells_its_context_and_what_its_template_can_do() -> None:
    upstream = seen(LLAMACPP)
    assert (upstream.kind, upstream.healthy, upstream.why) == ("llamacpp", True, "")
    (model,) = upstream.models
    assert (model.id, model.context, model.vision, model.claims_tools) == ("qwen.gguf", 16384, True, True)
    assert (model.concurrency, model.parameters, model.weight_bytes, model.trained_context) == (
        4, "30.5B", 18_556_686_912, 262144,
    )  # fmt: skip
    assert (model.quantization, model.loaded, model.context_from) == ("Q4_K_M", True, "loaded")


def test_a_template_without_tools_means_that_tools_would_be_dropped_in_silence() -> None:
    props = {**LLAMACPP["/props"][1], "chat_template_caps": {"supports_tools": False, "supports_tool_calls": False}}
    assert seen({**LLAMACPP, "/props": (200, props)}).models[0].tools is False
    assert seen({**LLAMACPP, "/props": (200, {**props, "chat_template_caps": {}})}).models[0].tools is None


def test_a_template_with_tools_is_a_claim_that_a_probe_has_still_to_see() -> None:
    assert seen(LLAMACPP).models[0].tools is None
    assert seen(LLAMACPP, tools=True).models[0].tools is True


def test_another_template_is_another_set_up_of_the_same_weights() -> None:
    props = {**LLAMACPP["/props"][1], "chat_template": "y"}
    one, other = seen(LLAMACPP), seen({**LLAMACPP, "/props": (200, props)})
    assert one.models[0].setup != other.models[0].setup
    assert identity(one, one.models[0]).split("|")[1:] == identity(other, other.models[0]).split("|")[1:]


def test_what_is_set_for_one_model_overrules_what_is_set_for_all() -> None:
    each = (ModelSetting("qwen:8b", context=65536, tools=True, concurrency=2, keep_alive="-1", thinking="off"),)
    models = {model.id: model for model in seen(OLLAMA, context=16384, keep_alive="30m", each=each).models}
    qwen, eyes = models["qwen:8b"], models["eyes:4b"]
    assert (qwen.context, qwen.tools, qwen.concurrency, qwen.keep_alive, qwen.thinking) == (65536, True, 2, "-1", "off")
    assert (eyes.context, eyes.concurrency, eyes.keep_alive, eyes.thinking) == (16384, None, "30m", "auto")


def test_a_server_that_is_loading_is_unhealthy_and_says_so() -> None:
    upstream = seen(LOADING)
    assert (upstream.healthy, upstream.why) == (False, "it is loading its model")


def test_ollama_tells_its_models_the_loaded_one_first_with_the_context_they_have_or_would_have() -> None:
    upstream = seen(OLLAMA)
    assert (upstream.kind, upstream.healthy) == ("ollama", True)
    assert [(model.id, model.context, model.vision, model.claims_tools) for model in upstream.models] == [
        ("eyes:4b", 32768, True, False),
        ("qwen:8b", 4096, False, True),
        ("tiny:1b", 2048, False, False),
    ]
    assert [(model.loaded, model.context_from, model.trained_context) for model in upstream.models] == [
        (True, "loaded", None),
        (False, "assumed", 131072),
        (False, "assumed", 2048),
    ]
    qwen = upstream.models[1]
    assert (qwen.digest, qwen.weight_bytes, qwen.parameters, qwen.quantization) == (
        "1", 5_225_388_164, "8.2B", "Q4_K_M",
    )  # fmt: skip


def test_a_model_that_ollama_has_let_go_of_is_taken_to_come_back_with_the_context_it_had() -> None:
    with local_fake(pages=OLLAMA) as fake:
        known = registry(LocalSetting("box", fake.url))
        known.refresh()
        fake.pages["/api/ps"] = (200, {"models": [{"name": "qwen:8b", "context_length": 40960}]})
        known.refresh()
        fake.pages["/api/ps"] = (200, {"models": []})
        (upstream,) = known.refresh()
    qwen = upstream.model("qwen:8b")
    assert qwen is not None
    assert (qwen.context, qwen.context_from, qwen.loaded) == (40960, "assumed", False)


def test_models_that_ollama_runs_in_its_cloud_are_never_taken_for_local() -> None:
    names = {model.id for model in seen(OLLAMA).models}
    assert not {"sly", "far", "gpt-oss:120b-cloud"} & names


def test_ollama_is_asked_once_about_each_model() -> None:
    with local_fake(pages=OLLAMA) as fake:
        known = registry(LocalSetting("box", fake.url))
        first, second = known.refresh(), known.refresh()
        assert first == second
        assert fake.paths.count("/api/show") == 5


@pytest.mark.parametrize(
    ("pages", "models"),
    [
        (LMSTUDIO, [("qwen/qwen:2", 8192, False, True, True), ("google/gemma", 4096, True, None, False)]),
        (LMSTUDIO_OLD, [("b", 16384, False, True, True), ("a", 4096, True, None, False)]),
    ],
)
def test_lm_studio_tells_its_models_in_both_forms_the_loaded_one_first(pages: Any, models: Any) -> None:
    upstream = seen(pages)
    assert upstream.kind == "lmstudio"
    told = [(model.id, model.context, model.vision, model.claims_tools, model.loaded) for model in upstream.models]
    assert told == models


def test_vllm_signs_its_models_and_tells_their_length() -> None:
    upstream = seen(VLLM)
    (model,) = upstream.models
    assert (upstream.kind, model.id, model.context, model.takes_effort) == ("vllm", "gpt-oss-20b", 32768, True)
    assert model.claims_tools is None  # Whether it was started to call tools only a probe can show.


def test_any_other_server_of_that_form_can_be_configured() -> None:
    assert seen({}).kind == "openai"
    upstream = seen(NOTHING, kind="openai", models=("mine",), context=65536)
    assert upstream.healthy
    (model,) = upstream.models
    assert (model.id, model.context, model.context_from) == ("mine", 65536, "set")


def test_the_person_knows_best() -> None:
    upstream = seen(OLLAMA, models=("qwen:8b",), context=65536, max_output=4096, tools=False)
    (model,) = upstream.models
    assert (model.context, model.tools, model.max_output) == (65536, False, 4096)


def test_a_configured_model_that_is_not_there_is_said_so() -> None:
    assert seen(OLLAMA, models=("gone",)).why == "it does not have gone"
    assert seen({"/v1/models": (200, {"data": []})}).why == "it has no model that can be used"


def test_a_server_that_is_not_running_is_said_so() -> None:
    with local_fake() as fake:
        url = fake.url
    (upstream,) = registry(LocalSetting("box", url)).refresh()
    assert (upstream.healthy, upstream.why) == (False, "it is not running")


@pytest.mark.parametrize("url", ["ftp://x", "localhost:11434", "http://", "http://127.0.0.1:99999", "http://[::1", ""])
def test_an_address_that_is_none_is_said_so(url: str) -> None:
    (upstream,) = registry(LocalSetting("box", url)).refresh()
    assert (upstream.healthy, upstream.why) == (False, f"its address {url!r} is no http or https URL")


def test_what_is_no_model_server_is_said_so() -> None:
    assert seen({"/v1/models": (200, ["not", "a", "list"])}).why == "what answers there is no model server that we know"


def test_a_key_is_sent_and_its_refusal_said() -> None:
    assert seen({"/props": (401, {"error": {"message": "Invalid API Key"}})}, api_key="k").why == "it refused our key"
    assert "secret" not in repr(LocalSetting("box", "http://x", api_key="secret"))


def test_a_redirect_is_not_followed() -> None:
    with local_fake(pages={"/props": (302, {})}) as fake:
        assert registry(LocalSetting("box", fake.url)).refresh()[0].kind == "openai"


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    session = requests.Session()
    with local_fake(pages=VLLM) as fake:
        assert Registry((LocalSetting("box", fake.url),), False, lambda: NOW, session).refresh()[0].healthy
    session.close()


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://localhost:11434", "http://localhost:11434"), ("http://localhost:11434/v1/", "http://localhost:11434"),
        ("https://box/llm/v1", "https://box/llm"), (" http://box:1/ ", "http://box:1"), ("box", None), ("", None),
    ],
)  # fmt: skip
def test_an_address_is_taken_as_people_write_it(url: str, base: str | None) -> None:
    assert base_url(url) == base


# Discovery


def test_a_server_on_its_usual_port_is_found_and_named_after_its_program() -> None:
    with local_fake(pages=LLAMACPP) as one, local_fake(pages=OLLAMA) as two, local_fake(pages=LLAMACPP) as three:
        ports = {"llamacpp": port_of(one), "ollama": port_of(two), "vllm": port_of(three)}
        found = registry(ports=ports).refresh()
    assert [upstream.name for upstream in found] == ["llamacpp", "ollama", f"llamacpp-{ports['vllm']}"]
    assert all(upstream.healthy for upstream in found)


def test_an_unknown_server_is_not_taken_on_its_own_because_it_may_spend_money() -> None:
    with local_fake() as fake:
        assert registry(ports={"vllm": port_of(fake)}).refresh() == ()


def test_a_configured_server_is_not_found_a_second_time() -> None:
    with local_fake(pages=LLAMACPP) as fake:
        setting = LocalSetting("mine", fake.url.replace("127.0.0.1", "localhost"))
        found = registry(setting, ports={"llamacpp": port_of(fake)}).refresh()
    assert [upstream.name for upstream in found] == ["mine"]


def test_without_discovery_nothing_is_asked_but_what_is_configured() -> None:
    assert Registry((), False, lambda: NOW, plain_session()).refresh() == ()


# Health


def test_before_the_first_refresh_a_configured_server_is_known_and_unhealthy() -> None:
    known = registry(LocalSetting("box", "http://127.0.0.1:9", kind="ollama"))
    (upstream,) = known.snapshot()
    assert (upstream.name, upstream.kind, upstream.healthy) == ("box", "ollama", False)
    assert upstream.why == "it has not been asked yet"


def test_a_failure_takes_a_server_out_until_it_is_seen_again() -> None:
    with local_fake(pages=VLLM) as fake:
        known = registry(LocalSetting("box", fake.url))
        known.refresh()
        known.failed("box", "its connection broke")
        assert [(one.healthy, one.why) for one in known.snapshot()] == [(False, "its connection broke")]
        assert known.find("box") == known.snapshot()[0]
        known.refresh()
        assert known.snapshot()[0].healthy
        assert known.refreshed_at == NOW


def test_a_snapshot_answers_while_a_server_hangs() -> None:
    reached, free = threading.Event(), threading.Event()

    def hang(_asked: Any) -> dict[str, Any]:
        reached.set()
        free.wait(5)
        return {}

    with local_fake(pages={"/props": (200, hang)}) as fake:
        known = registry(LocalSetting("box", fake.url))
        refreshing = threading.Thread(target=known.refresh)
        refreshing.start()
        assert reached.wait(5)
        assert known.snapshot()[0].why == "it has not been asked yet"
        free.set()
        refreshing.join()
    assert known.snapshot()[0].kind == "openai"


def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    with local_fake(Act(b"")) as fake:
        fake.pages["/props"] = (200, {"x": "y" * 9_000_000})
        assert registry(LocalSetting("box", fake.url)).refresh()[0].why == "its answer is too large"
