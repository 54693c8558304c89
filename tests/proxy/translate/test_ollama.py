"""Ollama's own dialect: requests for `/api/chat`, and its lines."""

import json
from dataclasses import replace
from typing import Any

import pytest

from proxy.toolcalls.signals import Signal, signals
from proxy.translate.errors import from_local
from proxy.translate.request import CannotTranslate, Translated
from proxy.translate.response import Folded, Unfinished
from proxy.translate.usage import Speed
from proxy.upstream.local_model import LocalModel
from tests.proxy.translate.words import HI, PNG, WEATHER, chat, result, text, translated, use

CAPS = LocalModel("qwen3:8b", 32768, vision=True, tools=True, kind="ollama", context_from="loaded")


def body(caps: LocalModel = CAPS, **fields: Any) -> dict[str, Any]:
    """Return the body of a request for Ollama."""
    return chat(caps, **fields)


# Requests


def test_a_request_sets_the_context_and_wants_a_long_prompt_refused_rather_than_cut() -> None:
    told = translated(CAPS, judged=True)
    assert (told.path, told.wire) == ("/api/chat", "ndjson")
    assert json.loads(told.body) == {
        "model": "qwen", "messages": HI, "options": {"num_ctx": 32768, "num_predict": 100},
        "truncate": False, "shift": False, "stream": True,
    }  # fmt: skip


def test_a_context_that_is_only_guessed_is_left_to_ollama() -> None:
    guessed = replace(CAPS, context_from="assumed")
    assert "num_ctx" not in json.loads(translated(guessed).body)["options"]


def test_sampling_and_stops_are_options() -> None:
    options = body(temperature=0.5, top_p=0.9, top_k=4, stop_sequences=["A", "B", "C", "D", "E"])["options"]
    assert options == {
        "num_ctx": 32768, "num_predict": 100, "temperature": 0.5, "top_p": 0.9, "top_k": 4,
        "stop": ["A", "B", "C", "D", "E"],
    }  # fmt: skip


def test_calls_results_and_images_are_written_in_ollamas_form() -> None:
    history = [
        {"role": "user", "content": [text("look"), PNG]},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            use("a", city="Paris"), use("b", "Read", path="x"),
        ]},
        {"role": "user", "content": [result("b", "B"), result("a", "A"), text("and?")]},
    ]  # fmt: skip
    assert body(messages=history)["messages"] == [
        {"role": "user", "content": "look", "images": ["aGk="]},
        {"role": "assistant", "content": "", "thinking": "hm", "tool_calls": [
            {"id": "a", "function": {"index": 0, "name": "get_weather", "arguments": {"city": "Paris"}}},
            {"id": "b", "function": {"index": 1, "name": "Read", "arguments": {"path": "x"}}},
        ]},
        {"role": "tool", "content": "A", "tool_name": "get_weather", "tool_call_id": "a"},
        {"role": "tool", "content": "B", "tool_name": "Read", "tool_call_id": "b"},
        {"role": "user", "content": "and?"},
    ]  # fmt: skip


def test_an_image_that_is_only_linked_needs_another_server() -> None:
    linked = {"type": "image", "source": {"type": "url", "url": "https://example.org/x.png"}}
    with pytest.raises(CannotTranslate, match="links to an image"):
        body(messages=[{"role": "user", "content": [linked]}])


def test_tools_are_sent_without_a_choice_and_a_call_that_must_be_made_is_remembered() -> None:
    told = translated(CAPS, tools=[WEATHER, {"name": "other"}], tool_choice={"type": "tool", "name": "other"})
    sent = json.loads(told.body)
    assert [one["function"]["name"] for one in sent["tools"]] == ["other"]
    assert "tool_choice" not in sent
    assert told.must_call
    assert not translated(CAPS, tools=[WEATHER]).must_call


@pytest.mark.parametrize(
    ("wish", "thinking", "effort", "sent"),
    [
        ("auto", {"type": "adaptive"}, False, {}),
        ("auto", {"type": "disabled"}, False, {"think": False}),
        ("off", {"type": "adaptive"}, False, {"think": False}),
        ("on", {"type": "disabled"}, False, {"think": True}),
        ("auto", {"type": "adaptive"}, True, {"think": "high"}),
        ("off", {"type": "adaptive"}, True, {"think": False}),
    ],
)
def test_thinking_is_as_the_person_set_it_or_as_the_request_says(
    wish: Any, thinking: Any, effort: bool, sent: Any
) -> None:
    caps = LocalModel("m", 32768, kind="ollama", thinking=wish, takes_effort=effort)
    found = body(caps, thinking=thinking, output_config={"effort": "max"})
    assert {key: found[key] for key in ("think",) if key in found} == sent


@pytest.mark.parametrize(("wish", "sent"), [("30m", "30m"), ("-1", -1), ("0", 0), ("600", 600)])
def test_how_long_the_model_stays_loaded_is_told_so_that_ollama_reads_it(wish: str, sent: Any) -> None:
    assert body(LocalModel("m", 32768, kind="ollama", keep_alive=wish))["keep_alive"] == sent


