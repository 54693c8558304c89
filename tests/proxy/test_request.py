"""Reading a request: what is looked at, what is refused and in which words."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.request import BadRequest, read
from proxy.words import words
from tests.kit import bodies

SMALL = {"model": "claude-opus-5-5", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}


def but(**changes: Any) -> bytes:
    """Give the small request with some fields changed; one set to ... is left out."""
    return json.dumps({name: value for name, value in {**SMALL, **changes}.items() if value is not ...}).encode()


def refusal(body: bytes) -> str:
    """Read what must not be read, and give the sentence."""
    with pytest.raises(BadRequest) as caught:
        read(body, {})
    return str(caught.value)


def test_a_main_turn_is_read_with_all_that_is_looked_at() -> None:
    body = bodies.encode(bodies.main_turn("Rename the importer"))
    request = read(body, bodies.headers())
    assert request.body is body
    assert (request.model, request.stream, request.max_tokens) == ("claude-opus-5-5", True, 32000)
    assert (request.session, request.agent_id, request.project) == (bodies.SESSION, "", "")
    assert request.has_tools
    assert not request.has_images
    assert request.cloud_only == ()
    assert request.turn.text == "Rename the importer"
    assert not request.safeguards


def test_without_stream_the_answer_is_whole() -> None:
    assert read(but(), {}).stream is False


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "ends too early"),
        (b"[]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (but(model=...), "model is missing"),
        (but(model=""), "model is missing"),
        (but(model=["claude"]), "model is missing"),
        (but(model="x\ny"), "plain name"),
        (but(model="x" * 300), "plain name"),
        (but(max_tokens=...), "max_tokens is missing"),
        (but(max_tokens=None), "whole number"),
        (but(max_tokens=True), "whole number"),
        (but(max_tokens=-1), "whole number"),
        (but(max_tokens=10.0), "whole number"),
        (but(max_tokens="100"), "whole number"),
        (but(max_tokens=10**30), "whole number"),
        (but(max_tokens=0, stream=True), "without streaming"),
        (but(stream="true"), "true or false"),
        (but(stream=None), "true or false"),
        (but(messages=...), "messages is missing"),
        (but(messages=[]), "messages is missing"),
        (but(messages={"role": "user"}), "messages is missing"),
        (but(messages=["hi"]), "messages[0]"),
        (but(messages=[{"content": "hi"}]), "messages[0]"),
        (but(messages=[{"role": "user", "content": 5}]), "messages[0].content"),
        (but(messages=[{"role": "user", "content": ["hi"]}]), "not a block"),
        (but(messages=[{"role": "user", "content": [{"type": "tool_result", "content": [1]}]}]), "not a block"),
        (but(system={"type": "text"}), "system"),
        (but(tools={"name": "Bash"}), "tools"),
        (but(tools=["Bash"]), "tools"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words_to_act_on(body: bytes, sentence: str) -> None:
    assert sentence in refusal(body)


@pytest.mark.parametrize(
    "name", ["Max_Tokens", "MAX_TOKENS", "Model", "Messages", "ſpeed", "Stream", "Tools", "\u017fystem"]
)
def test_a_key_in_other_letters_is_refused_even_beside_the_right_one(name: str) -> None:
    assert "spelled almost like" in refusal(but(**{name: 1}))


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [{"role": "user", "Content": "hi", "content": "hi"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi", "Cache_Control": {"ttl": "1h"}}]}]},
        {"tools": [{"Type": "web_search_20250305", "name": "web_search"}]},
    ],
)
def test_a_key_in_other_letters_is_refused_inside_as_well(fields: dict[str, Any]) -> None:
    assert "spelled almost like" in refusal(but(**fields))


def test_what_a_tool_is_called_with_may_have_any_keys() -> None:
    calls = [bodies.user("x"), bodies.call("Edit", Type="a", MODEL="b", Text={"Role": 1})]
    assert read(but(messages=calls), {}).max_tokens == 100


def test_warming_the_cache_is_read_and_belongs_to_the_cloud() -> None:
    request = read(but(max_tokens=0), {})
    assert request.max_tokens == 0
    assert len(request.cloud_only) == 1


def test_counting_needs_no_limit() -> None:
    request = read(but(max_tokens=...), {}, counting=True)
    assert (request.counting, request.max_tokens) == (True, 0)


def test_no_refusal_quotes_the_prompt() -> None:
    for body in (
        but(stream="my secret plan"),
        but(model=["my secret plan"]),
        b'{"my secret plan": NaN}',
        but(system=["my secret plan"]),
    ):
        assert "secret plan" not in refusal(body)


KEYS = st.sampled_from(
    words(
        """model max_tokens messages system tools stream metadata role content type text source data name thinking
        budget_tokens cache_control ttl context_management edits output_config format schema properties tool_choice
        input user_id inference_geo speed max_uses fallbacks media_type tool_name"""
    )
)
VALUES = st.sampled_from(
    words(
        """user assistant system text image document tool_use tool_result tool_reference base64 enabled 1h us fast
        @local web_search_20250305 advisor_20260301 compact_20260112 {"session_id":5}"""
    )
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6) | VALUES
ANY = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=15
)
BLOCK = st.dictionaries(KEYS, ANY, max_size=5)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system"])}, optional={"content": st.lists(BLOCK, max_size=4) | ANY}
)
OTHERS = words("system tools metadata thinking output_config context_management fallbacks inference_geo speed stream")
REQUEST = st.fixed_dictionaries(
    {"model": st.just("m"), "max_tokens": st.just(9), "messages": st.lists(MESSAGE, min_size=1, max_size=4)},
    optional=dict.fromkeys(OTHERS, ANY),
)
HEADERS = st.dictionaries(st.sampled_from(["x-claude-code-session-id", "anthropic-beta"]), st.text())


@given(st.dictionaries(KEYS, ANY, max_size=6) | REQUEST, HEADERS)
@settings(max_examples=600, deadline=None)
def test_of_any_json_nothing_but_a_request_or_a_refusal_comes(fields: dict[str, Any], headers: dict[str, str]) -> None:
    with suppress(BadRequest):
        request = read(json.dumps(fields).encode(), headers)
        assert request.shape.text_bytes > 0
        assert request.session
