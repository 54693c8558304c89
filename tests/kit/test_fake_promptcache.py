"""The fake's prompt cache behaves as documented; figures in blocks of 100 tokens, minimum 512."""

import pytest

from tests.kit.claude.promptcache import TOOLS_OVERHEAD, PromptCache, Split, blocks_of, count

MINIMUM = 512


def _body(blocks: int, **marks: str) -> dict:
    """Return a body of so many blocks of 100 tokens; marks are `b10="5m"`, counted from one."""
    content = [{"type": "text", "text": f"{n:04d}" + "x" * 392} for n in range(blocks)]  # 396 + "text" = 400 bytes
    for name, life in marks.items():
        content[int(name[1:]) - 1]["cache_control"] = {"type": "ephemeral", "ttl": life}
    for block in content:
        block["text"] = block["text"][: 400 - len("typetext") - len("text")]
    return {"model": "claude-opus-5-5", "messages": [{"role": "user", "content": content}]}


def _split(cache: PromptCache, body: dict, now: float = 0.0, answers_at: float | None = None) -> Split:
    return cache.split(blocks_of(body), MINIMUM, now, answers_at)


def test_a_block_of_four_hundred_bytes_is_a_hundred_tokens() -> None:
    assert [block.tokens for block in blocks_of(_body(2))] == [100, 100]


def test_a_first_request_writes_up_to_its_mark() -> None:
    assert _split(PromptCache(), _body(10, b10="5m")) == Split(input=0, write_5m=1000, write_1h=0, read=0)


def test_a_longer_request_reads_what_was_written_and_writes_the_rest() -> None:
    cache = PromptCache()
    _split(cache, _body(10, b10="5m"))
    assert _split(cache, _body(15, b15="5m"), 1.0) == Split(input=0, write_5m=500, write_1h=0, read=1000)


def test_twenty_blocks_are_searched_and_not_one_more() -> None:
    cache = PromptCache()
    _split(cache, _body(15, b15="5m"))
    assert _split(cache, _body(35, b35="5m"), 1.0).read == 0
    cache = PromptCache()
    _split(cache, _body(15, b15="5m"))
    assert _split(cache, _body(35, b15="5m", b35="5m"), 1.0) == Split(0, 2000, 0, 1500)


def test_an_entry_lives_five_minutes_and_a_read_renews_it() -> None:
    cache, body = PromptCache(), _body(10, b10="5m")
    assert [_split(cache, body, at).read for at in (0.0, 299.0, 598.0, 900.0)] == [0, 1000, 1000, 0]


def test_five_blocks_are_below_the_minimum() -> None:
    assert _split(PromptCache(), _body(5, b5="5m")) == Split(input=500, write_5m=0, write_1h=0, read=0)


def test_an_hour_and_five_minutes_are_written_apart() -> None:
    cache = PromptCache()
    assert _split(cache, _body(10, b4="1h", b8="5m")) == Split(input=200, write_5m=400, write_1h=400, read=0)


def test_an_answer_that_has_not_begun_cannot_be_read() -> None:
    cache, body = PromptCache(), _body(10, b10="5m")
    _split(cache, body, 0.0, answers_at=2.0)
    assert _split(cache, body, 1.0).read == 0


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"model": "claude-sonnet-5-5"}, 0),
        ({"speed": "fast"}, 0),
        ({"tools": [{"name": "Read"}]}, 0),
        ({"tool_choice": {"type": "any"}}, 0),
        ({"thinking": {"type": "adaptive"}}, 0),
        ({"metadata": {"user_id": "x"}}, 1000),
        ({"system": [{"type": "text", "text": "x-anthropic-billing-header: cc_version=1"}]}, 1000),
    ],
)
def test_a_change_invalidates_from_its_level_down(change: dict, kept: int) -> None:
    cache, body = PromptCache(), _body(10, b10="5m")
    _split(cache, body)
    assert _split(cache, body | change, 1.0).read == kept


def test_the_system_survives_a_change_of_the_messages_settings() -> None:
    system = [{"type": "text", "text": "s" * 4000, "cache_control": {"type": "ephemeral"}}]
    cache, body = PromptCache(), _body(10, b10="5m") | {"system": system}
    _split(cache, body)
    # "type", "text", "text" and 4,000 letters: 4,012 bytes.
    assert _split(cache, body | {"tool_choice": {"type": "any"}}, 1.0).read == 1003


def test_tools_and_their_hidden_prompt_survive_a_change_of_speed() -> None:
    tool = {"name": "Read", "description": "d" * 4000, "cache_control": {"type": "ephemeral"}}
    cache, body = PromptCache(), _body(10, b10="5m") | {"tools": [tool]}
    _split(cache, body)
    # "name", "Read", "description" and 4,000 letters: 4,019 bytes.
    assert _split(cache, body | {"speed": "fast"}, 1.0).read == 1005 + TOOLS_OVERHEAD


def test_thinking_and_empty_text_cannot_be_marked_and_automatic_caching_passes_them_by() -> None:
    body, mark = _body(10), {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    content = body["messages"][0]["content"]
    content += [{"type": "thinking", "thinking": "x" * 380, **mark}, {"type": "text", "text": "", **mark}]
    assert _split(PromptCache(), body).input == 1000 + 100 + 3  # "type", "text", "text": 12 bytes.
    assert _split(PromptCache(), body | mark) == Split(input=103, write_5m=0, write_1h=1000, read=0)


def test_a_marked_prefix_within_one_that_is_read_lives_on_with_it() -> None:
    cache = PromptCache()
    for at in (0.0, 250.0, 500.0):
        _split(cache, _body(12, b6="5m", b12="5m"), at)
    assert _split(cache, _body(6, b6="5m"), 700.0).read == 600


def test_a_tool_that_is_loaded_later_counts_only_where_a_result_refers_to_it() -> None:
    late = {"name": "Late", "description": "d" * 400, "defer_loading": True}
    found = {"type": "tool_result", "content": [{"type": "tool_reference", "tool_name": "Late"}]}
    body = _body(10, b10="5m") | {"tools": [{"name": "Read"}]}
    cache = PromptCache()
    _split(cache, body)
    assert _split(cache, body | {"tools": [{"name": "Read"}, late]}, 1.0).read == 1000 + 2 + TOOLS_OVERHEAD
    with_it = {"tools": [late], "messages": [{"role": "user", "content": [found]}]}
    without = {"tools": [], "messages": with_it["messages"]}
    # "name", "Late", "description", 400 letters, "defer_loading" and "True": 436 bytes.
    assert sum(b.tokens for b in blocks_of(with_it)) == sum(b.tokens for b in blocks_of(without)) + 109 + TOOLS_OVERHEAD


def test_no_block_counts_more_tokens_than_bytes() -> None:
    for text in ("a", "é", "漢字", "\u0001" * 50, '"' * 50):
        assert count({"text": text}) <= len(text.encode()) + len("text")
