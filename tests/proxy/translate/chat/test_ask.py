"""A chat request put as a Messages request: what each field becomes, and what is refused."""

from typing import Any

import pytest

from proxy.request import BadRequest
from proxy.translate.chat.ask import DEFAULT_MAX_TOKENS, JSON_ONLY, ask
from tests.kit.claude.checks import check_message

USER = {"role": "user", "content": "Hello"}
MARK = {"type": "ephemeral"}
READ = {"type": "function", "function": {"name": "read", "parameters": {"type": "object", "properties": {}}}}
PIXEL = "data:image/png;base64,aGk="


def sent(*messages: Any, **fields: Any) -> dict[str, Any]:
    """Give the Messages fields that a chat request becomes for Claude."""
    model = fields.pop("model", "claude-sonnet-5-5")
    found = ask({"model": model, "messages": list(messages) or [USER], **fields}).sent
    check_message(found)
    return found


def said(*messages: Any) -> list[tuple[str, Any]]:
    """Give the conversation as roles and contents, a lone text as itself."""

    def short(content: list[dict[str, Any]]) -> Any:
        alone = len(content) == 1 and content[0]["type"] == "text"
        return content[0]["text"] if alone else content

    return [(message["role"], short(message["content"])) for message in sent(*messages, tools=[READ])["messages"]]


def refusal(**fields: Any) -> str:
    """Give the sentence with which a request is refused."""
    with pytest.raises(BadRequest) as caught:
        ask({"model": "claude-sonnet-5-5", "messages": [USER], **fields})
    return str(caught.value)


def call(identifier: str, arguments: str = "{}", name: str = "read") -> dict[str, Any]:
    """Write a call as an agent sends it back."""
    return {"id": identifier, "type": "function", "function": {"name": name, "arguments": arguments}}


def calls(*made: dict[str, Any], content: Any = None) -> dict[str, Any]:
    return {"role": "assistant", "content": content, "tool_calls": list(made)}


def result(identifier: str, content: Any = "done") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": identifier, "content": content}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def test_a_plain_question_is_a_plain_message() -> None:
    assert sent() == {
        "model": "claude-sonnet-5-5",
        "max_tokens": DEFAULT_MAX_TOKENS,
        "messages": [{"role": "user", "content": [text("Hello")]}],
    }


def test_a_lone_question_writes_nothing_to_the_prompt_cache() -> None:
    assert "cache_control" not in str(sent({"role": "system", "content": "Be brief."}, USER))


def test_an_agent_s_request_keeps_its_prompt_for_five_minutes() -> None:
    found = sent({"role": "system", "content": "Be brief."}, USER, tools=[READ])
    assert found["cache_control"] == MARK
    assert found["system"] == [{**text("Be brief."), "cache_control": MARK}]


def test_a_conversation_that_goes_on_is_kept_too() -> None:
    assert sent(USER, {"role": "assistant", "content": "Hi"}, USER)["cache_control"] == MARK


def test_system_and_developer_messages_stand_at_the_head_in_their_order() -> None:
    found = sent({"role": "system", "content": "One."}, {"role": "developer", "content": [text("Two.")]}, USER)
    assert found["system"] == [text("One.\n\nTwo.")]


def test_a_system_message_in_mid_conversation_leaves_the_head_as_it_was() -> None:
    head = {"role": "system", "content": "One."}
    found = sent(head, USER, {"role": "system", "content": "Late."}, {"role": "assistant", "content": "Hi"}, USER)
    assert [block["text"] for block in found["system"]] == ["One."]
    assert found["messages"][0]["content"] == [
        text("Hello"), text("<system-reminder>\nLate.\n</system-reminder>")
    ]  # fmt: skip


def test_a_request_of_nothing_but_a_system_message_asks_that() -> None:
    found = sent({"role": "system", "content": "Say hi."})
    assert ("system" in found, found["messages"]) == (False, [{"role": "user", "content": [text("Say hi.")]}])


def test_neighbours_of_one_role_are_one_message() -> None:
    assert said(USER, USER) == [("user", [text("Hello"), text("Hello")])]


def test_empty_words_are_left_out() -> None:
    assert said({"role": "user", "content": [text(""), text(" \n"), text("Hi")]}) == [("user", "Hi")]


def test_an_assistant_that_began_is_preceded_by_a_user() -> None:
    assert [role for role, _ in said({"role": "assistant", "content": "Welcome."}, USER)] == [
        "user", "assistant", "user"
    ]  # fmt: skip


def test_a_beginning_of_the_answer_ends_without_blanks() -> None:
    assert said(USER, {"role": "assistant", "content": "It is \n"})[-1] == ("assistant", "It is")


