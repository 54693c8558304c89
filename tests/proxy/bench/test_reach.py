"""Only a local model is benched: a cloud, or a proxy before one, is refused before a prompt is sent."""

import pytest

from proxy.bench.reach import CannotBench, addresses, choose, known_as, refuse_cloud, setting_for
from proxy.upstream.local_model import Kind, LocalModel, LocalSetting, LocalUpstream


def upstream(
    url: str = "http://127.0.0.1:8080", kind: Kind = "openai", model: str = "qwen3-8b", why: str = ""
) -> LocalUpstream:
    return LocalUpstream("box", url, kind, (LocalModel(model, 8192),), healthy=not why, why=why)


def test_what_a_person_types_is_a_url_or_the_name_of_an_upstream():
    assert setting_for("http://127.0.0.1:8080/v1").url == "http://127.0.0.1:8080/v1"
    assert setting_for("localhost:11434").url == "http://localhost:11434"
    assert setting_for("ollama") is None
    with pytest.raises(CannotBench, match="no http or https URL"):
        setting_for("ftp://here")


def test_a_url_of_a_configured_server_means_that_server_with_its_key():
    mine = LocalSetting("mine", "http://127.0.0.1:8080/v1", api_key="k")
    assert known_as(LocalSetting("x", "http://localhost:8080"), (mine,)) == mine
    for other in ("http://localhost:8081", "http://box:8080", "http://127.0.0.1:8080/other"):
        assert known_as(LocalSetting("x", other), (mine,)).name == "x"


@pytest.mark.parametrize("kind", ["ollama", "llamacpp", "lmstudio", "vllm"])
def test_a_server_that_says_which_program_it_is_may_be_anywhere(kind: Kind):
    one = upstream("http://gpu.example:8080", kind)
    refuse_cloud(one, one.models[0], lambda _host: ["93.184.216.34"])


@pytest.mark.parametrize(
    "found", [["93.184.216.34"], ["192.168.1.5", "93.184.216.34"], ["2606:2800:220:1::1"], [], ["?"]]
)
def test_any_other_server_has_to_be_near(found: list[str]):
    one = upstream("https://api.example/v1")
    with pytest.raises(CannotBench, match=r"a cloud that charges for it.*ssh -L"):
        refuse_cloud(one, one.models[0], lambda _host: found)


@pytest.mark.parametrize(
    "found", [["127.0.0.1"], ["192.168.1.5"], ["10.0.0.1", "fd00::1"], ["100.64.0.3"], ["fe80::1%eth0"]]
)
def test_a_server_on_this_machine_or_network_is_near(found: list[str]):
    one = upstream("http://box.lan:8000")
    refuse_cloud(one, one.models[0], lambda _host: found)


@pytest.mark.parametrize(
    "model", ["claude-opus-5-5", "anthropic/claude-haiku-4-5", "gpt-5.2", "openai/gpt-4o", "gemini-3-pro", "o3"]
)
def test_a_clouds_model_is_refused_even_on_this_machine(model: str):
    one = upstream(model=model)
    with pytest.raises(CannotBench, match="a cloud's model"):
        refuse_cloud(one, one.models[0])


@pytest.mark.parametrize("model", ["gpt-oss-20b", "qwen3-coder:30b", "phi-4", "ollama3", "deepseek-v3", "olmo-3"])
def test_a_local_models_name_is_not_taken_for_a_clouds(model: str):
    one = upstream(model=model)
    refuse_cloud(one, one.models[0])


def test_the_first_upstream_that_is_well_and_its_first_model_are_chosen():
    two = LocalUpstream("b", "http://127.0.0.1:2", "ollama", (LocalModel("x", 1), LocalModel("y", 1)), healthy=True)
    sick = upstream(why="it is not running")
    assert choose((sick, two), None, None) == (two, two.models[0])
    assert choose((sick, two), None, "y") == (two, two.models[1])
    assert choose((sick, two), "b", None)[0] == two


@pytest.mark.parametrize(
    ("upstreams", "name", "model", "says"),
    [
        ((), None, None, "no local model server was found; start one"),
        ((upstream(),), "cellar", None, "there is no local upstream cellar; there is box"),
        ((upstream(),), None, "llama", "there is no model llama; there is: qwen3-8b"),
        (
            (upstream(why="it is not running"),),
            None,
            None,
            r"box \(http://127.0.0.1:8080\): it is not running.*bursar doctor",
        ),
    ],
)
def test_what_cannot_be_chosen_is_said_with_what_there_is(upstreams: tuple, name: str, model: str, says: str):
    with pytest.raises(CannotBench, match=says):
        choose(upstreams, name, model)


def test_an_unknown_host_has_no_address():
    assert addresses("no such host") == []
    assert "127.0.0.1" in addresses("127.0.0.1")
