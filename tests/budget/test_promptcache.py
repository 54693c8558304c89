"""The simulated prompt cache does what Anthropic documents; blocks of 100 tokens, a minimum of 512."""

from dataclasses import replace

import pytest

from budget.promptcache import LIFETIMES, Block, Level, Mark, Prompt, Simulator, Split

LEAST = 512
MODEL = "claude-opus-5-5"


def blocks(count: int, level: Level = Level.messages, **marks: Mark) -> list[Block]:
    """Make so many blocks of 100 tokens; marks are `b10="5m"`, counted from one."""
    return [
        Block(level, f"{level.name} {number}".encode(), 100, marks.get(f"b{number}", ""))
        for number in range(1, count + 1)
    ]


def prompt(count: int, **marks: Mark) -> Prompt:
    return Prompt(MODEL, blocks(count, **marks), LEAST)


def told(split: Split) -> dict[str, int]:
    """Leave out what is zero."""
    amounts = {"input": split.input, "read": split.read, "5m": split.write_5m, "1h": split.write_1h}
    return {name: tokens for name, tokens in amounts.items() if tokens}


def after(first: Prompt, second: Prompt, at: float = 10.0) -> dict[str, int]:
    """Divide the second of two requests; the first began at 0 and began to answer at 2."""
    cache = Simulator()
    cache.ask(first, 0.0, 2.0)
    return told(cache.ask(second, at, at + 2))


def test_a_first_request_with_a_breakpoint_on_block_10_writes_1000() -> None:
    assert told(Simulator().ask(prompt(10, b10="5m"), 0.0)) == {"5m": 1000}


def test_one_with_15_blocks_then_reads_1000_and_writes_500() -> None:
    assert after(prompt(10, b10="5m"), prompt(15, b15="5m")) == {"read": 1000, "5m": 500}


def test_one_with_35_blocks_reads_nothing_of_15_because_20_positions_are_searched_and_not_one_more() -> None:
    assert after(prompt(15, b15="5m"), prompt(35, b35="5m")) == {"5m": 3500}
    assert after(prompt(15, b15="5m"), prompt(34, b34="5m")) == {"read": 1500, "5m": 1900}


def test_a_second_breakpoint_at_15_finds_what_the_one_at_35_does_not_reach() -> None:
    assert after(prompt(15, b15="5m"), prompt(35, b15="5m", b35="5m")) == {"read": 1500, "5m": 2000}


def test_an_entry_lives_at_299_s_is_refreshed_by_a_read_to_598_s_and_is_gone_at_900_s() -> None:
    cache, asked = Simulator(), prompt(10, b10="5m")
    assert [cache.ask(asked, at, at + 1).read for at in (0.0, 299.0, 598.0, 900.0)] == [0, 1000, 1000, 0]


@pytest.mark.parametrize(("life", "seconds"), LIFETIMES.items())
def test_a_lifetime_counts_from_the_requests_start_and_not_from_its_answer(life: Mark, seconds: float) -> None:
    asked = prompt(10, b10=life)
    for at, read in ((seconds - 1, 1000), (seconds, 0)):
        cache = Simulator()
        cache.ask(asked, 0.0, 60.0)
        assert cache.ask(asked, at).read == read


def test_five_blocks_are_below_the_minimum_and_all_input() -> None:
    assert told(Simulator().ask(prompt(5, b5="5m"), 0.0)) == {"input": 500}
    assert after(prompt(5, b5="5m"), prompt(5, b5="5m")) == {"input": 500}


def test_a_prefix_of_exactly_the_minimum_is_cached() -> None:
    assert told(Simulator().ask(replace(prompt(5, b5="5m"), least=500), 0.0)) == {"5m": 500}
    assert told(Simulator().ask(replace(prompt(5, b5="5m"), least=501), 0.0)) == {"input": 500}


def test_breakpoints_4_for_an_hour_and_8_for_five_minutes_of_10_blocks_write_400_and_400_and_leave_200() -> None:
    assert told(Simulator().ask(prompt(10, b4="1h", b8="5m"), 0.0)) == {"1h": 400, "5m": 400, "input": 200}


def test_after_five_minutes_only_what_was_written_for_an_hour_is_read() -> None:
    asked = prompt(10, b6="1h", b8="5m")
    assert after(asked, asked, 299.0) == {"read": 800, "input": 200}
    assert after(asked, asked, 301.0) == {"read": 600, "5m": 200, "input": 200}


def test_a_request_sent_before_the_first_ones_answer_has_begun_cannot_read_its_entry() -> None:
    asked = prompt(10, b10="5m")
    assert after(asked, asked, 1.9) == {"5m": 1000}
    assert after(asked, asked, 2.0) == {"read": 1000}


def test_an_answer_whose_beginning_is_told_later_can_be_read_from_then_on_and_one_that_never_comes_not() -> None:
    cache, asked = Simulator(), prompt(10, b10="5m")
    cache.ask(asked, 0.0)
    assert cache.ask(asked, 1.0).read == 0
    cache.began(asked, 3.0)
    assert [cache.ask(asked, at).read for at in (2.9, 3.0)] == [0, 1000]


def test_of_two_equal_requests_at_once_the_first_to_begin_serves_the_third() -> None:
    cache, asked = Simulator(), prompt(10, b10="5m")
    cache.ask(asked, 0.0, 2.0)
    cache.ask(asked, 1.0, 9.0)
    assert cache.ask(asked, 3.0).read == 1000
    assert cache.ask(asked, 300.5).read == 1000


