"""Words read in one step: whatever fits is read just as it would be in full."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from proxy.sse import Event
from proxy.translate.chunks import read_event
from proxy.translate.events import EventReader
from proxy.translate.happenings import Text
from proxy.translate.lines import LineReader
from proxy.translate.plain import words_of_chunk, words_of_event, words_of_line

ODD = st.sampled_from([None, 0, 1, "", "x", [], [1], {}, {"a": 1}, True, False])


def fields(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Make objects that lack some of these fields."""
    return st.fixed_dictionaries({}, optional=known)


TEXTS = st.text(max_size=5) | ODD
DELTA = fields(
    role=ODD, content=TEXTS, reasoning_content=ODD, reasoning=ODD, tool_calls=ODD | st.just([{"id": "a", "name": "f"}])
)
CHOICE = fields(delta=DELTA | ODD, message=ODD | DELTA, index=ODD, finish_reason=ODD, stop_reason=ODD, logprobs=ODD)
OBJECT = st.sampled_from(["chat.completion.chunk", "error", "chat.completion", None])
USAGE = ODD | st.just({"prompt_tokens": 3, "completion_tokens": 4})
CHUNK = fields(
    id=ODD, choices=st.lists(CHOICE | ODD, max_size=2) | ODD, object=OBJECT, usage=USAGE, timings=ODD, error=ODD
)
LINE = fields(
    message=fields(content=TEXTS, thinking=ODD, tool_calls=ODD | st.just([{"function": {"name": "f"}}])) | ODD,
    done=ODD, done_reason=ODD, logprobs=ODD, error=ODD, prompt_eval_count=ODD, eval_count=ODD,
)  # fmt: skip
TYPE = st.sampled_from(["content_block_delta", "text_delta", "thinking_delta", "input_json_delta", "message_stop"])
EVENT = fields(type=TYPE, index=ODD, delta=fields(type=TYPE, text=TEXTS, thinking=ODD) | ODD, error=ODD, usage=ODD)


def written(value: Any) -> bytes:
    """Write JSON."""
    return json.dumps(value).encode()


@given(CHUNK)
def test_words_of_a_chunk(chunk: dict[str, Any]) -> None:
    words = words_of_chunk(written(chunk))
    assert words is None or list(read_event(Event("message", written(chunk)))) == ([Text(words)] if words else [])


@given(LINE)
def test_words_of_a_line(line: dict[str, Any]) -> None:
    words = words_of_line(written(line))
    assert words is None or list(LineReader()._line(written(line))) == ([Text(words)] if words else [])


@given(EVENT)
@example({"delta": {"text": "of no type"}})
@example({"type": "content_block_delta", "delta": {"text": "of no type"}})
@example({"delta": {"type": "text_delta", "text": "of an event of no type"}})
def test_words_of_an_event(event: dict[str, Any]) -> None:
    words, name = words_of_event(written(event)), "content_block_delta"
    assert words is None or list(EventReader()._event(Event(name, written(event)))) == ([Text(words)] if words else [])


def test_what_servers_send_mostly_is_read_in_one_step() -> None:
    choice = {"index": 0, "delta": {"content": "Hi"}, "finish_reason": None, "logprobs": None}
    chunk = {"id": "a", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    assert words_of_chunk(written(chunk)) == "Hi"
    line = {"model": "m", "created_at": "now", "message": {"role": "assistant", "content": "Hi"}, "done": False}
    assert words_of_line(written(line)) == "Hi"
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}
    assert words_of_event(written(delta)) == "Hi"
