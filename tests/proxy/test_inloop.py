"""A local turn that becomes more than it looked like moves up to Claude, where there is money."""

from __future__ import annotations

from dataclasses import replace

import pytest

from budget.bands import Band
from budget.state import Mode
from proxy.decision import View
from proxy.inloop import outgrown
from proxy.request import read
from proxy.route import CloudRoute, Fit, LocalRoute, Route
from proxy.router import decide
from proxy.rules.ruling import Ruling
from proxy.task import Task, TaskClass, Tier
from tests.kit import bodies
from tests.kit.boxed import GOOD_CALL, TOOLS, begun, box
from tests.kit.raw import ask, message

CLOUD = Route("claude", "claude-opus-5-5", is_local=False)
QWEN = Route("ollama", "qwen", is_local=True)
VIEW = View(
    Mode.auto, Band.normal, False, "claude-only", (LocalRoute("ollama", "qwen", context=100_000, tools=True),),
    CloudRoute("claude", "claude-opus-5-5"), sticky=QWEN, sticky_tier=Tier.L1, outgrown="it has made 10 calls",
)  # fmt: skip


def steps(*calls: tuple[str, dict], failed: int = 0) -> list[dict]:
    """Make the messages of tool calls and their results, of which the first ones failed."""
    made = []
    for number, (name, given) in enumerate(calls):
        call = {"type": "tool_use", "id": f"t{number}", "name": name, "input": given}
        result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": "x", "is_error": number < failed}
        made += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    return made


def reads(number: int) -> list[tuple[str, dict]]:
    return [("Read", {"file_path": f"/a/{n}.py"}) for n in range(number)]


def edits(number: int) -> list[tuple[str, dict]]:
    return [("Edit", {"file_path": f"/a/{n}.py", "old_string": "x"}) for n in range(number)]


SCRIPTS = {
    "nothing yet": (steps(), ""),
    "nine reads": (steps(*reads(9)), ""),
    "ten reads": (steps(*reads(10)), "it has made 10 calls"),
    "two files": (steps(*edits(2), *edits(2)), ""),
    "three files": (steps(*edits(3)), "it has edited 3 files"),
    "the same twice": (steps(*reads(1), *reads(1)), ""),
    "the same three times": (steps(*reads(1), *reads(2), *reads(1)), "it has made the same call three times"),
    "two failures": (steps(*reads(5), failed=2), ""),
    "three failures": (steps(*reads(5), failed=3), "3 of its calls failed"),
}


@pytest.mark.parametrize(("made", "said"), SCRIPTS.values(), ids=SCRIPTS.keys())
def test_each_sign_is_seen_and_nothing_less(made, said):
    assert outgrown(read(bodies.encode(message("go", messages=[]) | {"messages": [_user(), *made]}), {})) == said


@pytest.mark.parametrize(("doubt", "most"), [(None, 10), (0.2, 10), (0.1, 10), (0.07, 20), (0.02, 40)])
def test_the_less_doubt_a_turn_s_words_left_the_more_calls_it_may_make(doubt: float | None, most: int):
    def said(calls: int) -> str:
        messages = [_user(), *steps(*reads(calls))]
        return outgrown(read(bodies.encode(message("go") | {"messages": messages}), {}), doubt)

    assert (said(most - 1), said(most)) == ("", f"it has made {most} calls")


def test_a_call_whose_name_is_no_text_changes_no_file():
    messages = [_user(), *steps((["Edit"], {"file_path": "/a.py"}), ({}, {}))]
    assert outgrown(read(bodies.encode(message("go") | {"messages": messages}), {})) == ""


def test_what_an_earlier_turn_did_does_not_count():
    messages = [_user("before"), *steps(*reads(12)), {"role": "assistant", "content": "done"}, _user("and now")]
    assert outgrown(read(bodies.encode(message("go") | {"messages": messages}), {})) == ""


def test_the_turn_moves_up_where_there_is_money_and_stays_where_there_is_none():
    found = _decide(VIEW)
    assert (found.routes, found.tier) == ((CLOUD, QWEN), Tier.L2)
    assert found.reason == "L2, normal: Claude, as it has made 10 calls"
    assert _decide(replace(VIEW, band=Band.reserve)).routes == (CLOUD, QWEN)
    for closed in ({"band": Band.cutoff}, {"stopped": True}):
        assert _decide(replace(VIEW, **closed)).routes == (QWEN,)


@pytest.mark.parametrize(
    "view",
    [{"mode": Mode.local}, {"override": "local"}, {"ruling": Ruling(route="local", route_by='rule "x"')}],
)
def test_a_turn_that_a_person_keeps_local_stays_so(view):
    assert _decide(replace(VIEW, **view)).routes[0] == QWEN


def test_at_the_socket_the_tenth_call_takes_the_turn_to_claude_and_it_stays_there(start, fake):
    with box(*[GOOD_CALL] * 4) as (_, settings):
        proxy = begun(start, settings)
        went = []
        for number in (0, 4, 9, 10, 11):
            messages = [_user(), *steps(*[("get_weather", {"city": f"c{n}"}) for n in range(number)])]
            answer = ask(proxy.url, message("go", **TOOLS) | {"messages": messages})
            went.append(answer.headers["x-bursar-route"].partition("/")[0])
    assert went == ["box", "box", "box", "anthropic", "anthropic"]


def test_in_mode_observe_the_same_is_told_and_not_done(start, fake):
    with box() as (_, settings):
        proxy = begun(start, settings, mode=Mode.observe)
        would = []
        for number in (0, 9, 10, 11):
            messages = [_user(), *steps(*[("get_weather", {"city": f"c{n}"}) for n in range(number)])]
            ask(proxy.url, message("go", **TOOLS) | {"messages": messages})
            would.append(proxy.services.traces.last.decision.would.upstream)
    assert would == ["box", "box", "anthropic", "anthropic"]


def _user(words: str = "go") -> dict:
    return {"role": "user", "content": words}


def _decide(view: View):
    return decide(view, Task(TaskClass.refactor, Tier.L1, 1.0, ()), Fit(20_000, 32_000, has_tools=True))
