"""The shape: what a request can cost, and what of it no local model can do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.bound import Shape
from proxy.request import AgentRequest, read
from tests.kit import bodies


def asked(betas: str = "", **more: Any) -> AgentRequest:
    """Read a small request with some fields."""
    fields = {"model": "claude-opus-5-5", "max_tokens": 1000, "messages": [bodies.user("hi")], **more}
    return read(bodies.encode(fields), {"anthropic-beta": betas})


def shape(betas: str = "", **more: Any) -> Shape:
    return asked(betas, **more).shape


def with_block(*blocks: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(blocks)}]


def image(data: str) -> dict[str, Any]:
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}


def test_a_plain_request_is_bounded_by_its_bytes() -> None:
    body = bodies.encode({"model": "m", "max_tokens": 7, "messages": [{"role": "user", "content": "héllo"}]})
    found = read(body, {}).shape
    assert found == Shape("m", len(body), 1, 0, False, False, 7, False, False)


def test_escapes_count_for_what_they_stand_for() -> None:
    plain = {"model": "m", "max_tokens": 7, "messages": [{"role": "user", "content": "数据" * 100}]}
    assert read(json.dumps(plain).encode(), {}).shape == read(bodies.encode(plain), {}).shape


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=40), max_size=5), st.booleans())
def test_the_bytes_are_never_fewer_than_those_of_all_strings(texts: list[str], escaped: bool) -> None:
    fields = {"model": "m", "max_tokens": 7, "system": "s", "messages": with_block(*(bodies.text(t) for t in texts))}
    found = read(json.dumps(fields, ensure_ascii=escaped).encode(), {}).shape
    assert found.text_bytes >= sum(len(text.encode()) for text in texts) + 1


def test_an_image_counts_as_an_image_and_not_by_its_bytes() -> None:
    small, large = shape(messages=with_block(image("A"))), shape(messages=with_block(image("A" * 100_000)))
    assert (large.images, large.text_bytes) == (1, small.text_bytes)


def test_an_image_inside_a_tool_result_is_seen() -> None:
    found = asked(messages=[bodies.call("Read"), bodies.result([bodies.text("x"), image("A" * 9000)])])
    assert found.has_images
    assert found.shape.text_bytes < 2000


def test_each_block_message_and_tool_is_counted() -> None:
    found = shape(
        messages=with_block(bodies.text("a"), bodies.text("b")), system=[bodies.text("s")], tools=bodies.TOOLS
    )
    assert found.blocks == 3 + 1 + len(bodies.TOOLS)
    assert found.has_tools


@pytest.mark.parametrize(
    ("more", "writes"),
    [
        ({}, (False, False)),
        ({"messages": with_block(bodies.text("a", cache_control={"type": "ephemeral"}))}, (True, False)),
        ({"messages": with_block(bodies.text("a", cache_control={"type": "ephemeral", "ttl": "5m"}))}, (True, False)),
        ({"messages": with_block(bodies.text("a", cache_control={"ttl": "1h", "type": "ephemeral"}))}, (False, True)),
        ({"messages": with_block(bodies.text("a", cache_control={"type": "ephemeral", "ttl": "2h"}))}, (False, True)),
        ({"messages": with_block(bodies.text("a", cache_control=None))}, (False, False)),
        ({"cache_control": {"type": "ephemeral"}}, (True, False)),
        ({"cache_control": {"type": "ephemeral", "ttl": "1h"}, "system": bodies.system()}, (True, True)),
        ({"tools": [{**bodies.tool("Read"), "cache_control": {"type": "ephemeral"}}]}, (True, False)),
        ({"messages": [bodies.call("R"), bodies.result([bodies.text("x", **bodies.MARK)])]}, (True, False)),
        ({"messages": with_block(bodies.text('{"cache_control":{"ttl":"1h"}}'))}, (False, False)),
    ],
)
def test_cache_marks_are_found_at_every_level_and_not_in_texts(more: Any, writes: tuple[bool, bool]) -> None:
    found = shape(**more)
    assert (found.writes_5m, found.writes_1h) == writes


def test_a_cache_mark_spelled_with_an_escape_is_found() -> None:
    body = (
        b'{"model":"m","max_tokens":1,"cache\\u005fcontrol" : {"ttl" : "1h"},"messages":[{"role":"user","content":""}]}'
    )
    assert read(body, {}).shape.writes_1h


SEARCH = {"type": "web_search_20250305", "name": "web_search"}


@pytest.mark.parametrize(
    ("tools", "searches"),
    [
        ([], 0),
        (bodies.TOOLS, 0),
        ([{**SEARCH, "max_uses": 8}], 8),
        ([{**SEARCH, "max_uses": 8}, {**SEARCH, "max_uses": 3}], 11),
        ([SEARCH], None),
        ([{**SEARCH, "max_uses": None}], None),
        ([{**SEARCH, "max_uses": True}], None),
    ],
)
def test_searches_are_those_that_the_tools_allow(tools: list[Any], searches: int | None) -> None:
    assert shape(tools=tools).searches == searches


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [SEARCH]},
        {"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]},
        {"container": "c1"},
        {"mcp_servers": [{"type": "url", "url": "https://example.com", "name": "x"}]},
        {"messages": with_block({"type": "container_upload", "file_id": "f"})},
        {"messages": with_block({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}})},
        {"messages": with_block({"type": "something_new"})},
    ],
)
def test_what_the_provider_adds_to_is_unbounded_and_belongs_to_the_cloud(more: dict[str, Any]) -> None:
    found = asked(**more)
    assert found.shape.unbounded
    assert not found.shape.countable
    assert found.cloud_only


def test_a_field_that_we_do_not_know_is_taken_for_the_worst() -> None:
    assert shape(brand_new_option=True).unbounded


def test_a_document_is_unbounded_but_can_be_counted() -> None:
    found = asked(messages=with_block({"type": "document", "source": {"type": "base64", "data": "A"}}))
    assert (found.shape.unbounded, found.shape.countable) == (True, True)
    assert found.cloud_only == ("a document block",)


def test_a_tool_of_a_named_type_counts_more_than_its_bytes() -> None:
    tool = {"type": "bash_20250124", "name": "bash"}
    plain, typed = asked(tools=[]), asked(tools=[tool])
    assert typed.shape.text_bytes - plain.shape.text_bytes == len(bodies.encode(tool)) + 1000
    assert not typed.shape.unbounded
    assert typed.cloud_only == ("the tool type bash_20250124",)


def test_each_reference_to_a_tool_counts_as_its_definition() -> None:
    def size(references: int) -> int:
        found = [{"type": "tool_reference", "tool_name": "Read"}] * references
        fields = {"messages": [bodies.call("ToolSearch"), bodies.result(found)], "tools": bodies.TOOLS}
        return shape(**fields).text_bytes - len(bodies.encode({"content": found}))

    assert size(3) - size(1) == 2 * len(bodies.encode(bodies.TOOLS[2]))


@pytest.mark.parametrize(
    ("betas", "thinking", "passes"),
    [
        ("interleaved-thinking-2025-05-14", {"type": "adaptive"}, False),
        ("interleaved-thinking-2025-05-14", {"type": "enabled", "budget_tokens": 999}, False),
        ("a,interleaved-thinking-2025-05-14", {"type": "enabled", "budget_tokens": 1000}, True),
        ("", {"type": "enabled", "budget_tokens": 5000}, False),
        ("interleaved-thinking-2025-05-14", None, False),
    ],
)
def test_thinking_passes_the_limit_only_with_a_budget_that_reaches_it(betas: str, thinking: Any, passes: bool) -> None:
    assert shape(betas, thinking=thinking).thinking_interleaved is passes


@pytest.mark.parametrize(("geo", "us"), [("us", True), ("global", False), (None, None), ("eu", None), (5, None)])
def test_the_region_is_known_only_if_it_is_named(geo: Any, us: bool | None) -> None:
    assert shape(inference_geo=geo).geo_us is us


@pytest.mark.parametrize(("speed", "fast"), [("fast", True), ("standard", False), (None, False), ("warp", True)])
def test_any_speed_but_the_standard_one_is_taken_for_fast(speed: Any, fast: bool) -> None:
    assert shape(speed=speed).fast is fast


def test_passes_and_helpers_of_an_answer_are_counted() -> None:
    found = shape(
        context_management={"edits": [{"type": "compact_20260112"}, {"type": "clear_thinking_20251015"}]},
        tools=[{"type": "advisor_20260301", "name": "advisor", "model": "claude-fable-5-2", "max_uses": 2}],
        fallbacks=[{"model": "claude-sonnet-5-5"}],
    )
    assert found.passes == 1 + 1 + 2 + 1
    assert found.helpers == ("claude-fable-5-2", "claude-sonnet-5-5")


def test_what_claude_code_sends_is_bounded_and_can_be_served_locally() -> None:
    edits = {"context_management": {"edits": [{"type": "clear_thinking_20251015"}]}}
    fields = bodies.main_turn(
        "hi", bodies.call("Read"), bodies.result("x"), output_config={"effort": "medium"}, **edits
    )
    request = read(bodies.encode({**fields, "safeguards": [{"type": "dangerous_tool_use"}]}), bodies.headers())
    assert not request.shape.grows
    assert request.shape.searches == 0
    assert request.cloud_only == ()
    assert request.safeguards


def test_no_reason_quotes_what_is_no_plain_name() -> None:
    found = asked(tools=[{"type": "my secret plan", "name": "x"}], messages=with_block({"type": "a b\nc"}))
    assert found.cloud_only == ("a nameless block", "the tool type nameless")
