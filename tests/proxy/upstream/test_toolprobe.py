"""The tool probe: what it says of servers that do well, badly, or not at all."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from proxy.upstream.local import LocalSetting, Registry, plain_session
from proxy.upstream.local_model import LocalModel, LocalUpstream
from proxy.upstream.probe_result import ProbeResult
from proxy.upstream.probe_tools import NOTE
from proxy.upstream.toolprobe import Patience, ToolProbe
from tests.kit.llama.server import llama_server
from tests.kit.llama.templates import CHATML
from tests.kit.local_fake import Act, calls, chunk, ending, local_fake, says
from tests.kit.probe_scripts import GOOD, with_simple

NOW = datetime(2026, 11, 21, tzinfo=UTC)
VLLM = {"/v1/models": (200, {"data": [
    {"id": "qwen3-coder", "owned_by": "vllm", "max_model_len": 65536, "root": "Qwen/Qwen3-Coder-30B-A3B-Instruct"},
]})}  # fmt: skip
OLLAMA = {
    "/v1/models": (404, {}),
    "/api/version": (200, {"version": "0.40.1"}),
    "/api/tags": (200, {"models": [{"name": "gemma3:4b", "digest": "1"}]}),
    "/api/ps": (200, {"models": []}),
    "/api/show": (200, {"capabilities": ["completion", "vision"], "model_info": {"g.context_length": 131072}}),
}


def seen(url: str, **more: Any) -> LocalUpstream:
    """Ask a server what it is."""
    with plain_session() as session:
        (upstream,) = Registry((LocalSetting("box", url, **more),), False, lambda: NOW, session).refresh()
        return upstream


def probed(upstream: LocalUpstream, model: LocalModel | None = None, **more: Any) -> ProbeResult:
    """Probe a model of a server."""
    nobody = LocalModel("", 8192)
    chosen = model or next(iter(upstream.models), nobody)
    return ToolProbe(upstream, chosen, clock=lambda: NOW, **more).run()


def faked(*acts: Act, pages: dict[str, Any] = VLLM, **more: Any) -> ProbeResult:
    """Probe a fake server that answers so."""
    with local_fake(*acts, pages=pages) as fake:
        return probed(seen(fake.url), **more)


def key(result: ProbeResult) -> str:
    """Name the cause."""
    return result.diagnosis.key if result.diagnosis else ""


def error(message: str, status: int = 400) -> Act:
    """Answer with an error."""
    return Act(json.dumps({"error": {"message": message, "code": status}}).encode(), status, "application/json")


# The real llama.cpp server


@pytest.mark.slow
def test_a_real_server_whose_model_does_all_right_passes_every_check() -> None:
    with llama_server(scripts=GOOD) as server:
        result = probed(seen(server.url))
    assert result.passed is True
    assert (result.diagnosis, result.limits) == (None, ())
    assert [check.name for check in result.checks if not check.ok] == []
    assert len(result.checks) == 8
    assert result.tokens_per_s is not None
    assert result.prompt_tokens_per_s is not None


@pytest.mark.slow
def test_a_real_server_whose_template_knows_no_tools_is_told_so_with_the_command() -> None:
    with llama_server(scripts=GOOD, template=CHATML) as server:
        result = probed(seen(server.url))
    assert (result.passed, key(result)) == (False, "template")
    assert "drops them in silence" in result.cause
    assert "--chat-template-file" in result.mend


@pytest.mark.slow
def test_a_real_server_with_a_small_context_passes_and_the_long_list_does_not_fit() -> None:
    with llama_server(scripts=GOOD, ctx=4096) as server:
        result = probed(seen(server.url))
    assert result.passed is True
    assert [(check.name, check.cause) for check in result.checks if not check.ok] == [("a list of 25 tools", "context")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("I would now call the get_weather tool with city Oslo.", "no calls"),
        ("Of course.\nget_weather:\n<|python_tag|>get_weather(city Oslo", "text"),
    ],
)
def test_a_real_model_that_only_writes_about_calls_fails(said: str, wanted: str) -> None:
    with llama_server(scripts=with_simple(said)) as server:
        result = probed(seen(server.url))
    assert (result.passed, key(result)) == (False, wanted)


# Ollama, by its own dialect


def by_ollama(asked: dict[str, Any]) -> dict[str, Any]:
    """Answer as Ollama's /api/chat does, in a stream of one line, what a good model would."""
    marks = [mark for mark in RIGHT if f"[[bursar_{mark}]]" in json.dumps(asked["messages"])]
    said = RIGHT[marks[-1]]
    made = said if isinstance(said, list) else []
    calls_ = [{"function": {"name": name, "arguments": given}} for name, given in made]
    return {
        "message": {"role": "assistant", "content": "" if made else said, "tool_calls": calls_},
        "done": True, "done_reason": "stop", "prompt_eval_count": 500, "eval_count": 40,
        "prompt_eval_duration": 1_000_000_000, "eval_duration": 2_000_000_000,
    }  # fmt: skip


