"""Requests, field by field: Messages API → Chat Completions."""

import json
from typing import Any

import pytest

from proxy.translate.request import CannotTranslate
from proxy.upstream.local_model import LocalModel
from tests.proxy.translate.words import HI, PNG, WEATHER, chat, messages, text, translated


def test_a_plain_request_asks_the_local_model_for_a_stream_with_counts() -> None:
    assert chat() == {
        "model": "qwen",
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 100,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_a_client_that_does_not_stream_is_answered_from_a_stream_too() -> None:
    assert chat(stream=False)["stream"] is True


@pytest.mark.parametrize(
    ("kind", "switch"),
    [
        ("llamacpp", {"chat_template_kwargs": {"enable_thinking": False}}),
        ("vllm", {"chat_template_kwargs": {"enable_thinking": False}}),
        ("lmstudio", {}),
    ],
)
def test_disabled_thinking_uses_the_switch_of_the_server(kind: Any, switch: dict[str, Any]) -> None:
    body = chat(LocalModel("m", 32768, kind=kind), thinking={"type": "disabled"})
    assert {key: body[key] for key in ("chat_template_kwargs", "reasoning_effort") if key in body} == switch
    assert "chat_template_kwargs" not in chat(thinking={"type": "adaptive"})


def test_effort_is_sent_only_to_a_model_that_knows_it() -> None:
    effort = {"output_config": {"effort": "max"}}
    assert "reasoning_effort" not in chat(**effort)
    assert chat(LocalModel("gpt-oss", 32768, takes_effort=True), **effort)["reasoning_effort"] == "high"


def test_the_effort_of_the_newest_message_that_names_one_counts() -> None:
    knows = LocalModel("gpt-oss", 32768, takes_effort=True)
    given = [*HI, {"role": "system", "content": "Rules.", "output_config": {"effort": "low"}}]
    assert chat(knows, messages=given, output_config={"effort": "max"})["reasoning_effort"] == "low"
    assert chat(knows, messages=[*given, {"role": "assistant", "content": "a", "output_config": 7}, *HI])[
        "reasoning_effort"
    ] == ("low")


@pytest.mark.parametrize(("wish", "sent"), [("on", True), ("off", False)])
def test_what_a_person_set_for_the_model_overrules_the_request(wish: Any, sent: bool) -> None:
    for asked in ({}, {"thinking": {"type": "disabled"}}, {"thinking": {"type": "enabled", "budget_tokens": 9}}):
        body = chat(LocalModel("m", 32768, kind="vllm", thinking=wish), **asked)
        assert body["chat_template_kwargs"] == {"enable_thinking": sent}


def test_a_begun_answer_rules_thinking_out_whatever_was_set() -> None:
    begun = [*HI, {"role": "assistant", "content": "Sure:"}]
    body = chat(LocalModel("m", 32768, kind="llamacpp", thinking="on"), messages=begun)
    assert body["chat_template_kwargs"] == {"enable_thinking": False}


def test_no_more_than_four_stops_are_sent_and_all_are_remembered() -> None:
    told = translated(stop_sequences=["A", "B", "C", "D", "E"])
    assert json.loads(told.body)["stop"] == ["A", "B", "C", "D"]
    assert told.stop_sequences == ("A", "B", "C", "D", "E")


# Tools


def test_a_tool_becomes_a_function_without_what_only_the_api_knows() -> None:
    extras = {
        "cache_control": {"type": "ephemeral"},
        "defer_loading": True,
        "strict": True,
        "input_examples": [],
        "type": "custom",
    }
    (function,) = chat(tools=[{**WEATHER, **extras}])["tools"]
    assert function == {
        "type": "function",
        "function": {
            "name": "get_weather", "description": "Tell the weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }  # fmt: skip


def test_a_tool_without_a_schema_takes_no_parameters_and_the_placeholder_is_no_tool() -> None:
    (function,) = chat(tools=[{"name": "now"}, {"name": "DeferredToolPlaceholder", "defer_loading": True}])["tools"]
    assert function["function"] == {"name": "now", "parameters": {"type": "object", "properties": {}}}


@pytest.mark.parametrize(
    ("choice", "names", "sent"),
    [
        (None, ["get_weather", "other"], "auto"),
        ({"type": "auto"}, ["get_weather", "other"], "auto"),
        ({"type": "any"}, ["get_weather", "other"], "required"),
        ({"type": "tool", "name": "other"}, ["other"], "required"),
        ({"type": "none"}, [], None),
    ],
)
def test_the_choice_of_tools_is_put_so_that_llama_cpp_honours_it(
    choice: Any, names: list[str], sent: str | None
) -> None:
    asked = {"tool_choice": choice} if choice else {}
    body = chat(tools=[WEATHER, {"name": "other"}], **asked)
    assert [tool["function"]["name"] for tool in body.get("tools", [])] == names
    assert body.get("tool_choice") == sent


def test_a_forced_call_is_capped_so_that_an_unwilling_model_cannot_ramble_for_ever() -> None:
    assert chat(tools=[WEATHER], tool_choice={"type": "any"}, max_tokens=20000)["max_tokens"] == 8192


def test_one_call_at_a_time_is_asked_for_and_remembered() -> None:
    told = translated(tools=[WEATHER], tool_choice={"type": "auto", "disable_parallel_tool_use": True})
    assert told.one_call
    assert json.loads(told.body)["parallel_tool_calls"] is False
    assert told.tool_names == ("get_weather",)


# The rest


def test_sampling_and_stops_and_the_answers_form_are_handed_on() -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}}
    body = chat(
        temperature=0.5,
        top_p=1,
        top_k=4,
        stop_sequences=["END"],
        tools=[],
        output_config={"format": {"type": "json_schema", "schema": schema}},
    )
    assert (body["temperature"], body["top_p"], body["top_k"], body["stop"]) == (0.5, 1, 4, ["END"])
    assert body["response_format"]["json_schema"] == {"name": "answer", "schema": schema, "strict": True}
    assert "tools" not in body


def test_what_means_nothing_to_a_local_server_is_dropped_and_noted() -> None:
    told = translated(metadata={"user_id": "u"}, speed="fast", context_management={}, safeguards=[{"type": "x"}])
    assert told.notes == ("dropped context_management", "dropped metadata", "dropped safeguards", "dropped speed")
    assert not {"metadata", "speed", "context_management", "safeguards"} & set(json.loads(told.body))


def test_the_answers_beginning_is_left_to_llama_cpp_and_to_no_other_server() -> None:
    given = {"messages": [*HI, {"role": "assistant", "content": "Sure:"}]}
    body = chat(**given)
    assert body["messages"][-1] == {"role": "assistant", "content": "Sure:"}
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    with pytest.raises(CannotTranslate, match="begins the answer itself"):
        chat(LocalModel("m", 32768, kind="vllm"), **given)


# Room


def test_the_output_is_capped_by_what_was_asked_the_model_and_the_room_left() -> None:
    assert chat(max_tokens=50)["max_tokens"] == 50
    assert chat(LocalModel("m", 32768, max_output=4000), max_tokens=32000)["max_tokens"] == 4000
    told = translated(LocalModel("m", 8192), max_tokens=128000)
    assert told.max_tokens == 8192 - told.prompt_tokens - 64


def test_a_prompt_that_leaves_no_room_for_an_answer_does_not_fit() -> None:
    with pytest.raises(CannotTranslate, match=r"does not fit: about \d+ tokens of prompt, and m holds 4096") as caught:
        chat(LocalModel("m", 4096), messages=[{"role": "user", "content": "x" * 16000}], max_tokens=32000)
    assert caught.value.does_not_fit


def test_an_image_counts_by_the_piece_and_not_by_its_bytes() -> None:
    big = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 300_000}}
    assert translated(messages=[{"role": "user", "content": [big]}]).prompt_tokens < 2000