def test_a_schema_for_the_answer_is_the_format() -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}}
    found = body(output_config={"format": {"type": "json_schema", "schema": schema}})
    assert found["format"] == schema
    assert "logprobs" not in found


# Answers


def line(**fields: Any) -> bytes:
    """Write one line."""
    return json.dumps({"model": "m", "created_at": "2026-11-21T06:00:00Z", **fields}).encode() + b"\n"


def says(*texts: str, **message: Any) -> bytes:
    """Write lines of text."""
    return b"".join(
        line(message={"role": "assistant", "content": text, **message}, done=False) for text in texts or ("",)
    )


def end(reason: str | None = "stop", **more: Any) -> bytes:
    """Write the last line."""
    counts = {
        "total_duration": 9_000_000_000, "load_duration": 1, "prompt_eval_count": 100, "eval_count": 7,
        "prompt_eval_duration": 250_000_000, "eval_duration": 500_000_000, **more,
    }  # fmt: skip
    said = {"done_reason": reason} if reason else {}
    return line(message={"role": "assistant", "content": ""}, done=True, **said, **counts)


def heard(*pieces: bytes, clean: bool = True, asked: Translated | None = None) -> Folded:
    """Read an answer."""
    folded = Folded("claude-x", asked or translated(CAPS, tools=[WEATHER]))
    for piece in pieces:
        folded.feed(piece)
    folded.end(clean)
    return folded


CALL = says("", tool_calls=[{"function": {"name": "get_weather", "arguments": {"city": "Paris"}}}])
PARIS = {"name": "get_weather", "input": {"city": "Paris"}}


def content(folded: Folded) -> list[Any]:
    """Return the blocks of an answer, without their ids."""
    return [{k: v for k, v in block.items() if k not in ("id", "type")} for block in folded.message()["content"]]


def test_words_thoughts_and_calls_are_told_as_the_api_would() -> None:
    folded = heard(says("", thinking="hm"), says("I ", "look."), CALL, CALL, end())
    assert content(folded) == [{"text": "I look."}, PARIS, PARIS]
    assert folded.message()["stop_reason"] == "tool_use"
    assert content(heard(says("Hi"), end("length"))) == [{"text": "Hi"}]


def test_every_cut_of_the_bytes_is_the_same_answer() -> None:
    stream = says("Grüße 🙂", thinking="hm") + CALL + end()
    whole = content(heard(stream))
    for at in range(len(stream)):
        assert content(heard(stream[:at], stream[at:])) == whole
    assert content(heard(stream[:-1])) == whole


def test_counts_and_times_are_taken_from_the_last_line() -> None:
    folded = heard(says("Hi"), end(prompt_eval_cached_count=60))
    assert folded.usage == {
        "input_tokens": 40, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 60, "output_tokens": 7,
    }  # fmt: skip
    assert folded.speed == Speed(40, 250.0, 7, 500.0, 60)
    assert folded.heard.counts_all
    assert not heard(says("Hi"), end()).heard.counts_all


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("stream", [b"", says("Half an ans"), CALL, says("Half") + b'{"message": {"content": "'])
def test_a_stream_without_its_last_line_never_ends_cleanly(stream: bytes, clean: bool) -> None:
    with pytest.raises(Unfinished):
        heard(stream, clean=clean).message()


def test_after_the_last_line_a_broken_connection_does_no_harm() -> None:
    assert content(heard(says("Hi"), end(), clean=False)) == [{"text": "Hi"}]


@pytest.mark.parametrize(
    "last", [line(error="CUDA out of memory"), b"[1]\n", b"rubbish\n", line(done=True, done_reason="unload")]
)
def test_a_line_that_is_an_error_or_cannot_be_read_ends_the_answer_as_one(last: bytes) -> None:
    with pytest.raises(Unfinished):
        heard(says("Hi"), last, end()).message()


def test_a_reason_that_old_servers_do_not_tell_is_the_models_own_end() -> None:
    assert heard(says("Hi"), end(None)).message()["stop_reason"] == "end_turn"


def test_a_line_without_end_is_given_up() -> None:
    folded = Folded("claude-x", translated(CAPS))
    for _ in range(3):
        folded.feed(b"x" * 8_000_000)
    assert folded.failed == "it sent an event too large to read"


def test_a_call_that_had_to_be_made_and_was_not_is_a_sign() -> None:
    asked = translated(CAPS, tools=[WEATHER], tool_choice={"type": "any"})
    assert Signal.NO_CALL in signals(heard(says("It is fine."), end(), asked=asked).heard)
    assert Signal.NO_CALL not in signals(heard(CALL, end(), asked=asked).heard)


def test_the_refusal_of_a_long_prompt_is_understood_in_both_its_forms() -> None:
    inner = {"error": {"code": 400, "message": "request (2622 tokens) exceeds the available context size (512 tokens)",
                       "type": "exceed_context_size_error", "n_prompt_tokens": 2622, "n_ctx": 512}}  # fmt: skip
    newer = from_local(400, json.dumps({"error": json.dumps(inner)}).encode())
    assert newer.message == "prompt is too long: 2622 tokens > 512 maximum"
    older = from_local(400, b'{"error": "the input length exceeds the context length"}')
    assert older.message == "prompt is too long"