def test_images_come_as_bytes_or_as_an_address() -> None:
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in (PIXEL, "https://example.org/a.png")]
    ((_, content),) = said({"role": "user", "content": [text("See"), *parts]})
    assert [block.get("source") for block in content] == [
        None,
        {"type": "base64", "media_type": "image/png", "data": "aGk="},
        {"type": "url", "url": "https://example.org/a.png"},
    ]


def test_results_follow_their_calls_in_the_order_of_the_calls_and_before_the_user_s_words() -> None:
    talk = said(USER, calls(call("a", '{"x":1}'), call("b"), content="Look"), result("b", "B"), result("a", "A"), USER)
    (_, words), (_, made), (role, answers) = talk
    assert words == "Hello"
    assert [block["type"] for block in made] == ["text", "tool_use", "tool_use"]
    assert made[1] == {"type": "tool_use", "id": "a", "name": "read", "input": {"x": 1}}
    assert role == "user"
    assert answers == [
        {"type": "tool_result", "tool_use_id": "a", "content": [text("A")]},
        {"type": "tool_result", "tool_use_id": "b", "content": [text("B")]},
        text("Hello"),
    ]


def test_a_call_that_never_ran_is_said_to_have_no_result() -> None:
    talk = said(USER, calls(call("a"), call("b")), result("b", "B"))
    assert [block.get("is_error", False) for block in talk[-1][1]] == [True, False]


def test_a_result_without_a_call_is_kept_as_words() -> None:
    assert said(USER, {"role": "assistant", "content": "Hi"}, result("gone", "late"))[-1] == ("user", "late")


def test_a_system_message_between_call_and_result_comes_after_the_result() -> None:
    talk = said(USER, calls(call("a")), {"role": "system", "content": "Hurry."}, result("a", "A"))
    assert [block["type"] for block in talk[-1][1]] == ["tool_result", "text"]


def test_an_image_that_a_tool_gave_is_in_its_result() -> None:
    parts = [text("a picture"), {"type": "image_url", "image_url": {"url": PIXEL}}]
    ((_, _), (_, _), (_, (answer,))) = said(USER, calls(call("a")), result("a", parts))
    assert [block["type"] for block in answer["content"]] == ["text", "image"]


def test_ids_that_the_api_would_refuse_get_others_and_keep_their_results() -> None:
    turn = (calls(call("functions.read:0")), result("functions.read:0"))
    talk = said(USER, *turn, *turn)
    made = [content[0]["id"] for role, content in talk if role == "assistant"]
    answered = [content[0]["tool_use_id"] for role, content in talk[1:] if role == "user"]
    assert made == answered
    assert len(set(made)) == 2


@pytest.mark.parametrize("arguments", ['{"x":', "[1]", '{"a":1,"a":2}', "NaN"])
def test_arguments_that_are_no_object_are_kept_as_they_were(arguments: str) -> None:
    made = said(USER, calls(call("a", arguments)), result("a"))[1][1][0]
    assert made["input"] == {"__unparsedToolInput": {"raw": arguments}}


def test_the_same_beginning_is_the_same_bytes_whatever_follows() -> None:
    turn = [USER, calls(call("a", '{"b": 1}'), call("a")), result("a"), result("a")]
    short, long = sent(*turn, tools=[READ]), sent(*turn, *turn, USER, tools=[READ])
    assert str(long["messages"]).startswith(str(short["messages"]).removesuffix("]}]"))
    assert {**short, "messages": 0} == {**long, "messages": 0}


def test_tools_are_functions_with_a_schema_of_an_object() -> None:
    given = [
        {"type": "function", "function": {"name": "a", "description": "A", "strict": True, "parameters": {}}},
        {"type": "function", "function": {"name": "b"}},
        {"type": "function", "function": {"name": "c", "parameters": {"properties": {"x": {}}}}},
    ]
    assert sent(tools=given)["tools"] == [
        {"name": "a", "description": "A", "input_schema": {"type": "object", "properties": {}}},
        {"name": "b", "input_schema": {"type": "object", "properties": {}}},
        {"name": "c", "input_schema": {"properties": {"x": {}}, "type": "object"}},
    ]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, None),
        ({"tool_choice": "auto"}, None),
        ({"tool_choice": "none"}, {"type": "none"}),
        ({"tool_choice": "required"}, {"type": "any"}),
        ({"tool_choice": {"type": "function", "function": {"name": "read"}}}, {"type": "tool", "name": "read"}),
        ({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        (
            {"tool_choice": "required", "parallel_tool_calls": False},
            {"type": "any", "disable_parallel_tool_use": True},
        ),
    ],
)
def test_the_choice_among_tools(asked: dict[str, Any], found: Any) -> None:
    assert sent(tools=[READ], **asked).get("tool_choice") == found


