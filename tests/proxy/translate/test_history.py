"""The conversation: which message goes where, and what becomes of each block."""

import json
from typing import Any

import pytest

from proxy.translate.request import CannotTranslate, to_chat
from tests.proxy.translate.words import CAPS, PNG, chat, messages, result, text, use

# System


def test_the_billing_header_is_dropped_and_the_other_system_blocks_are_joined() -> None:
    system = [text("x-anthropic-billing-header: cc_version=2.1.abc;"), text("You are.", cache_control={}), text("Do.")]
    assert chat(system=system)["messages"][0] == {"role": "system", "content": "You are.\n\nDo."}


def test_two_sessions_of_claude_code_share_the_same_prefix() -> None:
    one, two = (
        messages(
            ("user", "Hi"), system=[text(f"x-anthropic-billing-header: cc_version=2.1.{session};"), text("You are.")]
        )
        for session in ("abc", "def")
    )
    assert one == two


def test_a_system_message_before_the_first_answer_is_hoisted_in_either_form() -> None:
    as_blocks = messages(("user", "Hi"), ("system", [text("Rules.")]), system="You are.")
    as_text = messages(("user", "Hi"), ("system", "Rules."), system="You are.")
    assert as_blocks == as_text
    assert as_text[0] == {"role": "system", "content": "You are.\n\nRules."}
    assert [message["role"] for message in as_text] == ["system", "user"]


def test_a_later_system_message_becomes_a_reminder_of_the_user_turn_before_it() -> None:
    found = messages(("user", "Hi"), ("assistant", "Yes?"), ("user", "Go"), ("system", "Mind the gap."))
    assert found[-1]["content"] == "Go\n\n<system-reminder>\nMind the gap.\n</system-reminder>"


def test_a_system_message_after_tool_results_joins_the_last_of_them() -> None:
    found = messages(
        ("user", "Hi"), ("assistant", [use("a"), use("b")]), ("user", [result("b"), result("a")]), ("system", "Mind.")
    )
    assert [message["role"] for message in found] == ["user", "assistant", "tool", "tool"]
    assert found[-1]["tool_call_id"] == "b"
    assert found[-1]["content"] == "ok\n\n<system-reminder>\nMind.\n</system-reminder>"


def test_a_system_message_never_comes_between_a_call_and_its_result() -> None:
    found = messages(("user", "Hi"), ("assistant", [use("a")]), ("system", "Mind."), ("user", [result("a")]))
    assert [message["role"] for message in found] == ["user", "assistant", "tool"]
    assert "Mind." in found[-1]["content"]


# Blocks


def test_several_texts_of_the_user_become_one_string() -> None:
    assert messages(("user", [text("a"), text(""), text("b")])) == [{"role": "user", "content": "a\n\nb"}]


def test_an_image_becomes_a_part_between_the_texts() -> None:
    (message,) = messages(("user", [text("look"), PNG, text("well")]))
    assert message["content"] == [
        text("look"), {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}, text("well"),
    ]  # fmt: skip


def test_text_documents_and_search_results_become_their_text() -> None:
    document = {
        "type": "document",
        "title": "Plan",
        "source": {"type": "text", "media_type": "text/plain", "data": "A"},
    }
    found = {"type": "search_result", "title": "T", "source": "https://x", "content": [text("B")]}
    (message,) = messages(("user", [document, found]))
    assert message["content"] == "Plan\n\nA\n\nT\n\nhttps://x\n\nB"


def test_an_answer_is_joined_and_is_null_when_it_only_calls_tools() -> None:
    found = messages(
        ("user", "Hi"), ("assistant", [text("a"), text("b"), use("1", city="Paris")]), ("user", [result("1")])
    )
    assert found[1] == {
        "role": "assistant", "content": "ab",
        "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}
        ],
    }  # fmt: skip
    assert messages(("user", "Hi"), ("assistant", [use("1")]), ("user", [result("1")]))[1]["content"] is None


@pytest.mark.parametrize(
    ("kept", "arguments"),
    [({"raw": '{"a": 1}', "len": 8}, '{"a": 1}'), ({"raw": '{"a": ', "len": 6}, "{}"), ("[1]", "{}"), (None, "{}")],
)
def test_an_input_that_claude_code_could_not_parse_is_sent_only_if_it_parses(kept: Any, arguments: str) -> None:
    call = {"type": "tool_use", "id": "1", "name": "f", "input": {"__unparsedToolInput": kept}}
    found = messages(("user", "Hi"), ("assistant", [call]), ("user", [result("1")]))
    assert found[1]["tool_calls"][0]["function"]["arguments"] == arguments


@pytest.mark.parametrize(
    ("block", "content"),
    [
        (result("1", "fine"), "fine"),
        (result("1", [text("a"), text("b")]), "a\nb"),
        (result("1", []), ""),
        (result("1", None), ""),
        (result("1", "no such file", is_error=True), "Error: no such file"),
        (result("1", "Error: gone", is_error=True), "Error: gone"),
        (result("1", "<tool_use_error>bad</tool_use_error>", is_error=True), "<tool_use_error>bad</tool_use_error>"),
        (result("1", "", is_error=True), "Error: the tool failed and said nothing."),
        (
            result("1", [{"type": "tool_reference", "tool_name": "Grep"}]),
            "Tool Grep is now available; call it directly.",
        ),
    ],
)
def test_a_tool_result_becomes_text(block: dict[str, Any], content: str) -> None:
    found = messages(("user", "Hi"), ("assistant", [use("1")]), ("user", [block]))
    assert found[2] == {"role": "tool", "tool_call_id": "1", "content": content}