OSLO = ("get_weather", {"city": "Oslo"})
ORDER = {
    "customer": {"name": "Ada", "note": NOTE},
    "items": [
        {"article": "bolt", "quantity": 3, "price": 0.25, "delivery": "express"},
        {"article": "nut", "quantity": 1, "price": 2, "delivery": "standard"},
    ],
}
RIGHT: dict[str, Any] = {
    "simple": [OSLO], "nested": [("save_order", ORDER)], "weather": [OSLO], "result": "It is 17 degrees.", "none": "4",
    "two": [OSLO, ("get_weather", {"city": "Rome"})], "required": [OSLO], "named": [("get_time", {"city": "Oslo"})],
    "large": [("read_file", {"path": "/home/ada/project/README.md"})],
}  # fmt: skip
GOOD_OLLAMA = {
    **OLLAMA,
    "/api/ps": (200, {"models": [{"name": "gemma3:4b", "context_length": 65536}]}),
    "/api/show": (200, {"capabilities": ["completion", "tools"], "model_info": {"g.context_length": 131072}}),
    "/api/chat": (200, by_ollama),
}


def by_vllm(mark: str) -> Act:
    """Answer one check by Chat Completions, as a good model would."""
    said = RIGHT[mark]
    if isinstance(said, str):
        return Act(says(said))
    deltas = [
        chunk({"tool_calls": [{"index": at, "id": f"c{at}", "type": "function",
                               "function": {"name": name, "arguments": json.dumps(given)}}]})
        for at, (name, given) in enumerate(said)
    ]  # fmt: skip
    return Act(b"".join(deltas) + ending("tool_calls"))


GOOD_VLLM = [
    by_vllm(mark) for mark in ("simple", "nested", "result", "none", "two", "required", "named", "large")
]  # fmt: skip
"""What passes the checks, in their order."""


def test_an_ollama_model_is_probed_by_its_own_dialect_with_the_context_that_a_person_set() -> None:
    asked: list[dict[str, Any]] = []

    def answer(body: dict[str, Any]) -> dict[str, Any]:
        asked.append(body)
        return by_ollama(body)

    with local_fake(pages={**GOOD_OLLAMA, "/api/chat": (200, answer)}) as fake:
        result = probed(seen(fake.url, context=40960))
        assert fake.requests == []
    assert result.passed is True, result
    assert (result.prompt_tokens_per_s, result.tokens_per_s) == (500.0, 20.0)
    assert {body["options"]["num_ctx"] for body in asked} == {40960}


# Servers that are not as they should be


def test_a_server_without_jinja_is_told_the_flag() -> None:
    result = faked(error("tools param requires --jinja flag", 500), pages={})
    assert (result.passed, key(result)) == (False, "jinja")
    assert result.mend.startswith("llama-server --jinja")


def test_a_vllm_without_its_flags_is_told_them_with_the_parser_for_the_model() -> None:
    result = faked(error('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'))
    assert (result.passed, key(result)) == (False, "vllm flags")
    assert result.mend == (
        "vllm serve Qwen/Qwen3-Coder-30B-A3B-Instruct --enable-auto-tool-choice --tool-call-parser qwen3_xml"
    )


def test_an_ollama_model_without_tools_is_not_even_asked() -> None:
    with local_fake(pages=OLLAMA) as fake:
        result = probed(seen(fake.url))
        assert fake.requests == []
    assert (result.passed, key(result)) == (False, "template")
    assert "capabilities lack `tools`" in result.cause


def test_calls_that_come_as_text_and_can_be_read_pass_with_a_limit() -> None:
    said = says('<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>')
    result = faked(Act(said))
    assert result.checks[0].ok
    wrong = [check for check in result.checks if not check.ok]
    assert wrong[0].name == "nested arguments"


