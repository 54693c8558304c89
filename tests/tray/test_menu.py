"""What the tray shows for a status: every line, its state, the tooltip and which picture."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.statuses import DEAD, NOON, OTHER, SAVED, STATUS, status
from tray.menu import MOST_LABEL, MOST_TOOLTIP, RING_STEPS, Face, Here, IconKey, Item, face, plain

HERE = Here()


def every(items: tuple[Item, ...]) -> Iterator[Item]:
    """Walk through a menu and its submenu."""
    for item in items:
        yield item
        yield from every(item.items)


def seen(shown: Face) -> list[str]:
    """List the lines that a person reads."""
    return [item.label for item in shown.items if item.visible and item.label]


def by_action(shown: Face, action: str) -> Item:
    """Find an item by what it does."""
    return next(item for item in every(shown.items) if item.action == action)


def test_a_plain_day_is_laid_out_as_promised():
    marks = {"separator": "-----", "submenu": "> "}
    lines = [
        marks.get(item.kind, "") + ("(o) " if item.kind == "radio" and item.checked else "") + item.label
        for item in face(status(), Here(at_login=True)).items
        if item.visible
    ]
    assert lines == [
        "Auto: local first, Claude within budget",
        "Today: $1.84 of $10.00 (18%)",
        "Saved: $3.10 today, $21.47 this week",
        "-----",
        "(o) Auto",
        "Local only",
        "Claude only",
        "Observe only",
        "-----",
        "> Daily budget: $10.00",
        "Stop all cloud traffic",
        "-----",
        "Weekly savings report",
        "Open dashboard",
        "-----",
        "Start at login",
        "Quit bursar (stops the proxy)",
    ]


def test_the_budgets_to_choose_from_are_one_level_down():
    budget = next(item for item in face(status(), HERE).items if item.kind == "submenu")
    assert [item.label for item in budget.items] == ["$1", "$2", "$5", "$10", "$20", "$50", "", "Custom…"]
    assert [item.label for item in budget.items if item.checked] == ["$10"]
    assert all(not item.items for item in budget.items)


def test_a_budget_of_ones_own_is_named_beside_custom():
    budget = next(item for item in face(status(budget_usd="13.5"), HERE).items if item.kind == "submenu")
    assert (budget.label, budget.items[-1].label) == ("Daily budget: $13.50", "Custom ($13.50)…")
    assert not any(item.checked for item in budget.items)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"mode": "auto"}, "Auto: local first, Claude within budget"),
        ({"band": "saving"}, "Auto: saving, Claude for what local cannot do"),
        ({"band": "reserve"}, "Auto: budget used up, Claude for complex work only"),
        ({"band": "cutoff"}, "Auto: no room under the cutoff, local only"),
        ({"pace": {"band": "saving"}}, "Auto: saving, Claude for what local cannot do"),
        ({"locals": []}, "Auto: no local model, Claude up to the cutoff"),
        ({"locals": [DEAD]}, "Auto: no local model, Claude up to the cutoff"),
        ({"mode": "local"}, "Local only: not one byte to Claude"),
        ({"mode": "cloud", "band": "reserve"}, "Claude only, up to the cutoff"),
        ({"mode": "observe"}, "Observe only: every request goes where it was sent"),
        ({"stop": {"since": NOON, "by": "person"}}, "Stopped: nothing goes to Claude"),
        ({"stop": {"since": NOON, "by": "cutoff"}}, "Cutoff of $12.00 reached: nothing goes to Claude until 00:00"),
        ({"settled_usd": "12"}, "Cutoff of $12.00 reached: nothing goes to Claude until 00:00"),
    ],
)
def test_the_first_line_says_where_requests_go(changes: dict[str, Any], line: str):
    assert seen(face(status(**changes), HERE))[0] == line


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"settled_usd": "0", "likely_usd": "0"}, "Today: $0.00 of $10.00 (0%)"),
        ({"settled_usd": "0.000001", "likely_usd": "0.000001"}, "Today: $0.0000010 of $10.00 (<1%)"),  # Not nothing.
        ({"settled_usd": "9.999", "likely_usd": "9.999"}, "Today: $10.00 of $10.00 (99%)"),
        ({"settled_usd": "11", "likely_usd": "11"}, "Today: $11.00 of $10.00 (110%)"),
        ({"likely_usd": "1.5"}, "Today: about $1.84 of $10.00 (18%)"),
        ({"settled_usd": "0.26", "likely_usd": "0.26", "budget_usd": "40"}, "Today: $0.26 of $40.00 (<1%)"),
        ({"budget_usd": "0"}, "Today: $1.84 of $0.00"),
        ({"settled_usd": "1234.5", "likely_usd": "1234.5"}, "Today: $1,234.50 of $10.00 (12,345%)"),
    ],
)
def test_the_second_line_says_what_is_spent(changes: dict[str, Any], line: str):
    assert line in seen(face(status(**changes), HERE))


@pytest.mark.parametrize(
    ("today", "week", "line"),
    [
        ({}, {}, "Saved: $3.10 today, $3.10 this week"),
        ({"usd": "-0.421", "low_usd": "-0.421", "high_usd": "-0.421"}, {}, "Saved: -$0.42 today, $3.10 this week"),
        ({"low_usd": "2.9"}, {}, "Saved: about $3.10 today, $3.10 this week"),
        ({}, {"high_usd": "3.5"}, "Saved: about $3.10 today, $3.10 this week"),
        ({"high_usd": "3.1000001"}, {}, "Saved: $3.10 today, $3.10 this week"),  # No cent of difference.
        ({}, {"unknown": 1}, "Saved: about $3.10 today, $3.10 this week"),
        ({"requests": 0}, {"requests": 0}, "Saved: nothing yet"),
    ],
)
def test_the_third_line_says_what_was_saved_and_no_more(today: dict[str, Any], week: dict[str, Any], line: str):
    assert line in seen(face(status(saved={"today": {**SAVED, **today}, "week": {**SAVED, **week}}), HERE))


def test_what_a_plan_was_spared_is_not_called_saved():
    plan = {**SAVED, "usd": "0", "low_usd": "0", "high_usd": "0", "plan_usd": "4.2"}
    lines = seen(face(status(saved={"today": plan, "week": plan}), HERE))
    assert lines[2:4] == [
        "Saved: $0.00 today, $0.00 this week",
        "Plan use spared, at list prices: $4.20, $4.20 this week",
    ]


@pytest.mark.parametrize(
    ("changes", "line", "action"),
    [
        ({"locals": [DEAD]}, "! Ollama is not running: using Claude", "open:models"),
        ({"locals": [DEAD, OTHER]}, "! Ollama is not running: using LM Studio", "open:models"),
        ({"locals": [DEAD], "mode": "local"}, "! Ollama is not running: nobody answers", "open:models"),
        ({"locals": [DEAD], "mode": "observe"}, "! Ollama is not running", "open:models"),
        (
            {"locals": [DEAD], "stop": {"since": NOON, "by": "person"}},
            "! Ollama is not running: nobody answers",
            "open:models",
        ),
        (
            {"locals": [{**DEAD, "name": "my_box & co", "why": "its connection broke"}]},
            "! my-box + co: its connection broke: using Claude",
            "open:models",
        ),
        ({"locals": [DEAD, DEAD, OTHER]}, "! 2 of 3 local servers are down: using LM Studio", "open:models"),
        ({"locals": [], "mode": "local"}, "! No local model server was found: nobody answers", "open:models"),
        ({"trouble": "the disk is full"}, "! The ledger cannot be written: nothing goes to Claude", "open:today"),
        (
            {"stepped_aside": True},
            "! An agent goes past bursar, unmetered, until its next prompt",
            "open:agents",
        ),
        ({"clock_held_back": True}, "! The clock jumped: bursar stays on 20 Nov", "open:today"),
        (
            {"cloud": {"url": "https://a", "trouble": {"at": NOON, "why": "name not found"}}},
            "! Claude could not be reached at 13:00",
            "open:today",
        ),
        ({"unrecorded": 1}, "! 1 local request could not be recorded", "open:today"),
        ({"doubts": [{}, {}]}, "! 2 local failures lately: Claude goes first there", "open:models"),
        (
            {"prices": {"old": True, "data_as_of": "2025-01-01", "notices": []}},
            "! The prices are old: of 2025-01-01",
            "open:models",
        ),
        ({"notices": ["a backup was restored"]}, "! 1 notice on the dashboard", "open:today"),
    ],
)
def test_what_is_wrong_is_a_line_that_opens_the_page_about_it(changes: dict[str, Any], line: str, action: str):
    (item,) = [item for item in face(status(**changes), HERE).items if item.label.startswith("!")]
    assert (item.label, item.action, item.visible, item.enabled) == (line, action, True, True)


def test_nothing_wrong_shows_no_line():
    assert not [line for line in seen(face(status(), HERE)) if line.startswith("!")]


@pytest.mark.parametrize(
    ("changes", "offered"),
    [
        ({"settled_usd": "7.99"}, False),
        ({"settled_usd": "8.00"}, True),
        ({"settled_usd": "1", "held_usd": "7"}, True),
        ({"band": "saving"}, True),
        ({"settled_usd": "12"}, True),
    ],
)
def test_two_dollars_more_are_offered_from_80_percent_on(changes: dict[str, Any], offered: bool):
    item = by_action(face(status(**changes), HERE), "allow:2")
    assert (item.label, item.visible) == ("Allow $2 more today", offered)


@pytest.mark.parametrize(
    ("stop", "label"),
    [
        ({"since": "2026-11-20T13:03:00+00:00", "by": "person"}, "Resume cloud (stopped 14:03)"),
        ({"since": "2026-11-20T13:03:00+00:00", "by": "cutoff"}, "Resume cloud (cutoff 14:03)"),
        ({"since": "2026-11-19T13:03:00+00:00", "by": "person"}, "Resume cloud (stopped 19 Nov 14:03)"),
    ],
)
def test_a_stop_can_be_lifted_and_says_since_when(stop: dict[str, Any], label: str):
    shown = face(status(stop=stop), HERE)
    resume = by_action(shown, "resume")
    assert (resume.label, resume.visible, by_action(shown, "stop").visible) == (label, True, False)


def test_what_is_stopped_cannot_be_resumed_by_a_click_that_meant_stop():
    before, after = (face(status(stop=stop), HERE) for stop in (None, {"since": NOON, "by": "cutoff"}))
    clicked = by_action(before, "stop").id
    assert next(item for item in after.items if item.id == clicked).action == "stop"


def test_a_simulated_day_says_so_first_and_in_the_tooltip():
    shown = face(status(simulated=True), HERE)
    assert seen(shown)[0] == "Simulated day: no money is spent"
    assert shown.tooltip.startswith("bursar (simulated day): ")


@pytest.mark.parametrize(
    ("changes", "here", "tooltip"),
    [
        ({}, HERE, "bursar: $1.84 of $10.00 today, Auto"),
        ({"likely_usd": "1"}, HERE, "bursar: about $1.84 of $10.00 today, Auto"),
        ({"mode": "cloud"}, HERE, "bursar: $1.84 of $10.00 today, Claude only"),
        ({"stop": {"since": NOON, "by": "person"}}, HERE, "bursar: $1.84 of $10.00 today, stopped"),
        ({"stop": {"since": NOON, "by": "cutoff"}}, HERE, "bursar: $1.84 of $10.00 today, cutoff reached"),
        ({"locals": [DEAD]}, HERE, "bursar: $1.84 of $10.00 today, Auto; Ollama is not running: using Claude"),
        (
            {},
            Here(age_s=300),
            "bursar: $1.84 of $10.00 today, Auto; bursar does not answer: figures are 5 min old",
        ),
    ],
)
def test_the_tooltip_says_it_in_one_line(changes: dict[str, Any], here: Here, tooltip: str):
    assert face(status(**changes), here).tooltip == tooltip


@pytest.mark.parametrize(("age_s", "said"), [(15, "15 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h")])
def test_old_figures_are_dimmed_and_say_how_old_they_are(age_s: float, said: str):
    shown = face(status(), Here(age_s=age_s))
    assert shown.dimmed
    assert shown.icon.dimmed
    assert f"! bursar does not answer: figures are {said} old" in seen(shown)
    assert not face(status(), Here(age_s=14.9)).dimmed


@pytest.mark.parametrize("nothing", [None, {}, {"mode": "auto"}, status(mode="turbo"), status(settled_usd="NaN")])
def test_without_a_status_no_figure_is_made_up(nothing: dict[str, Any] | None):
    shown = face(nothing, HERE)
    assert seen(shown)[:2] == ["No figures yet", "! bursar does not answer"]
    assert shown.tooltip == "bursar: does not answer"
    assert "$0" not in " ".join(label for label in seen(shown))
    assert shown.icon == IconKey(0, "dot", "calm", dimmed=True)
    usable = {item.action for item in shown.items if item.visible and item.enabled and item.kind == "action"}
    assert usable == {"quit"}


def test_what_could_not_be_done_is_said_where_it_was_clicked():
    assert "! Not done: it is below the budget" in seen(face(status(), Here(failed="it is below the budget")))


@pytest.mark.parametrize(
    ("at_login", "shown", "checked", "action"),
    [(None, False, False, "login:on"), (False, True, False, "login:on"), (True, True, True, "login:off")],
)
def test_start_at_login_is_offered_where_it_can_be_had(at_login: bool | None, shown: bool, checked: bool, action: str):
    item = by_action(face(status(), Here(at_login=at_login)), action)
    assert (item.kind, item.visible, item.checked) == ("check", shown, checked)


@pytest.mark.parametrize(("running", "said"), [(0, "0 answers"), (1, "1 answer"), (3, "3 answers")])
def test_quitting_tells_what_it_waits_for_and_that_it_need_not(running: int, said: str):
    item = by_action(face(status(open_holds=running), Here(is_leaving=True)), "quit")
    assert item.label == f"Quit now ({said} under way)"


@pytest.mark.parametrize("mode", ["auto", "local", "cloud", "observe"])
def test_one_mode_is_chosen_and_its_shape_is_in_the_icon(mode: str):
    shown = face(status(mode=mode), HERE)
    modes = [item for item in shown.items if item.kind == "radio"]
    assert [item.action for item in modes if item.checked] == [f"mode:{mode}"]
    assert shown.icon.shape == {"auto": "dot", "local": "house", "cloud": "cloud", "observe": "eye"}[mode]


@pytest.mark.parametrize(
    ("spent", "key"),
    [
        ("0", IconKey(0, "dot")),
        ("0.000001", IconKey(1, "dot")),  # Something is never shown as nothing.
        ("5", IconKey(12, "dot")),
        ("5.41", IconKey(12, "dot")),  # 24 steps of 41.67 cents: the ring has not moved.
        ("5.42", IconKey(13, "dot")),
        ("7.999", IconKey(19, "dot")),
        ("8", IconKey(19, "dot", "warm")),
        ("9.999", IconKey(23, "dot", "warm")),  # Only a spent budget fills it.
        ("10", IconKey(24, "alert", "hot")),
        ("999", IconKey(24, "alert", "hot")),
    ],
)
def test_the_ring_fills_with_the_budget(spent: str, key: IconKey):
    assert face(status(settled_usd=spent), HERE).icon == key


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"stop": {"since": NOON, "by": "person"}}, IconKey(4, "alert", "hot")),
        ({"trouble": "the disk is full"}, IconKey(4, "alert", "hot")),
        ({"held_usd": "20", "band": "cutoff"}, IconKey(4, "dot")),  # What is held is not spent.
        ({"budget_usd": "0", "settled_usd": "0"}, IconKey(0, "dot")),
        ({"budget_usd": "0"}, IconKey(24, "alert", "hot")),
    ],
)
def test_the_icon_calls_when_nothing_goes_out_and_not_before(changes: dict[str, Any], key: IconKey):
    assert face(status(**changes), HERE).icon == key


def test_a_long_name_is_cut_by_what_windows_counts():
    assert plain("a" * 80) == "a" * 80
    assert plain("a" * 81) == "a" * 79 + "…"
    assert plain("𝄞" * 64, 127) == "𝄞" * 63 + "…"  # Two units each.
    assert plain("a\nb\x00c\ud800") == "a�b�c�"


amounts = st.decimals(-(10**6), 10**17, places=12, allow_nan=False).map(str)
texts = st.text(st.characters(codec=None), max_size=300)
savings = st.fixed_dictionaries(
    dict.fromkeys(("usd", "low_usd", "high_usd", "plan_usd"), amounts)
    | {key: st.integers(0, 10**9) for key in ("requests", "unknown")}
)
statuses = st.fixed_dictionaries(
    {},
    optional={
        "simulated": st.booleans(),
        "zone": st.sampled_from(["UTC", "Asia/Kathmandu", "America/New_York", ""]),
        "notices": st.lists(texts, max_size=3),
        "mode": st.sampled_from(["auto", "local", "cloud", "observe"]),
        "band": st.sampled_from(["normal", "saving", "reserve", "cutoff"]),
        "stop": st.none()
        | st.fixed_dictionaries({"since": st.datetimes().map(lambda at: f"{at.isoformat()}+00:00"), "by": texts}),
        **{f"{name}_usd": amounts for name in ("budget", "cutoff", "settled", "held", "likely")},
        "resets_at": st.datetimes().map(lambda at: f"{at.isoformat()}+00:00"),
        "open_holds": st.integers(0, 10**9),
        "unrecorded": st.integers(0, 10**9),
        "trouble": st.none() | texts,
        "clock_held_back": st.booleans(),
        "stepped_aside": st.booleans(),
        "saved": st.none() | st.fixed_dictionaries({"today": savings, "week": savings}),
        "locals": st.lists(st.fixed_dictionaries({"name": texts, "healthy": st.booleans(), "why": texts}), max_size=4),
        "doubts": st.lists(st.just({}), max_size=3),
        "prices": st.fixed_dictionaries({"old": st.booleans(), "data_as_of": texts, "notices": st.lists(texts)}),
    },
)
odd = st.none() | st.integers() | texts | st.lists(st.integers()) | st.dictionaries(texts, st.integers())
broken = st.builds(lambda key, value: {**STATUS, key: value}, st.sampled_from(sorted(STATUS)), odd)
heres = st.builds(Here, st.floats(0, 10**7), failed=texts, at_login=st.none() | st.booleans(), is_leaving=st.booleans())
LAYOUT = [(item.id, item.kind) for item in every(face(None, HERE).items)]


@given(status=statuses.map(lambda changes: {**STATUS, **changes}) | statuses | broken, here=heres)
def test_whatever_the_status_the_menu_keeps_its_lines_and_its_limits(status: dict[str, Any] | None, here: Here):
    shown = face(status, here)
    items = list(every(shown.items))
    assert [(item.id, item.kind) for item in items] == LAYOUT
    for item in items:
        assert not set("&_") & set(item.label)
        assert item.label.isprintable()
        assert len(item.label.encode("utf-16-le")) <= 2 * MOST_LABEL
        assert item.label or not item.visible or item.kind == "separator"
        assert item.action or not item.enabled or item.kind in ("separator", "submenu")
    assert len(shown.tooltip.encode("utf-16-le")) <= 2 * MOST_TOOLTIP
    assert 0 <= shown.icon.step <= RING_STEPS
    assert sum(item.checked for item in shown.items if item.kind == "radio") <= 1


def test_no_two_lines_share_an_id():
    numbers = [number for number, _ in LAYOUT]
    assert len(set(numbers)) == len(numbers)
    assert min(numbers) > 0  # Zero is the menu itself on D-Bus.
