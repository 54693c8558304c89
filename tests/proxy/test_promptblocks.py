"""A request's fields become its prompt as the cache sees it; what an answer counted makes the next one almost exact."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from budget.promptcache import Level, Simulator, Split
from pricing.table import PriceTable
from proxy.promptblocks import CachedModel, Prompts
from proxy.promptlengths import Laid
from tests.kit import bodies
from tests.kit.bodies import MARK, Fields, call, main_turn, result, said, text, tool, user

AT = datetime(2026, 11, 20, tzinfo=UTC)
TABLE = PriceTable.load()
OPUS = CachedModel.of(TABLE, "claude-opus-5-5", AT)
LONG = "Every step of the import is written down here, so that it can be done again by someone else. " * 60


def turn(*rest: Fields, **more: Any) -> Fields:
    """Make a request whose last block is marked, as Claude Code does."""
    fields = copy.deepcopy(main_turn(LONG, *rest, **more))
    fields["messages"][-1]["content"][-1] |= MARK
    return fields


STEP = (call("Read", file_path="a.py"), result(LONG))


def second(change: dict[str, Any] | None = None, *, first: Fields | None = None) -> Split:
    """Send a turn, then its next step with a change, and divide the latter."""
    prompts, cache = Prompts(), Simulator()
    cache.ask(prompts.of(first or turn(), OPUS).prompt, 0.0, 1.0)
    return cache.ask(prompts.of(turn(*STEP) | (change or {}), OPUS).prompt, 10.0)


def system_tokens() -> int:
    """Give the tokens of tools and system."""
    prompt = Prompts().of(turn(), OPUS).prompt
    return sum(block.tokens for block in prompt.blocks if block.level < Level.messages)


def test_blocks_come_in_the_order_tools_system_messages() -> None:
    levels = [block.level for block in Prompts().of(turn(*STEP), OPUS).prompt.blocks]
    assert levels == sorted(levels)
    assert [levels.count(level) for level in Level] == [4, 2, 2 + 1 + 1 + 2]


def test_a_turns_next_step_reads_all_of_the_one_before() -> None:
    prompts = Prompts()
    first = prompts.of(turn(), OPUS)
    split = second()
    assert split.read == first.prompt.sums[-1]
    assert split.input == 0


def test_the_billing_header_which_changes_with_each_request_does_not_count() -> None:
    assert second({"system": bodies.system("fff")}) == second()


def test_what_a_request_is_called_and_how_long_its_answer_may_be_does_not_count() -> None:
    assert second({"metadata": {"user_id": "x"}, "max_tokens": 7, "stream": False, "temperature": 0.1}) == second()


@pytest.mark.parametrize(
    "change",
    [
        {"tools": [tool("Bash", "command", "timeout"), *bodies.TOOLS[1:]]},
        {"tools": bodies.TOOLS[::-1]},
        {"tools": bodies.TOOLS[:3]},
        {"model": "claude-sonnet-5-5"},
    ],
    ids=["a tool's schema", "the order of tools", "a tool less", "another model"],
)
def test_a_change_of_tools_or_model_leaves_nothing(change: dict[str, Any]) -> None:
    model = CachedModel.of(TABLE, str(change.get("model", "claude-opus-5-5")), AT)
    prompts, cache = Prompts(), Simulator()
    cache.ask(prompts.of(turn(), OPUS).prompt, 0.0, 1.0)
    assert cache.ask(prompts.of(turn(*STEP) | change, model).prompt, 10.0).read == 0


@pytest.mark.parametrize(
    "change",
    [
        {"tool_choice": {"type": "any"}},
        {"thinking": {"type": "enabled", "budget_tokens": 2000}},
        {"thinking": None},
        {"output_config": {"effort": "high"}},
    ],
    ids=["tool choice", "how to think", "no thinking", "effort"],
)
def test_a_change_of_how_to_answer_leaves_tools_and_system(change: dict[str, Any]) -> None:
    assert second(change).read == system_tokens()


def test_a_first_image_leaves_tools_and_system_and_a_second_one_everything() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aaaa"}}
    shown = result([image, text("a picture")])
    prompts, cache = Prompts(), Simulator()
    steps = [turn(), turn(shown), turn(shown, *STEP, shown)]
    laid = [prompts.of(fields, OPUS) for fields in steps]
    reads = [cache.ask(each.prompt, float(number), float(number)).read for number, each in enumerate(laid)]
    assert reads == [0, system_tokens(), laid[1].prompt.sums[-1]]


def test_a_first_pdf_is_no_image() -> None:
    pdf = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "aaaa" * 99}}
    prompts, cache = Prompts(), Simulator()
    first = prompts.of(turn(), OPUS)
    cache.ask(first.prompt, 0.0, 1.0)
    assert cache.ask(prompts.of(turn(result([pdf])), OPUS).prompt, 2.0).read == first.prompt.sums[-1]


@pytest.mark.parametrize("change", [{"speed": "fast"}, {"output_config": {"format": {"type": "json_schema"}}}])
def test_a_change_of_speed_or_of_the_answers_form_leaves_the_tools_where_they_are_marked(change: Fields) -> None:
    tools = [*bodies.TOOLS[:-1], {**bodies.TOOLS[-1], "description": LONG, **MARK}]
    marked = {"tools": tools}
    split = second(marked | change, first=turn() | marked)
    tools_only = Prompts().of(turn() | marked, OPUS).prompt
    assert split.read == sum(block.tokens for block in tools_only.blocks if block.level is Level.tools)


def test_standard_speed_is_the_same_as_none() -> None:
    assert second({"speed": "standard"}) == second()


def test_a_bare_string_is_the_same_as_one_block_of_text() -> None:
    as_string = turn({"role": "assistant", "content": "Done."}, user(LONG))
    as_blocks = turn(said("Done."), user(LONG))
    prompts, cache = Prompts(), Simulator()
    cache.ask(prompts.of(as_blocks, OPUS).prompt, 0.0, 1.0)
    assert cache.ask(prompts.of(as_string, OPUS).prompt, 5.0).write_5m == 0


def test_a_moved_mark_changes_no_digest_and_the_order_of_keys_does() -> None:
    prompts = Prompts()
    plain = prompts.of(main_turn(LONG), OPUS).prompt
    assert [b.digest for b in plain.blocks] == [b.digest for b in prompts.of(turn(), OPUS).prompt.blocks]
    ways = [{"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "Edit", "input": arguments}]}
            for arguments in ({"a": 1, "b": 2}, {"b": 2, "a": 1})]  # fmt: skip
    first, other = (prompts.of(main_turn(LONG, way, result("x", "t")), OPUS).prompt for way in ways)
    assert [b.digest for b in first.blocks] != [b.digest for b in other.blocks]


PLAIN = result([text("ok")], reminder=False)


def test_the_same_words_of_another_role_are_another_block() -> None:
    prompts = Prompts()
    asked, answered = (prompts.of(main_turn(LONG, way), OPUS).prompt for way in (user("Yes."), said("Yes.")))
    assert asked.blocks[-1].digest != answered.blocks[-1].digest


def test_thinking_is_not_eligible_and_a_mark_within_a_result_stands_for_the_whole_result() -> None:
    thought = {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}]}
    fields = main_turn(LONG, thought, result([text("ok", **MARK)], reminder=False))
    prompts = Prompts()
    laid, unmarked = (prompts.of(f, OPUS).prompt.blocks[-2:] for f in (fields, main_turn(LONG, thought, PLAIN)))
    assert [(b.eligible, b.mark) for b in laid] == [(False, ""), (True, "5m")]
    assert [b.digest for b in laid] == [b.digest for b in unmarked]


def test_an_hours_mark_and_the_requests_own_one_are_seen() -> None:
    hour = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    fields = main_turn(LONG, inline=False) | hour
    fields["system"] = [text("Work carefully.", **hour)]
    split = Simulator().ask(Prompts().of(fields, OPUS).prompt, 0.0)
    assert (split.input, split.write_5m) == (0, 0)
    assert split.write_1h > 0


def test_tools_that_are_loaded_later_are_no_part_of_the_prompt_until_a_result_refers_to_one() -> None:
    late = tool("Late", *(f"property_{n}" for n in range(100))) | {"defer_loading": True}
    assert second({"tools": [*bodies.TOOLS, late]}) == second()
    referred = result([{"type": "tool_reference", "tool_name": "Late"}])
    with_it = Prompts().of(turn(referred, tools=[*bodies.TOOLS, late]), OPUS).prompt
    without = Prompts().of(turn(referred), OPUS).prompt
    assert with_it.sums[-1] - without.sums[-1] > len(json.dumps(late)) // 6


def test_workspaces_share_nothing() -> None:
    prompts, cache = Prompts(), Simulator()
    cache.ask(prompts.of(turn(), OPUS, "one").prompt, 0.0, 1.0)
    assert cache.ask(prompts.of(turn(), OPUS, "other").prompt, 2.0).read == 0
    assert cache.ask(prompts.of(turn(), OPUS, "one").prompt, 2.0).read > 0


def test_names_of_one_model_share_a_cache() -> None:
    names = ("claude-haiku-4-5", "claude-haiku-4-5-20251001", "claude-haiku-4-5[1m]")
    assert len({CachedModel.of(TABLE, name, AT) for name in names}) == 1
    assert CachedModel.of(TABLE, "claude-unheard-of-9", AT) == CachedModel("claude-unheard-of-9", "", 1024)


def test_digests_are_keyed_and_hold_no_text() -> None:
    one, other = (Prompts().of(turn(), OPUS).prompt for _ in range(2))
    assert not {b.digest for b in one.blocks} & {b.digest for b in other.blocks}
    assert {len(b.digest) for b in one.blocks} == {16}
    assert "import" not in repr(one)


def usage(tokens: int) -> dict[str, int]:
    return {"input_tokens": tokens, "output_tokens": 1}


def test_after_an_answer_only_what_is_new_is_estimated() -> None:
    prompts = Prompts()
    prompts.heard(prompts.of(turn(), OPUS), usage(12_345))
    laid = prompts.of(turn(*STEP), OPUS)
    assert laid.prompt.sums[laid.known] == 12_345
    assert laid.tokens.likely == 12_345 + laid.rest.likely


def test_a_first_estimate_is_a_wide_range_and_a_measured_prompt_is_none() -> None:
    prompts = Prompts()
    before = prompts.of(turn(), OPUS)
    assert before.tokens.low < before.tokens.likely < before.tokens.high
    prompts.heard(before, usage(12_345))
    after = prompts.of(turn(), OPUS)
    assert (after.tokens.low, after.tokens.likely, after.tokens.high) == (12_345, 12_345, 12_345)
    split = Simulator().ask(after.prompt, 0.0)
    assert after.low(split) == split == after.high(split)


def test_low_and_high_divide_the_prompt_at_the_same_places() -> None:
    prompts, cache = Prompts(), Simulator()
    prompts.heard(prompts.of(turn(), OPUS), usage(12_345))
    cache.ask(prompts.of(turn(), OPUS).prompt, 0.0, 1.0)
    laid = prompts.of(turn(*STEP), OPUS)
    split = cache.ask(laid.prompt, 2.0)
    low, high = laid.low(split), laid.high(split)
    assert low.read == split.read == high.read == 12_345
    assert (low.prompt, high.prompt) == (laid.tokens.low, laid.tokens.high)
    assert low.write_5m < split.write_5m < high.write_5m


def test_the_system_prompt_that_one_session_read_is_known_in_the_next() -> None:
    prompts = Prompts()
    other = prompts.of(turn(), OPUS)
    system = other.prompt.sums[max(place for place in other.prompt.marks if place < 7) + 1]
    told = {"input_tokens": 0, "cache_read_input_tokens": system + 9, "cache_creation_input_tokens": 4000}
    prompts.heard(other, told | {"output_tokens": 1})
    new = prompts.of(main_turn("Something else entirely", inline=False), OPUS)
    assert new.prompt.sums[new.known] == system + 9
    assert new.prompt.blocks[new.known - 1].level is Level.system


@pytest.mark.parametrize(
    "odd",
    [{}, {"input_tokens": -1, "output_tokens": 1}, {"input_tokens": 0, "output_tokens": 0},
     usage(9) | {"iterations": [usage(9)]}],
)  # fmt: skip
def test_an_odd_usage_teaches_nothing(odd: dict[str, Any]) -> None:
    prompts = Prompts()
    prompts.heard(prompts.of(turn(), OPUS), odd)
    assert prompts.of(turn(), OPUS).known == 0
    assert prompts.ratios.rows() == ()


def test_ratios_learned_in_one_session_serve_the_next() -> None:
    prompts = Prompts()
    for number in range(40):
        fields = turn(user(f"{number} {LONG * 5}"))
        laid = prompts.of(fields, OPUS)
        prompts.heard(laid, usage(truth_of(laid)))
    laid = prompts.of(turn(user("Another " + LONG * 9)), OPUS)
    assert abs(laid.tokens.likely / truth_of(laid) - 1) < 0.02


def truth_of(laid: Laid) -> int:
    """Count a token for three bytes of whatever it is."""
    return sum(sum(size.values()) for size in laid.sizes) // 3


def test_what_is_remembered_is_bounded() -> None:
    prompts = Prompts(most=50)
    for number in range(200):
        prompts.of(turn(user(str(number))), OPUS)
    assert len(prompts._parts) <= 50


@pytest.mark.parametrize(
    "content",
    [None, "", [], [{"type": "text"}], [{"type": "text", "text": ""}], [{"type": "tool_result", "content": None}],
     [{"type": "thinking"}], [{"type": "image"}], [{"type": "document", "source": {"type": "base64"}}],
     [{"type": "search_result", "content": [{"type": "text", "text": "x"}], "title": "t"}],
     [{"type": "document", "source": {"type": "base64", "data": "a" * 99_000}}],
     [{"type": "redacted_thinking", "data": 7}], [{"type": "tool_reference", "tool_name": ["?"]}],
     [{"type": ["thinking"]}], [{"type": {}}], [{"type": 7, "deep": {"er": [1, None, {"x": "y"}]}}]],
)  # fmt: skip
def test_no_block_however_odd_breaks_it(content: Any) -> None:
    fields = {"model": "m", "messages": [{"role": "user", "content": content}], "system": content}
    prompt = Prompts().of(fields, OPUS).prompt
    assert prompt.sums[-1] >= 0
    assert Simulator().ask(prompt, 0.0).prompt == prompt.sums[-1]