def test_calls_that_come_as_text_and_cannot_be_read_fail_by_their_style() -> None:
    result = faked(Act(says("Sure! [TOOL_CALLS]get_weather city=Oslo")))
    assert (result.passed, key(result)) == (False, "text")
    assert "as text in the style Mistral" in result.cause
    assert "--tool-call-parser" in result.mend


def test_a_model_that_thinks_without_end_is_told_to_think_less() -> None:
    thoughts = chunk({"reasoning_content": "hm, "}) * 20 + ending("length")
    result = faked(Act(thoughts))
    assert (result.passed, key(result)) == (False, "thinking")
    assert 'thinking = "off"' in result.mend


def test_an_answer_that_is_cut_short_is_told() -> None:
    assert key(faked(Act(says("I will")[: -len(ending())] + ending("length")))) == "output"


def test_a_wrong_call_is_told_with_what_is_wrong() -> None:
    result = faked(Act(calls("get_wether", '{"city": "Oslo"}')))
    assert (result.passed, key(result)) == (False, "wrong calls")
    assert "a tool that was not sent" in result.cause


def test_one_bad_answer_in_three_is_forgiven() -> None:
    good, bad = Act(calls("get_weather", '{"city": "Oslo"}')), Act(says("No."))
    result = faked(bad, good, good, Act(says("No.")))
    assert [check.name for check in result.checks if check.ok] == ["simple call"]


def test_two_bad_answers_in_three_are_not() -> None:
    good, bad = Act(calls("get_weather", '{"city": "Oslo"}')), Act(says("No."))
    assert faked(bad, good, bad).checks[0].ok is False


def test_a_prompt_that_is_refused_as_too_long_means_a_small_context() -> None:
    result = faked(error("This model's maximum context length is 512 tokens, however you requested 900 tokens"))
    assert (result.passed, key(result)) == (False, "context")
    assert "--max-model-len 32768" in result.mend


# What lies outside the model says nothing about its tools


def test_a_server_that_is_not_there_is_said_to_be_off() -> None:
    with local_fake() as fake:
        url = fake.url
    result = probed(seen(url))
    assert (result.passed, key(result)) == (None, "no server")
    assert "it is not running" in result.cause


def test_a_server_that_went_away_meanwhile_is_said_to_be_off() -> None:
    with local_fake(pages=VLLM) as fake:
        upstream = seen(fake.url)
    assert (probed(upstream).passed, key(probed(upstream))) == (None, "no server")


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (error("Invalid API Key", 401), "key"),
        (Act(b"", 401), "key"),
        (Act(b"", 302), "error"),
        (Act(b"<html>not json</html>", content_type="text/html"), "error"),
        (Act(b""), "error"),
        (error("Loading model", 503), "loading"),
        (error("model not found", 404), "no model"),
        (error("CUDA error: out of memory", 500), "error"),
        (Act(b"data: {", cut_after=4), "error"),
    ],
)
def test_what_is_wrong_outside_the_model_leaves_its_tools_unknown(answer: Act, wanted: str) -> None:
    result = faked(answer)
    assert (result.passed, key(result)) == (None, wanted)


def test_a_loading_server_and_a_wrong_key_and_another_program_are_told_apart() -> None:
    loading = {"/props": (503, {"error": {"message": "Loading model"}})}
    assert key(faked(pages=loading)) == "loading"
    assert key(faked(pages={"/props": (401, {})})) == "key"
    assert key(faked(pages={"/v1/models": (200, {"hello": 1})})) == "not a model server"
    assert key(faked(pages={"/v1/models": (200, {"data": []})})) == "no model"


def test_a_server_that_does_not_answer_in_time_is_slow() -> None:
    result = faked(Act(says("x"), hang_after=0), patience=Patience(request_s=0.3, whole_s=10))
    assert (result.passed, key(result)) == (False, "slow")
    assert "too slow" in result.cause