def test_a_request_that_is_told_of_late_lives_no_longer_for_it() -> None:
    cache, other = Simulator(), replace(prompt(10, b10="5m"), model="another")
    cache.ask(other, 100.0, 100.0)
    cache.ask(prompt(10, b10="5m"), 0.0, 0.0)
    assert cache.ask(prompt(10, b10="5m"), 300.0).read == 0
    assert cache.ask(other, 300.0).read == 1000


def whole(**changes: object) -> Prompt:
    """Make ten blocks each of tools, system and messages, with a breakpoint at the end of each level."""
    every = [block for level in Level for block in blocks(10, level, b10="5m")]
    return replace(Prompt(MODEL, every, LEAST), **changes)  # type: ignore[arg-type]


def changed(level: Level) -> list[Block]:
    """Change the fifth block of a level."""
    every = list(whole().blocks)
    every[10 * level + 4] = replace(every[10 * level + 4], digest=b"something else")
    return every


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, 3000),
        ({"model": "claude-sonnet-5-5"}, 0),
        ({"workspace": "another"}, 0),
        ({"settings": ("tools", "", "")}, 0),
        ({"settings": ("", "fast", "")}, 1000),
        ({"settings": ("", "", "any tool")}, 2000),
        ({"blocks": changed(Level.tools)}, 0),
        ({"blocks": changed(Level.system)}, 1000),
        ({"blocks": changed(Level.messages)}, 2000),
    ],
    ids=["nothing", "model", "workspace", "tools'", "speed", "tool choice", "a tool", "the system", "a message"],
)
def test_a_change_invalidates_from_its_level_down(change: dict[str, object], kept: int) -> None:
    assert after(whole(), whole(**change)).get("read", 0) == kept


def test_levels_without_blocks_still_have_their_settings() -> None:
    asked = prompt(10, b10="5m")
    assert after(asked, replace(asked, settings=("", "fast", ""))) == {"5m": 1000}


def test_the_same_block_on_another_level_is_another_prefix() -> None:
    first = Prompt(MODEL, [Block(Level.system, b"same", 600, "5m")], LEAST)
    second = Prompt(MODEL, [Block(Level.messages, b"same", 600, "5m")], LEAST)
    assert after(first, second) == {"5m": 600}


def test_thinking_and_empty_text_cannot_end_a_prefix_and_still_take_a_position() -> None:
    asked = prompt(10, b10="5m")
    thinking = Block(Level.messages, b"thinking", 100, "5m", eligible=False)
    assert told(Simulator().ask(replace(asked, blocks=[*blocks(9), thinking]), 0.0)) == {"input": 1000}
    longer = [*blocks(10), *[replace(thinking, digest=bytes([n])) for n in range(19)], *blocks(1, b1="5m")]
    assert after(asked, replace(asked, blocks=longer)) == {"5m": 3000}
    assert after(asked, replace(asked, blocks=[*longer[:10], *longer[11:]])) == {"read": 1000, "5m": 1900}


def test_automatic_caching_marks_the_last_block_that_can_be_one() -> None:
    asked = replace(prompt(10), automatic="1h")
    assert told(Simulator().ask(asked, 0.0)) == {"1h": 1000}
    thinking = Block(Level.messages, b"thinking", 100, eligible=False)
    assert told(Simulator().ask(replace(asked, blocks=[*blocks(10), thinking]), 0.0)) == {"1h": 1000, "input": 100}


def test_automatic_caching_leaves_a_breakpoint_as_it_was_asked_for() -> None:
    assert told(Simulator().ask(replace(prompt(10, b10="5m"), automatic="1h"), 0.0)) == {"5m": 1000}


def test_no_more_than_four_breakpoints_count() -> None:
    asked = prompt(10, b2="5m", b4="5m", b6="5m", b8="5m", b10="5m")
    assert list(asked.marks) == [3, 5, 7, 9]


def test_nothing_is_cached_where_the_model_never_does() -> None:
    assert told(Simulator().ask(replace(prompt(10, b10="5m"), least=None), 0.0)) == {"input": 1000}


def test_an_empty_prompt_is_nothing() -> None:
    assert told(Simulator().ask(Prompt(MODEL, [], LEAST, automatic="5m"), 0.0)) == {}


def test_reading_a_prefix_keeps_the_marked_ones_within_it_alive() -> None:
    cache = Simulator()
    for at in (0.0, 250.0, 500.0):
        cache.ask(prompt(20, b10="5m", b20="5m"), at, at)
    other = replace(prompt(10, b10="5m"), blocks=[*blocks(10, b10="5m"), *blocks(5, Level.messages)[:1]])
    assert cache.ask(other, 700.0).read == 1000


def test_measured_places_stretch_what_lies_before_them_and_leave_the_rest_as_guessed() -> None:
    asked = replace(prompt(5), measured=((2, 300), (4, 400)))
    assert asked.sums == [0, 150, 300, 350, 400, 500]
    assert replace(asked, measured=((4, 400), (5, 300))).sums == prompt(5).sums


def test_a_split_is_a_usage_object_as_the_provider_writes_it() -> None:
    cache = Simulator()
    split = cache.ask(prompt(10, b4="1h", b8="5m"), 0.0)
    assert split.usage(7) == {
        "input_tokens": 200,
        "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 800,
        "cache_creation": {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 400},
        "output_tokens": 7,
    }