def test_images_of_tool_results_follow_all_results_in_a_user_message() -> None:
    found = messages(
        ("user", "Hi"),
        ("assistant", [use("1"), use("2")]),
        ("user", [text("note"), result("1", [text("shot:"), PNG]), result("2")]),
    )
    assert [message["role"] for message in found] == ["user", "assistant", "tool", "tool", "user"]
    assert found[2]["content"] == "shot:\n[image: it follows the tool results]"
    assert [part["type"] for part in found[4]["content"]] == ["image_url", "text"]


# The word on where to go


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ("@local fix it", "fix it"),
        (" @cloud\nfix it", "fix it"),
        ("<system-reminder>x</system-reminder>\n@local fix it", "<system-reminder>x</system-reminder>\nfix it"),
        ("write to a@local host", "write to a@local host"),
        ("@localhost is it", "@localhost is it"),
        ("fix @local", "fix @local"),
        ("@local", "@local"),
    ],
)
def test_the_word_on_where_to_go_is_no_part_of_what_a_model_sees(said: str, sent: str) -> None:
    assert messages(("user", said)) == [{"role": "user", "content": sent}]
    assert messages(("user", [text(said)]), ("assistant", "Yes"), ("user", "more"))[0]["content"] == sent


def test_in_a_tools_result_that_word_is_a_word_like_any_other() -> None:
    found = messages(("user", "Hi"), ("assistant", [use("1")]), ("user", [result("1", "@local x")]))
    assert found[2]["content"] == "@local x"


# Order


def test_results_are_sorted_like_the_calls_and_the_users_words_come_after_them() -> None:
    found = messages(
        ("user", "Hi"),
        ("assistant", [use("a"), use("b")]),
        ("user", [text("and?"), result("b", "B"), result("a", "A")]),
    )
    assert [message.get("content") for message in found[2:]] == ["A", "B", "and?"]


def test_a_call_without_a_result_gets_one_that_says_so() -> None:
    for rest in ([], [("user", "never mind")]):
        found = messages(("user", "Hi"), ("assistant", [use("a")]), *rest)
        assert found[2]["tool_call_id"] == "a"
        assert found[2]["content"].startswith("Error: ")


def test_a_result_without_a_call_becomes_the_users_text() -> None:
    found = messages(("user", "Hi"), ("assistant", "Yes"), ("user", [result("lost", "B")]))
    assert found[-1] == {"role": "user", "content": "Result of an earlier tool call:\nB"}


def test_a_second_result_and_a_second_call_of_one_id_do_not_confuse_the_pairs() -> None:
    found = messages(
        ("user", "Hi"),
        ("assistant", [use("a", city="x"), use("a", city="y")]),
        ("user", [result("a", "1"), result("a", "2")]),
    )
    assert len(found[1]["tool_calls"]) == 1
    assert '"x"' in found[1]["tool_calls"][0]["function"]["arguments"]
    assert found[2]["content"] == "1"
    assert found[3]["role"] == "user"


def test_neighbours_of_one_role_are_merged_and_silent_answers_left_out() -> None:
    silent = [{"type": "thinking", "thinking": "hm", "signature": "s"}]
    assert messages(("user", "a"), ("assistant", silent), ("user", "b")) == [{"role": "user", "content": "a\n\nb"}]


def test_ids_for_mistral_are_nine_letters_and_digits_and_still_pair() -> None:
    given = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [use("toolu_01")]},
        {"role": "user", "content": [result("toolu_01")]},
    ]
    body = to_chat({"max_tokens": 9, "messages": given}, model="Devstral-24B", caps=CAPS).body
    _, call, answer = json.loads(body)["messages"]
    assert call["tool_calls"][0]["id"] == answer["tool_call_id"]
    assert len(answer["tool_call_id"]) == 9
    assert answer["tool_call_id"].isalnum()


# Thinking


def test_thinking_stays_with_the_calls_of_the_request_under_way_and_nowhere_else() -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    found = messages(
        ("user", "a"),
        ("assistant", [thought, use("1")]),
        ("user", [result("1")]),
        ("assistant", [thought, text("done")]),
        ("user", "b"),
        ("assistant", [thought, use("2")]),
        ("user", [result("2")]),
    )
    assert [message.get("reasoning_content") for message in found if message["role"] == "assistant"] == [
        None,
        None,
        "hm",
    ]


def test_hidden_thinking_is_dropped_unless_its_calls_are_just_being_answered() -> None:
    hidden = {"type": "redacted_thinking", "data": "x"}
    closed = [
        ("user", "a"),
        ("assistant", [hidden, use("1")]),
        ("user", [result("1")]),
        ("assistant", "ok"),
        ("user", "b"),
    ]
    assert "redacted" not in json.dumps(messages(*closed))
    with pytest.raises(CannotTranslate, match="hidden thinking"):
        messages(*closed[:3])