def test_a_model_that_is_right_but_does_not_get_through_a_long_list_passes_as_too_slow() -> None:
    def answer(body: dict[str, Any]) -> dict[str, Any]:
        if "[[bursar_large]]" in json.dumps(body):
            time.sleep(1)
        return by_ollama(body)

    with local_fake(pages={**GOOD_OLLAMA, "/api/chat": (200, answer)}) as fake:
        result = probed(seen(fake.url), patience=Patience(request_s=0.5, whole_s=60))
    assert result.passed is True
    assert [limit.key for limit in result.limits] == ["slow"]
    assert "did not get through a list of 25 tools" in result.limits[0].says


def test_a_server_that_refuses_a_forced_choice_is_limited_and_no_failure() -> None:
    good = GOOD_VLLM
    refusal = error("tool_choice 'required' is not supported")
    with local_fake(*good[:5], refusal, refusal, good[7], pages=VLLM) as fake:
        result = probed(seen(fake.url))
    assert result.passed is True, result
    assert [limit.says for limit in result.limits] == [
        "qwen3-coder: it cannot be made to call a tool",
        "qwen3-coder: it cannot be made to call a certain tool",
    ]


def test_a_server_that_refuses_the_long_list_has_too_small_a_context_and_right_calls() -> None:
    full = error("This model's maximum context length is 4096 tokens, however you requested 9000 tokens")
    with local_fake(*GOOD_VLLM[:7], full, pages=VLLM) as fake:
        result = probed(seen(fake.url))
    assert result.passed is True
    assert [limit.key for limit in result.limits] == ["context"]


def test_a_server_that_goes_away_in_the_middle_leaves_the_tools_unknown() -> None:
    with local_fake(*GOOD_VLLM[:5], error("Loading model", 503), pages=VLLM) as fake:
        result = probed(seen(fake.url))
    assert (result.passed, key(result)) == (None, "loading")


def test_a_person_who_gives_a_model_time_gives_it_to_the_probe_too() -> None:
    slow = Act(calls("get_weather", '{"city": "Oslo"}'), first_byte_s=0.6)
    with local_fake(slow, pages=VLLM) as fake:
        hasty = probed(seen(fake.url), patience=Patience(request_s=0.2, whole_s=60))
        patient = probed(seen(fake.url, first_s=60.0), patience=Patience(request_s=0.2, whole_s=60))
    assert not hasty.checks[0].ok
    assert patient.checks[0].ok


def test_a_probe_ends_at_once_when_bursar_leaves() -> None:
    began = time.monotonic()
    asked = 0

    def leaving() -> bool:
        nonlocal asked
        asked += 1
        return asked > 2

    result = faked(Act(says("x"), hang_after=0), leaving=leaving)
    assert (result.passed, key(result)) == (None, "cancelled")
    assert time.monotonic() - began < 60  # It would wait for two minutes.


# How fast


def timed(prompt_n: int, prompt_ms: float, predicted_n: int, predicted_ms: float) -> Act:
    """Answer with a call, and llama.cpp's table of times."""
    table = {"prompt_n": prompt_n, "prompt_ms": prompt_ms, "predicted_n": predicted_n, "predicted_ms": predicted_ms}
    usage = {"prompt_tokens": prompt_n, "completion_tokens": predicted_n}
    body = calls("get_weather", '{"city": "Oslo"}')[: -len(ending("tool_calls"))]
    return Act(body + chunk({}, "tool_calls", timings=table, usage=usage))


def test_the_pace_is_the_servers_own_figure() -> None:
    result = faked(timed(400, 800, 50, 2000))
    assert (result.prompt_tokens_per_s, result.tokens_per_s, result.first_token_s) == (500.0, 25.0, 0.8)


def test_an_impossible_pace_is_not_believed() -> None:
    result = faked(timed(400, 0.001, 50, 0.001))
    assert (result.prompt_tokens_per_s, result.tokens_per_s) == (None, None)


def test_a_result_can_be_kept_as_json() -> None:
    result = faked(Act(says("No.")))
    assert ProbeResult.from_json(json.loads(json.dumps(result.as_json()))) == result


def test_every_request_goes_by_the_translation_and_says_whose_it_is() -> None:
    with local_fake(Act(calls("get_weather", '{"city": "Oslo"}')), pages=VLLM) as fake:
        probed(seen(fake.url, api_key="secret"))
        assert {header["authorization"] for header in fake.headers} == {"Bearer secret"}
        assert all("[[bursar_" in json.dumps(request["messages"]) for request in fake.requests)
        assert fake.requests[0]["tools"][0]["function"]["name"] == "get_weather"