def test_a_choice_without_tools_is_none() -> None:
    assert "tool_choice" not in sent(tool_choice="auto", parallel_tool_calls=False)


@pytest.mark.parametrize(
    ("fields", "limit"),
    [
        ({}, DEFAULT_MAX_TOKENS),
        ({"max_tokens": 7}, 7),
        ({"max_tokens": 7, "max_completion_tokens": 9}, 9),
        ({"max_tokens": None}, DEFAULT_MAX_TOKENS),
    ],
)
def test_the_limit_of_the_answer(fields: dict[str, Any], limit: int) -> None:
    assert sent(**fields)["max_tokens"] == limit


def test_stop_texts_that_are_only_blanks_are_left_out() -> None:
    assert sent(stop=["END", "\n"])["stop_sequences"] == ["END"]
    assert sent(stop="END")["stop_sequences"] == ["END"]
    assert "stop_sequences" not in sent(stop="\n")


@pytest.mark.parametrize(
    ("model", "kept"),
    [
        ("claude-sonnet-5-5", {}),
        ("claude-opus-4-7", {}),
        ("claude-sonnet-4-6", {"temperature": 1}),
        ("claude-haiku-4-5-20251001", {"temperature": 1}),
    ],
)
def test_sampling_goes_only_to_models_that_take_it(model: str, kept: dict[str, Any]) -> None:
    asked = ask({"model": model, "messages": [USER], "temperature": 1.7, "top_p": 0.9})
    assert {name: asked.sent[name] for name in ("temperature", "top_p") if name in asked.sent} == kept
    assert (asked.fields["temperature"], asked.fields["top_p"]) == (1.7, 0.9)  # A local model takes both.


@pytest.mark.parametrize(
    ("model", "effort", "config", "thinking"),
    [
        ("claude-opus-5-5", "minimal", {"effort": "low"}, "adaptive"),
        ("claude-opus-5-5", "xhigh", {"effort": "xhigh"}, "adaptive"),
        ("claude-sonnet-4-6", "xhigh", {"effort": "high"}, "adaptive"),
        ("claude-opus-4-5", "high", {"effort": "high"}, None),
        ("claude-haiku-4-5", "high", None, None),
        ("claude-sonnet-5-5", "none", {"effort": "low"}, None),
        ("claude-sonnet-5-5", None, None, None),
    ],
)
def test_effort_goes_only_to_models_that_take_it(
    model: str, effort: str | None, config: dict[str, str] | None, thinking: str | None
) -> None:
    found = ask({"model": model, "messages": [USER], "reasoning_effort": effort}).sent
    assert found.get("output_config") == config
    assert found.get("thinking", {}).get("type") == thinking


def test_an_answer_by_schema_is_asked_for_as_the_api_has_it() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    wish = {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": schema}}
    assert sent(response_format=wish)["output_config"] == {"format": {"type": "json_schema", "schema": schema}}


def test_an_answer_in_json_is_asked_for_in_words() -> None:
    assert sent(response_format={"type": "json_object"})["system"] == [text(JSON_ONLY)]


def test_the_user_is_named_and_wishes_that_only_lean_an_answer_are_left_out() -> None:
    leaning = {"seed": 1, "presence_penalty": 1, "logit_bias": {"1": 2}, "store": True, "service_tier": "auto"}
    assert sent(user="u-1", **leaning) == {**sent(), "metadata": {"user_id": "u-1"}}


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"n": 2}, "n must be 1"),
        ({"logprobs": True}, "logprobs"),
        ({"audio": {"voice": "x"}}, "audio"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"functions": [{"name": "x"}]}, "send tools"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": "9"}, "max_completion_tokens"),
        ({"stream": 1}, "stream"),
        ({"temperature": 2.5}, "temperature"),
        ({"stop": [1]}, "stop"),
        ({"reasoning_effort": "much"}, "reasoning_effort"),
        ({"response_format": {"type": "xml"}}, "response_format"),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, r"tools[0]"),
        ({"tools": [READ], "tool_choice": "some"}, "tool_choice"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": ""}]}, "no words"),
        ({"messages": ["hi"]}, "messages[0]"),
        ({"messages": [{"role": "function", "content": "x"}]}, "messages[0]"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "tool_call_id"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]}, "audio"),
        ({"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]}, "file"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "ftp:x"}}]}]}, "image"),
        ({"model": ""}, "model"),
    ],
)
def test_what_cannot_be_answered_as_asked_is_refused_by_name(fields: dict[str, Any], named: str) -> None:
    assert named in refusal(**fields)


def test_no_refusal_quotes_the_prompt() -> None:
    secret = "my secret plan"
    for messages in ([{"role": secret}], [{"role": "user", "content": [{"type": secret}]}], [secret]):
        assert secret not in refusal(messages=messages)
