"""The second attempt: an answer that is held to be a call, and what becomes of it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from proxy.toolcalls.signals import Signal, signals
from proxy.toolcalls.verdict import AsIs, Failed, Repaired
from proxy.translate.request import CannotTranslate, Translated
from proxy.translate.response import Folded
from proxy.upstream.local_model import LocalModel
from tests.kit.local_fake import calls, chunk, ending
from tests.proxy.translate.test_sureness import choice
from tests.proxy.translate.words import CAPS, WEATHER, chat, translated

OTHER = {"name": "now"}
CALL = '{"name": "get_weather", "arguments": {"city": "Paris"}}'
SCHEMA_OF_NOW = {
    "type": "object",
    "properties": {"name": {"const": "now"}, "arguments": {"type": "object", "properties": {}}},
    "required": ["name", "arguments"],
    "additionalProperties": False,
}


def again(caps: LocalModel = CAPS, **fields: Any) -> Translated:
    """Translate a request for a second attempt."""
    return translated(caps, constrained=True, **{"tools": [WEATHER, OTHER], **fields})


def heard(text: str, finish: str = "stop", asked: Translated | None = None) -> Folded:
    """Read an answer of this text."""
    folded = Folded("claude-x", asked or again())
    folded.feed(chunk({"content": text}) + ending(finish))
    folded.end(True)
    return folded


@pytest.mark.parametrize("kind", ["llamacpp", "vllm", "lmstudio", "openai"])
def test_the_answer_is_held_to_be_one_call_of_the_tools_and_they_are_told_in_words(kind: Any) -> None:
    asked = again(replace(CAPS, kind=kind), system="Be brief.")
    body = json.loads(asked.body)
    named = body["response_format"]["json_schema"]
    assert (named["name"], named["strict"]) == ("call", True)
    first, second = named["schema"]["oneOf"]
    assert first["properties"]["name"] == {"const": "get_weather"}
    assert first["properties"]["arguments"] == {"type": "object", "properties": {"city": {"type": "string"}}}
    assert second == SCHEMA_OF_NOW
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & set(body)
    system = body["messages"][0]
    assert system["role"] == "system"
    assert system["content"].startswith("Be brief.\n\n# Tools")
    assert '"Tell the weather"' in system["content"]
    assert (asked.constrained, asked.must_call, asked.tool_names) == (True, True, ("get_weather", "now"))
    assert asked.wire == ("json" if kind == "llamacpp" else "sse")


def test_ollama_is_held_to_it_by_its_format() -> None:
    asked = again(replace(CAPS, kind="ollama"), tools=[OTHER])
    body = json.loads(asked.body)
    assert (asked.path, body["format"], body["logprobs"]) == ("/api/chat", SCHEMA_OF_NOW, True)
    assert body["think"] is False
    assert "tools" not in body


def test_a_servers_own_messages_api_gives_way_because_it_knows_no_schema() -> None:
    assert again(replace(CAPS, messages_api=True)).path == "/v1/chat/completions"
    schema = {"format": {"type": "json_schema", "schema": {"type": "object"}}}
    assert translated(replace(CAPS, messages_api=True), output_config=schema).path == "/v1/chat/completions"


def test_a_model_whose_template_writes_no_tools_can_be_held_to_a_call() -> None:
    assert again(replace(CAPS, tools=False)).constrained


def test_a_schema_with_references_is_held_to_be_an_object() -> None:
    tool = {"name": "f", "input_schema": {"$ref": "#/$defs/x", "$defs": {"x": {"type": "object"}}}}
    schema = chat(tools=[tool], constrained=True)["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["arguments"] == {"type": "object"}


@pytest.mark.parametrize(
    "fields", [{"tools": []}, {"tools": [WEATHER], "tool_choice": {"type": "none"}}]
)  # fmt: skip
def test_without_a_tool_there_is_nothing_to_hold_it_to(fields: dict[str, Any]) -> None:
    with pytest.raises(CannotTranslate, match="no tools"):
        again(**fields)


def test_a_begun_answer_cannot_be_held_to_a_call() -> None:
    begun = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Sure:"}]
    with pytest.raises(CannotTranslate, match="begins the answer itself"):
        again(messages=begun)


# Answers


def test_the_answer_is_a_call_like_any_other() -> None:
    folded = heard(CALL)
    (block,) = folded.message()["content"]
    assert (block["type"], block["name"], block["input"]) == ("tool_use", "get_weather", {"city": "Paris"})
    assert isinstance(folded.verdicts[0], AsIs)
    assert folded.stop_reason == "tool_use"
    assert signals(folded.heard) == ()


@pytest.mark.parametrize("text", [f"<think>hm</think>\n\n{CALL}", f"\n  {CALL}\n"])
def test_a_thought_or_blanks_around_the_call_do_no_harm(text: str) -> None:
    assert heard(text).message()["content"][0]["input"] == {"city": "Paris"}


@pytest.mark.parametrize(
    ("text", "finish", "sign"),
    [
        ('{"name": "get_wether", "arguments": {}}', "stop", Signal.WRONG_CALL),
        ('{"name": "get_weather", "arguments": {"city": 7}}', "stop", Signal.WRONG_CALL),
        ('{"city": "Paris"}', "stop", Signal.WRONG_CALL),
        ('{"name": "get_weather", "arguments": {"city": "Par', "length", Signal.CUT_IN_CALL),
    ],
)
def test_a_call_that_is_wrong_all_the_same_is_seen(text: str, finish: str, sign: Signal) -> None:
    folded = heard(text, finish)
    assert isinstance(folded.verdicts[0], Failed)
    assert sign in signals(folded.heard)


def test_an_almost_right_call_is_repaired() -> None:
    folded = heard('{"name": "get_weather", "arguments": {"city": "Paris"}')
    assert isinstance(folded.verdicts[0], Repaired)
    assert folded.message()["content"][0]["input"] == {"city": "Paris"}


def test_words_of_a_server_that_does_not_know_schemas_are_told_as_words_and_the_call_is_missed() -> None:
    folded = heard("It is fine.")
    assert folded.message()["content"] == [{"type": "text", "text": "It is fine."}]
    assert Signal.NO_CALL in signals(folded.heard)


# What was forced


@pytest.mark.parametrize(
    ("arguments", "is_forced"),
    [
        ({"city": ""}, True),
        ({"city": " ", "days": []}, True),
        ({"city": "", "where": {"zip": ""}}, True),
        ({"city": "Paris", "unit": ""}, False),
        ({"city": "", "days": 0}, False),
        ({}, False),
    ],
)
def test_without_logprobs_a_call_that_says_nothing_counts_as_forced(arguments: Any, is_forced: bool) -> None:
    text = json.dumps({"name": "get_weather", "arguments": arguments})
    assert (Signal.FORCED in signals(heard(text).heard)) == is_forced
    free = Folded("claude-x", translated(tools=[WEATHER]))
    free.feed(calls("get_weather", json.dumps(arguments)))
    free.end(True)
    assert Signal.FORCED not in signals(free.heard)


OPEN = [("{", -40.0, "<tool_call>"), ('"', -20.0), ("name", -20.0), ('": "', -20.0)]
REST = [("get_weather", 0.0), ('", "arguments": {"city": "', 0.0), ("Paris", 0.0), ('"}}', 0.0), ("", 0.0)]


def least(said: Any) -> float | None:
    """Read a constrained answer of these tokens, and return its least logprob."""
    text = "".join(token[0] for token in said)
    folded = Folded("claude-x", again())
    folded.feed(json.dumps({"choices": [choice(said, role="assistant", content=text)]}).encode())
    folded.end(True)
    return folded.heard.least_logprob


def test_the_form_is_forced_by_design_and_is_no_sign() -> None:
    assert least([*OPEN, *REST]) == 0.0


def test_a_model_that_was_about_to_say_words_or_nothing_was_forced() -> None:
    for wanted in ("Hello", ""):
        assert least([("{", -40.0, wanted), *OPEN[1:], *REST]) == -40.0


@pytest.mark.parametrize("at", [0, 2])
def test_a_name_or_a_value_that_was_forced_is_a_sign(at: int) -> None:
    said = [*REST[:at], (REST[at][0], -12.0, "else"), *REST[at + 1 :]]
    assert least([*OPEN, *said]) == -12.0