# What cannot be done


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "web_search_20250305"),
        ({"tools": [{"type": "bash_20250124", "name": "bash"}]}, "bash_20250124"),
        ({"mcp_servers": [{"url": "https://x"}]}, "mcp_servers"),
        ({"container": "c"}, "container"),
        ({"user_profile_id": "u"}, "user_profile_id"),
        ({"max_tokens": 0}, "prompt cache"),
        ({"max_tokens": True}, "max_tokens"),
        ({"messages": []}, "says nothing"),
        ({"messages": "Hi"}, "no list of messages"),
        ({"messages": [{"role": "user", "content": 7}]}, "neither text nor blocks"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "role"),
        ({"tools": [WEATHER], "tool_choice": {"type": "tool", "name": "gone"}}, "not there"),
        ({"tools": {}, "tool_choice": {"type": "any"}}, "not there"),
        ({"tools": "x"}, "no list of tools"),
    ],
)
def test_what_only_the_cloud_can_do_is_refused_with_the_reason(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(CannotTranslate, match=reason):
        chat(**fields)


@pytest.mark.parametrize(
    ("role", "block", "reason"),
    [
        (
            "user",
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": ""}},
            "PDF",
        ),
        ("user", {"type": "image", "source": {"type": "file", "file_id": "f"}}, "file store"),
        ("user", {"type": "container_upload", "file_id": "f"}, "container_upload"),
        ("assistant", {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}, "server_tool_use"),
        ("assistant", {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}, "web_search_tool_result"),
        ("user", {"type": "compaction", "content": "x"}, "compaction"),
        ("user", {"type": "secret words"}, "nameless"),
    ],
)
def test_blocks_of_the_cloud_are_refused_by_their_name(role: str, block: dict[str, Any], reason: str) -> None:
    with pytest.raises(CannotTranslate, match=reason):
        messages(("user", "Hi"), (role, [text("x"), block]), ("user", "and?"))


def test_images_and_tools_are_refused_for_a_model_that_has_no_sense_of_them() -> None:
    with pytest.raises(CannotTranslate, match="image"):
        chat(LocalModel("m", 32768), messages=[{"role": "user", "content": [PNG]}])
    with pytest.raises(CannotTranslate, match="cannot call any"):
        chat(LocalModel("m", 32768, tools=False), tools=[WEATHER])
    assert "tools" not in chat(LocalModel("m", 32768, tools=False), tools=[WEATHER], tool_choice={"type": "none"})
