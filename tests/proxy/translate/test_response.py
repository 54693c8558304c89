"""Whole answers for clients that do not stream."""

import itertools

import pytest

from proxy.translate.request import Translated
from proxy.translate.response import Folded, Unfinished
from tests.kit.local_fake import calls, chunk, says


def folded(upstream: bytes, *, clean: bool = True) -> Folded:
    """Fold a whole upstream stream."""
    counter = itertools.count(1)
    found = Folded("claude-x", Translated(b"", 100, 50), mint=lambda: f"{next(counter):024x}")
    for at in range(0, len(upstream), 11):
        found.feed(upstream[at : at + 11])
    found.end(clean)
    return found


def test_a_stream_folds_to_the_message_that_a_client_expects() -> None:
    found = folded(chunk({"content": "I "}) + chunk({"content": "look."}) + calls("get_weather", '{"city": "Paris"}'))
    assert found.message() == {
        "id": "msg_000000000000000000000001",
        "type": "message",
        "role": "assistant",
        "model": "claude-x",
        "content": [
            {"type": "text", "text": "I look."},
            {
                "type": "tool_use",
                "id": "toolu_000000000000000000000002",
                "name": "get_weather",
                "input": {"city": "Paris"},
            },
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 100,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": 10,
        },
    }
    assert found.usage == found.message()["usage"]
    assert not found.estimated


def test_an_empty_answer_is_a_message_without_content() -> None:
    assert folded(says("")).message()["content"] == []


@pytest.mark.parametrize("clean", [True, False])
def test_a_cut_answer_is_no_message(clean: bool) -> None:
    found = folded(says("Hello.")[:150], clean=clean)
    with pytest.raises(Unfinished) as caught:
        found.message()
    assert caught.value.trouble.kind == "api_error"
    assert found.failed == caught.value.trouble.why


def test_an_answer_under_way_is_no_message_and_one_given_up_says_why() -> None:
    found = Folded("claude-x")
    found.feed(chunk({"content": "Half"}))
    with pytest.raises(Unfinished, match="under way"):
        found.message()
    found.fail("it took too long")
    with pytest.raises(Unfinished, match="took too long"):
        found.message()
