"""How sure a model was of its calls, read from answers as llama.cpp words them."""

import json
from typing import Any

import pytest

from proxy.toolcalls.signals import FORCED_LOGPROB, Signal, signals
from proxy.translate.response import Folded, Unfinished
from proxy.translate.sureness import LEAST, least_logprob
from tests.proxy.translate.words import CAPS, WEATHER, chat, translated

LOWEST = -3.4028234663852886e38
Said = list[tuple[str, float] | tuple[str, float, str]]

CALL: Said = [
    *[(piece, 0.0) for piece in ("<tool_call>", '\n{"name": "', "get_weather", '", "arguments": ')],
    *[(piece, 0.0) for piece in ('{"city": "', "Paris", '"}')],
]
CLOSE: Said = [("}\n", 0.0), ("</tool_call>", 0.0), ("", -0.1)]


def choice(said: Said, **message: Any) -> dict[str, Any]:
    """Make a choice whose tokens are these: text, logprob, and what the model wanted more."""
    content = [
        {
            "token": token[0],
            "bytes": list(token[0].encode()),
            "logprob": token[1],
            "top_logprobs": [{"token": token[2] if len(token) > 2 else token[0], "logprob": 0.0}],
        }
        for token in said
    ]
    return {"index": 0, "message": message, "finish_reason": "tool_calls", "logprobs": {"content": content}}


def with_call(said: Said, arguments: str = '{"city": "Paris"}', **message: Any) -> dict[str, Any]:
    """Make a choice with one call."""
    call = {"id": "x", "type": "function", "function": {"name": "get_weather", "arguments": arguments}}
    return choice(said, **{"role": "assistant", "content": "", "tool_calls": [call], **message})


def test_a_call_that_the_model_chose_is_sure() -> None:
    assert least_logprob(with_call([*CALL, *CLOSE])) == 0.0


@pytest.mark.parametrize("at", range(1, len(CALL)))
def test_any_token_of_the_call_that_was_forced_shows(at: int) -> None:
    said = [*CALL[:at], (CALL[at][0], -12.5, "else"), *CALL[at + 1 :], *CLOSE]
    assert least_logprob(with_call(said)) == -12.5


def test_a_token_without_any_probability_is_told_as_a_number_that_can_be_printed() -> None:
    assert least_logprob(with_call([(CALL[0][0], LOWEST, "x"), *CALL[1:]])) == LEAST


def test_what_follows_the_last_argument_does_not_count() -> None:
    assert least_logprob(with_call([*CALL, ("}", LOWEST, "\n</tool"), ("</tool_call>", -9.0, '"'), ("", -13.0)])) == 0.0


def test_a_missing_brace_inside_the_arguments_is_closed_without_a_doubt_where_the_model_was_closing() -> None:
    nested: Said = [('{"a": {"b": 1', 0.0), ("}", 0.0), ("}", LOWEST, "\n</tool_call>"), ("}", -9.0, "")]
    assert least_logprob(with_call(nested, '{"a": {"b": 1}}')) == 0.0
    said: Said = [('{"a": {"b": 1', 0.0), ("}", LOWEST, ', "c"'), ("}", 0.0)]
    assert least_logprob(with_call(said, '{"a": {"b": 1}}')) == LEAST


def test_the_end_of_a_string_is_no_mere_bracket() -> None:
    said: Said = [*CALL[:-1], ('"', LOWEST, "<|im_end|>"), ("}", 0.0)]
    assert least_logprob(with_call(said)) == LEAST


def test_words_and_thoughts_before_the_call_do_not_count() -> None:
    before: Said = [("<think>hm", -20.0), ("</think>", 0.0), ("Well, ", -11.0), ("I look. ", 0.0)]
    assert least_logprob(with_call([*before, *CALL, *CLOSE], content="Well, I look.", reasoning_content="hm")) == 0.0


def test_parts_of_a_character_are_put_together_again() -> None:
    halves = [{"token": "\ufffd", "bytes": [byte], "logprob": 0.0} for byte in "ü".encode()]
    found = choice([], content="ü")
    found["logprobs"]["content"] = [*halves, {"token": "x", "bytes": [120], "logprob": -9.5}]
    found["message"]["tool_calls"] = [{"function": {"name": "f", "arguments": "x"}}]
    assert least_logprob(found) == -9.5


@pytest.mark.parametrize(
    "logprobs",
    [None, [], {}, {"content": None}, {"content": [None, 7, {"logprob": "x"}]}, {"content": [{"logprob": True}]}],
)
def test_without_logprobs_nothing_is_told(logprobs: Any) -> None:
    assert least_logprob({**with_call([]), "logprobs": logprobs}) is None
    assert least_logprob({"logprobs": logprobs, "message": 7}) is None


# In an answer


def answer_of(*choices: dict[str, Any]) -> bytes:
    """Write an answer in one piece."""
    return json.dumps({"choices": list(choices), "usage": {"prompt_tokens": 9, "completion_tokens": 2}}).encode()


def heard(body: bytes, pieces: int = 7) -> Folded:
    """Read an answer to a judged request, cut into pieces."""
    folded = Folded("claude-x", translated(tools=[WEATHER], judged=True))
    for at in range(0, len(body), pieces):
        folded.feed(body[at : at + pieces])
    folded.end(True)
    return folded


def test_a_judged_request_with_tools_is_answered_in_one_piece_by_llama_cpp_and_by_no_other() -> None:
    asked = translated(tools=[WEATHER], judged=True, max_tokens=32000, caps=CAPS)
    body = json.loads(asked.body)
    assert (asked.wire, body["stream"], body["logprobs"], body["top_logprobs"]) == ("json", False, True, 1)
    assert "stream_options" not in body
    assert body["max_tokens"] == asked.max_tokens == 16384
    assert chat(judged=True)["stream"] is True
    assert translated(judged=True).wire == "sse"


def test_a_forced_call_is_a_sign_and_a_chosen_one_is_none() -> None:
    forced = heard(answer_of(with_call([(CALL[0][0], FORCED_LOGPROB - 0.1, "x"), *CALL[1:]])))
    assert forced.heard.least_logprob == FORCED_LOGPROB - 0.1
    assert signals(forced.heard) == (Signal.FORCED,)
    chosen = heard(answer_of(with_call([("a", FORCED_LOGPROB + 0.1, "x"), *CALL, *CLOSE])))
    assert signals(chosen.heard) == ()
    assert chosen.message()["content"][0]["input"] == {"city": "Paris"}


def test_the_logprobs_of_plain_words_are_no_sign() -> None:
    assert heard(answer_of(choice([("Hello", -30.0, "x")], content="Hello"))).heard.least_logprob is None


@pytest.mark.parametrize("left", [1, 2, 30, 200])
def test_an_answer_in_one_piece_that_is_cut_off_is_a_failure(left: int) -> None:
    body = answer_of(with_call([*CALL, *CLOSE]))
    for clean in (True, False):
        folded = Folded("claude-x", translated(tools=[WEATHER], judged=True))
        folded.feed(body[:-left])
        folded.end(clean)
        with pytest.raises(Unfinished):
            folded.message()


def test_an_answer_in_one_piece_without_end_is_given_up() -> None:
    folded = Folded("claude-x", translated(tools=[WEATHER], judged=True))
    folded.feed(b'{"choices": "')
    for _ in range(9):
        folded.feed(b"x" * 8_000_000)
    assert folded.failed == "it sent an answer too large to read"
