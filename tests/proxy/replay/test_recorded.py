"""Recorded requests become calls: what was sent before, whose turn it was, and what cannot be replayed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from budget.historyledger import Recorded
from budget.historyrow import Row
from pricing.money import Money
from pricing.table import PriceTable
from pricing.usage import Usage
from proxy.classify import Classifier
from proxy.replay.call import Call
from proxy.replay.past import PastTaking
from proxy.replay.recorded import Day, days_of, for_an_hour
from proxy.task import Tier

PRICES, ZONE = PriceTable.load(), ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
USAGE = Usage(cache_write_5m=20_000, output=100)
ROW = Row(
    *("m1", "r1", NOON, NOON.date(), "s", "", "shop", "claude-opus-5-5", "t1", "L1", "test"),
    usage=USAGE,
    cost=Money.usd("0.102"),
    provisional=False,
)


def after(row: Row, seconds: int, usage: Usage, **more: object) -> Row:
    at = row.at + timedelta(seconds=seconds)
    return replace(row, message_id=f"{row.message_id}+", at=at, day=at.astimezone(ZONE).date(), usage=usage, **more)


def days(*rows: Row) -> list[Day]:
    return days_of([Recorded(row) for row in rows], PRICES, ZONE)[0]


def calls(*rows: Row) -> list[Call]:
    return [call for day in days(*rows) for call in day.calls]


def test_a_call_tells_its_moment_from_the_days_own_beginning():
    [day] = days(ROW)
    assert day.begins == datetime(2026, 11, 19, 23, tzinfo=UTC)  # Midnight in Berlin.
    assert day.calls[0].t == 13 * 3600


def test_what_claude_read_was_sent_before():
    second = after(ROW, 30, Usage(cache_write_5m=1_500, cache_read=19_000, output=5))
    assert [(call.prefix, call.new) for call in calls(ROW, second)] == [(0, 20_000), (19_000, 1_500)]


def test_after_a_pause_the_whole_conversation_was_sent_before_though_nothing_was_read():
    second = after(ROW, 900, Usage(cache_write_5m=21_000, output=5))
    assert calls(ROW, second)[1].prefix == 20_000


def test_what_claude_did_not_read_though_it_was_warm_was_new():
    second = after(ROW, 30, Usage(cache_write_5m=25_000, output=5))
    assert [(call.prefix, call.new) for call in calls(ROW, second)] == [(0, 20_000), (0, 25_000)]


def test_what_a_cold_conversation_read_others_had_written_and_what_was_marked_for_no_cache_is_plain():
    shared = replace(ROW, usage=Usage(input=300, cache_write_5m=2_000, cache_read=18_000, output=100))
    second = after(shared, 30, Usage(cache_write_5m=1_500, cache_read=20_000, output=5))
    assert [(call.shared, call.plain) for call in calls(shared, second)] == [(18_000, 300), (0, 0)]


def test_each_conversation_has_its_cache_kept_for_as_long_as_it_was_written():
    hour = replace(ROW, usage=Usage(cache_write_1h=20_000, output=100))
    child = after(ROW, 5, USAGE, agent="a1")
    late = after(hour, 1800, Usage(cache_read=20_000, output=5))
    found = calls(hour, child, late)
    assert [call.for_an_hour for call in found] == [True, False, True]
    assert found[2].prefix == 20_000


def test_after_a_local_answer_what_was_sent_is_told_by_its_size():
    local = replace(Recorded(after(ROW, 30, Usage(input=25_000, output=5))), is_local=True, as_asked=False)
    back = Recorded(after(ROW, 60, Usage(cache_read=20_000, cache_write_5m=6_000, output=5)))
    [day] = days_of([Recorded(ROW), local, back], PRICES, ZONE)[0]
    assert [call.prefix for call in day.calls] == [0, 20_000, 25_000]


def test_after_a_summary_only_what_was_read_was_sent_before():
    second = after(ROW, 900, Usage(cache_write_5m=6_000, cache_read=4_000, output=5))
    assert calls(ROW, second)[1].prefix == 4_000


def test_sub_agents_have_conversations_of_their_own():
    other = after(ROW, 5, Usage(cache_write_5m=30_000), agent="a1", turn="t9")
    main, sub = calls(ROW, other)
    assert (main.agent, sub.agent, sub.kind, sub.prefix) == ("main", "a1", "subagent", 0)


def test_steps_are_counted_within_a_turn_and_a_turn_that_goes_on_has_called_a_tool():
    second = after(ROW, 5, Usage(cache_read=20_000, output=5))
    third = after(second, 5, Usage(cache_read=20_000, output=5), turn="t2")
    found = calls(ROW, second, third)
    assert [call.step for call in found] == [0, 1, 0]
    assert [call.tool is not None for call in found] == [True, False, False]


def test_an_edit_is_told_with_the_number_of_its_file():
    assert (calls(replace(ROW, tools=1, edited=2))[0].tool, calls(replace(ROW, tools=1, edited=2))[0].file) == (
        "Edit",
        "2",
    )


def test_the_agents_own_calls_are_told_apart_by_their_tier():
    title = replace(ROW, task_class="background", tier="L0")
    summary = replace(ROW, task_class="background", tier="L2", message_id="m2")
    assert [call.is_title for call in calls(title, summary)] == [True, False]
    assert [call.is_compaction for call in calls(title, summary)] == [False, True]


def test_a_request_that_nobody_took_for_anything_is_complex():
    assert calls(replace(ROW, tier="", task_class=""))[0].tier is Tier.L2


def test_models_without_a_price_and_empty_requests_are_left_out_and_counted():
    strange = replace(ROW, message_id="m2", model="qwen3")
    empty = replace(ROW, message_id="m3", usage=Usage(output=4))
    found, left = days_of([Recorded(row) for row in (ROW, strange, empty)], PRICES, ZONE)
    assert [len(day.calls) for day in found] == [1]
    assert (left.unpriced, left.empty) == ({"qwen3": 1}, 1)


def test_the_cache_is_kept_for_an_hour_where_most_was_written_so():
    assert not for_an_hour(days(ROW))
    assert for_an_hour(days(ROW, after(ROW, 5, Usage(cache_write_1h=30_000, output=5))))


def test_a_logged_turn_is_taken_for_what_its_words_say_and_rises_when_it_touches_what_is_restricted():
    taking = PastTaking(Classifier())
    assert taking.spoken("Fix the typo in the heading of the README")
    first = taking.task()
    assert first[0] in ("L0", "L1")
    call = {"type": "tool_use", "id": "t", "name": "Read", "input": {"file_path": "/home/ada/shop/.env"}}
    taking.answered([call])
    assert not taking.spoken([{"type": "tool_result", "tool_use_id": "t", "content": "KEY=1"}])
    assert taking.task()[0] == "L3"
    assert taking.spoken("Thanks. Now say what the README is about")
    assert taking.task()[0] in ("L0", "L1")


def test_what_a_log_holds_in_place_of_words_harms_nobody():
    taking = PastTaking(Classifier())
    for content in (None, 3, [], [None, 4, "x"], {"a": 1}, [{"type": "text", "text": 5}]):
        assert not taking.spoken(content)
        taking.answered(content)
        assert taking.task()[0] in ("L2", "L3")
