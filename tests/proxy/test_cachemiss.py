"""Breaks of the prompt cache, planted one by one: each is named, placed, and costs what the fake billed for it."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from budget.ledger import Mode
from proxy.cachemissjson import hints_json
from proxy.dashboard.wrongs import wrongs
from proxy.upstream.local_model import LocalSetting
from tests.kit.bodies import tool
from tests.kit.fake_claude import FakeClaude
from tests.kit.inproc import InProcess
from tests.kit.local_fake import Act, local_fake, says
from tests.kit.raw import ask
from tests.kit.scripted import eventually
from tests.proxy.cachetalk import (
    MARK,
    NOON,
    SECRET,
    WORDS,
    Talk,
    cached,
    charged,
    dump,
    looked_at,
    misses,
    rows,
    text,
)
from tests.proxy.conftest import Start

ABOUT = "kind, what, how, place"
TOKENS = "input + cache_write_5m + cache_write_1h"


@pytest.fixture
def proxy(start: Start, fake: FakeClaude) -> InProcess:
    return start(at=NOON, budget="100", cutoff="120", mode=Mode.cloud)


@pytest.fixture
def talk(proxy: InProcess) -> Talk:
    """A conversation with two turns, both read and written as they should be."""
    talk = Talk(proxy)
    talk.say(0)
    talk.say(60)
    return talk


def test_the_first_request_of_a_session_is_a_cold_start(proxy: InProcess):
    usage = Talk(proxy).say(0)
    assert misses(proxy, 1, f"{ABOUT}, {TOKENS}, pause_ms") == [("first", "", "", None, cached(usage), None)]


def test_of_a_new_session_what_others_had_cached_has_expired_and_only_the_rest_is_new(proxy: InProcess, talk: Talk):
    Talk(proxy, "s2").say(70)
    ((kind, own),) = misses(proxy, 3, f"kind, {TOKENS}")
    assert kind == "first"
    usage = Talk(proxy, "s3").say(500)
    (expired, first) = misses(proxy, 4, f"kind, {TOKENS}")
    assert (expired[0], first) == ("expired", ("first", own))
    assert expired[1] + first[1] == cached(usage)


def test_a_title_that_is_asked_for_first_is_no_beginning_of_the_conversation(proxy: InProcess):
    talk = Talk(proxy)
    title = {"model": talk.fields["model"], "max_tokens": 50, "system": talk.fields["system"][:1]}
    ask(proxy.url, {**title, "messages": MORE[1:]}, **talk.headers)
    usage = talk.say(0)
    assert misses(proxy, 2, f"kind, {TOKENS}") == [("first", cached(usage))]


def test_a_conversation_that_goes_on_misses_nothing(proxy: InProcess, talk: Talk):
    for number in range(3):
        talk.say(120 + 60 * number)
    assert misses(proxy, 5, "kind") == []
    assert rows(proxy, "SELECT kind FROM cache_misses") == [("first",)]


Change = Callable[[Talk], Any]


def add_tool(talk: Talk) -> None:
    talk.fields["tools"].append(tool("Write", "path"))


def swap_tools(talk: Talk) -> None:
    talk.fields["tools"].reverse()


def drop_tool(talk: Talk) -> None:
    talk.fields["tools"].pop(1)


def write_the_time(talk: Talk) -> None:
    talk.fields["system"][1] = text("It is 12:02. " + WORDS * 100) | MARK


def edit_message(talk: Talk) -> None:
    talk.messages[2]["content"] = [text("Something else. " + WORDS * 60)]


def drop_answers(talk: Talk) -> None:
    del talk.messages[1]


FORM = {"format": {"type": "json_schema", "schema": {"type": "object"}}}

PLANTED: list[tuple[Change, tuple[Any, ...]]] = [
    (add_tool, ("changed", "tools", "added", 3)),
    (swap_tools, ("changed", "tools", "reordered", 0)),
    (drop_tool, ("changed", "tools", "removed", 1)),
    (write_the_time, ("changed", "system", "edited", 1)),
    (edit_message, ("changed", "message", "edited", 2)),
    (drop_answers, ("changed", "message", "removed", 1)),
    (lambda talk: talk.fields.update(model="claude-opus-5-5"), ("changed", "model", "", None)),
    (lambda talk: talk.fields.update(output_config=FORM), ("changed", "form", "", None)),
    (lambda talk: talk.fields.update(thinking={"type": "adaptive"}), ("changed", "thinking", "", None)),
    (lambda talk: talk.fields.update(output_config={"effort": "high"}), ("changed", "effort", "", None)),
    (lambda talk: talk.fields.update(tool_choice={"type": "any"}), ("changed", "tool_choice", "", None)),
]


@pytest.mark.parametrize(("change", "told"), PLANTED, ids=lambda value: "" if callable(value) else "-".join(value[1:3]))
def test_a_change_is_named_and_placed(proxy: InProcess, talk: Talk, change: Change, told: tuple[Any, ...]):
    change(talk)
    usage = talk.say(120)
    ((*found, tokens, pause_ms),) = misses(proxy, 3, f"{ABOUT}, {TOKENS}, pause_ms")
    assert tuple(found) == told
    assert 0 < tokens < charged(usage)
    assert pause_ms == 60_000


def test_what_a_whole_changed_prefix_costs_is_what_the_request_before_had_cached(proxy: InProcess, talk: Talk):
    before = cached(talk.say(90))
    swap_tools(talk)
    usage = talk.say(120)
    assert usage["cache_read_input_tokens"] == 0
    ((tokens, picos),) = misses(proxy, 4, f"{TOKENS}, picos")
    assert abs(tokens - before) * 100 <= before
    assert picos == tokens * (2_500_000 - 100_000)  # Sonnet 5.5: $2.50 written, $0.10 read.


def test_an_image_that_is_new_breaks_the_messages_but_not_the_system(proxy: InProcess, talk: Talk):
    usage = talk.say(120, images=1)
    assert usage["cache_read_input_tokens"] > 0
    assert misses(proxy, 3, ABOUT) == [("changed", "images", "", None)]


def test_a_prefix_that_has_expired_is_told_with_its_pause_and_all_that_was_cached(proxy: InProcess, talk: Talk):
    before = cached(talk.say(100))
    usage = talk.say(100 + 301)
    assert usage["cache_read_input_tokens"] == 0
    assert misses(proxy, 4, f"{ABOUT}, {TOKENS}, pause_ms") == [("expired", "", "", None, before, 301_000)]


def test_of_two_lifetimes_only_the_shorter_one_has_expired(proxy: InProcess):
    hour = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    talk = Talk(proxy, fields={"system": [text("You are an agent. " + WORDS * 400) | hour]})
    talk.say(0)
    before = cached(talk.say(10))
    usage = talk.say(400)
    assert usage["cache_read_input_tokens"] > 0
    assert misses(proxy, 3, f"kind, {TOKENS}") == [("expired", before - usage["cache_read_input_tokens"])]


def test_local_turns_in_between_are_counted(start: Start, fake: FakeClaude):
    with local_fake(Act(says("Done."))) as model:
        box = LocalSetting("box", model.url, "openai", ("fake-model",), context=200_000, tools=True)
        talk = Talk(start(servers=(box,), at=NOON, budget="100", cutoff="120", mode=Mode.cloud))
        talk.say(0)
        talk.proxy.ledger.set_mode(Mode.local)
        talk.messages.append({"role": "user", "content": "And now?"})
        assert ask(talk.proxy.url, {**talk.fields, "messages": talk.messages}, **talk.headers).status == 200
        talk.messages.append({"role": "assistant", "content": "Done."})
        talk.proxy.ledger.set_mode(Mode.cloud)
        talk.say(400)
        looked_at(talk.proxy, 2)
        assert rows(talk.proxy, "SELECT local_between FROM cache_looked") == [(0,), (1,)]
        assert rows(talk.proxy, "SELECT kind FROM cache_misses ORDER BY entry_id") == [("first",), ("expired",)]


def test_expired_and_changed_at_once_are_told_apart(proxy: InProcess, talk: Talk):
    before = cached(talk.say(100))
    edit_message(talk)
    talk.say(500)
    (expired, changed) = misses(proxy, 4, f"kind, what, place, {TOKENS}")
    assert expired[:3] == ("expired", "", None)
    assert changed[:3] == ("changed", "message", 2)
    assert expired[3] + changed[3] < before


def test_a_breakpoint_more_than_twenty_blocks_on_does_not_find_the_earlier_one(proxy: InProcess, talk: Talk):
    talk.fields["system"][1].pop("cache_control")
    talk.messages += [{"role": "user", "content": [text(f"Note {number}.") for number in range(25)]}]
    talk.messages += [{"role": "assistant", "content": [text("Noted.")]}]
    usage = talk.say(120)
    assert usage["cache_read_input_tokens"] == 0
    # From the last user's block: its answer, 25 notes, the answer to them, the new one.
    assert misses(proxy, 3, "kind, what, back") == [("marks", "", 28)]


def test_a_prefix_below_the_minimum_is_read_as_plain_input(proxy: InProcess):
    talk = Talk(proxy, fields={"system": [text("Short.") | MARK], "tools": []})
    for number in range(3):
        usage = talk.say(60 * number, words=1)
    assert cached(usage) == 0
    ((kind, tokens, picos),) = misses(proxy, 3, f"kind, {TOKENS}, picos")
    assert kind == "short"
    assert 0 < tokens < usage["input_tokens"]
    assert picos == tokens * (2_000_000 - 100_000)


def test_without_breakpoints_all_is_plain_input_each_time(proxy: InProcess):
    talk = Talk(proxy)
    bare: list[Any] = [{"role": "user", "content": f"[[at:{NOON.timestamp()}]] {WORDS * 200}"}]
    for messages in (bare, [*bare, *MORE]):
        body = {"model": talk.fields["model"], "max_tokens": 100, "messages": messages}
        assert ask(proxy.url, body, **talk.headers).status == 200
    assert misses(proxy, 2, "kind") == [("unmarked",)]


MORE = [
    {"role": "assistant", "content": "Yes."},
    {"role": "user", "content": f"[[at:{NOON.timestamp()}]] Go on."},
]


def test_a_second_request_before_the_first_has_begun_to_answer_cannot_read_what_it_writes(
    proxy: InProcess, fake: FakeClaude
):
    first, second = Talk(proxy), Talk(proxy)
    one = threading.Thread(target=first.say, args=(0,), kwargs={"ttft": 1500})
    one.start()
    assert eventually(lambda: proxy.today.open_holds == 1)
    # The second one says the same and something more, a moment later.
    second.messages = [dict(first.messages[0]), {"role": "assistant", "content": [text("…")]}]
    two = threading.Thread(target=second.say, args=(0.2,), kwargs={"ttft": 1500})
    two.start()
    assert eventually(lambda: proxy.today.open_holds == 2)
    proxy.now = lambda: NOON + timedelta(seconds=3)
    for thread in (one, two):
        thread.join()
    looked_at(proxy, 2)
    assert sorted(rows(proxy, "SELECT kind FROM cache_misses")) == [("first",), ("parallel",)]


def test_what_claude_lets_go_of_early_is_unknown(proxy: InProcess, talk: Talk, fake: FakeClaude):
    before = cached(talk.say(100))
    fake.reset()
    usage = talk.say(120)
    assert usage["cache_read_input_tokens"] == 0
    assert misses(proxy, 4, f"{ABOUT}, {TOKENS}") == [("unknown", "evicted", "", None, before)]


def test_a_conversation_older_than_the_process_is_unknown_until_its_cache_must_have_expired(
    tmp_path: Path, fake: FakeClaude
):
    with InProcess(tmp_path, fake.url, at=NOON, budget="100", cutoff="120", mode=Mode.cloud) as proxy:
        talk = Talk(proxy)
        talk.say(0)
        cached_before = cached(talk.say(60))
        looked_at(proxy, 2)
    for at, told in ((120, []), (500, [("expired", "", 380_000)]), (600, [("unknown", "earlier", 100_000)])):
        with InProcess(tmp_path, fake.url, at=NOON, budget="100", cutoff="120", mode=Mode.cloud) as talk.proxy:
            if told and told[0][0] == "unknown":
                fake.reset()
            talk.say(at)
            assert misses(talk.proxy, len(talk.messages) // 2, "kind, what, pause_ms") == told
    assert cached_before > 0


def test_each_line_of_a_session_is_judged_by_itself(proxy: InProcess, talk: Talk):
    title = {"model": "claude-haiku-4-5", "max_tokens": 50, "system": "Give a title.", "messages": MORE[1:]}
    ask(proxy.url, title, **talk.headers)
    sub = Talk(proxy, agent="a1", fields={"system": [text("You search. " + WORDS * 200) | MARK]})
    sub.say(65)
    talk.say(70)
    sub.say(75)
    assert misses(proxy, 6, "kind") == []
    assert rows(proxy, "SELECT kind FROM cache_misses") == [("first",), ("first",)]


def test_the_dollars_of_misses_are_the_difference_that_plain_sql_recounts(proxy: InProcess, talk: Talk):
    swap_tools(talk)
    talk.say(120)
    talk.say(500)
    edit_message(talk)
    talk.say(560)
    looked_at(proxy, 5)
    each = """SELECT picos, input * json_extract(rates, '$[0]') + cache_write_5m * json_extract(rates, '$[1]')
        + cache_write_1h * json_extract(rates, '$[2]')
        - (input + cache_write_5m + cache_write_1h) * json_extract(rates, '$[3]') FROM cache_misses"""
    found = rows(proxy, each)
    assert len(found) == 4
    assert all(picos == recounted for picos, recounted in found)
    # The rates are those that the entries themselves were billed at.
    billed = {entry.id: json.loads(entry.rates)["lines"] for entry in proxy.ledger.entries()}
    for entry_id, rates in rows(proxy, "SELECT entry_id, rates FROM cache_misses"):
        written = [each for what, _, _, each in billed[entry_id] if what == "cache_write_5m"]
        assert written == [json.loads(rates)[1]]
    by_day = rows(proxy, "SELECT sum(misses), sum(tokens), sum(picos) FROM cache_days")
    assert by_day == rows(proxy, f"SELECT count(*), sum({TOKENS}), sum(picos) FROM cache_misses")
    likely = rows(proxy, "SELECT sum(likely) FROM entries")
    assert likely == rows(proxy, "SELECT sum(cloud) FROM cache_lives")
    over = "SELECT count(*) FROM entries e WHERE likely < (SELECT sum(picos) FROM cache_misses WHERE entry_id = e.id)"
    assert rows(proxy, over) == [(0,)]


def test_nothing_of_a_prompt_is_kept(proxy: InProcess, talk: Talk):
    write_the_time(talk)
    talk.say(120)
    looked_at(proxy, 3)
    kept = dump(proxy)
    assert SECRET not in kept
    assert "brown" not in kept
    assert "Bash" not in kept


def test_a_session_that_breaks_on_every_turn_raises_one_hint(proxy: InProcess, talk: Talk):
    for number in range(5):
        talk.fields["system"][1] = text(f"It is {number} o'clock. " + WORDS * 100) | MARK
        talk.say(120 + number)
    looked_at(proxy, 7)
    (hint,) = proxy.baselines.doctor.hints(NOON + timedelta(minutes=3))
    (told,) = hints_json([hint])
    assert (told["name"], told["where"], told["times"]) == ("system changed", "block 2 edited", 5)
    (wrong,) = [one for one in wrongs(proxy.services, (), proxy.today) if "on every turn" in one.title]
    assert wrong.mend == "bursar cache"
    assert (hint.session, hint.cause.kind, hint.cause.what, hint.cause.place) == ("s1", "changed", "system", 1)
    assert hint.times == 5
    talk.say(130)
    looked_at(proxy, 8)
    assert proxy.baselines.doctor.hints(NOON + timedelta(minutes=3)) == ()
