"""The menu on a Linux panel: what a person reads, what a click does, and what comes of a panel that asks nonsense."""

from dataclasses import replace

import pytest

from tests.kit.desktop import MENU as DBUSMENU
from tests.kit.desktop import PROPERTIES, Panel, until
from tests.tray.backends.conftest import FACE, MENU, Start
from tray.menu import DEFAULT_ACTION


def test_a_person_reads_the_lines_in_order_with_their_marks(panel: Panel, start: Start):
    start()
    assert panel.labels() == [
        "Auto: local first, Claude within budget (grey)",
        "-",
        "(o) Auto",
        "( ) Local only",
        "( ) Claude only (grey)",
        "-",
        "Daily budget: $10.00 >",
        "    ( ) $5",
        "    (o) $10",
        "    Custom…",
        "[ ] Start at login",
        "Quit bursar__now",  # Two underscores are one, underlining nothing.
    ]


def test_a_click_runs_the_lines_action_and_no_other(panel: Panel, start: Start):
    running = start()
    for label in ("Local only", "Custom…", "Quit bursar__now"):
        panel.click(label)
    until(lambda: len(running.heard.clicks) == 3, "three clicks")
    assert running.heard.clicks == ["mode:local", "settings", "quit"]


def test_what_is_grey_hidden_or_a_heading_cannot_be_clicked(panel: Panel, start: Start):
    running = start()
    for label in ("Claude only", "! Ollama is not running: using Claude", "Daily budget: $10.00", "-"):
        panel.click(label)
    panel.click("Auto: local first, Claude within budget")
    panel.click("Auto")
    until(lambda: running.heard.clicks, "a click")
    assert running.heard.clicks == ["mode:auto"]


def test_the_panel_is_answered_while_a_click_takes_its_time(panel: Panel, start: Start):
    running = start()
    with running.heard.busy:
        panel.click("Local only")
        panel.click("Auto")
        until(lambda: running.heard.threads, "the click")
        assert panel.line("Auto").id == 4
    until(lambda: len(running.heard.clicks) == 2, "two clicks")
    assert running.heard.clicks == ["mode:local", "mode:auto"]
    assert running.thread.ident not in running.heard.threads


def test_many_clicks_at_once_are_told_apart_from_lines_that_are_not_there(panel: Panel, start: Start):
    running = start()
    events = [(5, "clicked", ("s", ""), 0), (99, "clicked", ("s", ""), 0), (4, "hovered", ("s", ""), 0)]
    assert panel.menu_call("EventGroup", "a(isvu)", (events,)) == ([99],)
    until(lambda: running.heard.clicks, "a click")
    assert running.heard.clicks == ["mode:local"]


def test_opening_the_menu_asks_for_fresh_figures_and_does_not_hold_it_up(panel: Panel, start: Start):
    running = start()
    assert panel.open() is False
    until(lambda: running.heard.openings == 1, "an opening")
    assert panel.menu_call("AboutToShowGroup", "ai", ([0, 8, 99],)) == ([], [99])


@pytest.mark.parametrize("gesture", ["Activate", "SecondaryActivate"])
def test_a_click_on_the_icon_itself_is_the_default_action(panel: Panel, start: Start, gesture: str):
    running = start()
    panel.item_call(gesture, "ii", (10, 10))
    until(lambda: running.heard.clicks, "a click")
    assert running.heard.clicks == [DEFAULT_ACTION]


def test_a_click_that_fails_leaves_the_next_one_working(panel: Panel, start: Start, caplog: pytest.LogCaptureFixture):
    running = start()
    running.heard.then = [].pop
    panel.click("Local only")
    until(lambda: "a click in the tray failed" in caplog.text, "the log")
    panel.click("Auto")
    until(lambda: len(running.heard.clicks) == 2, "the next click")


def test_the_icon_comes_in_the_sizes_of_panels_with_its_tooltip(panel: Panel, start: Start):
    start()
    found = panel.properties()
    assert [(width, height, len(data)) for width, height, data in found["IconPixmap"]] == [
        (size, size, size * size * 4) for size in (16, 22, 24, 32, 48, 64)
    ]
    assert found["IconPixmap"][0][2][:4] == bytes([4, 4, 2, 3])  # Alpha first, then red: the ring's 4 steps.
    assert found["ToolTip"][2] == found["IconAccessibleDesc"] == "bursar: $1.84 of $10.00 today, Auto"
    assert (found["Id"], found["Status"], found["Category"]) == ("bursar", "Active", "ApplicationStatus")
    assert found["ItemIsMenu"] is False


def test_parts_of_the_menu_can_be_asked_for(panel: Panel, start: Start):
    start()
    _, (line, properties, under) = panel.menu_call("GetLayout", "iias", (8, 0, ["label"]))
    assert (line, properties, under) == (8, {"label": ("s", "Daily budget: $10.00")}, [])
    (group,) = panel.menu_call("GetGroupProperties", "aias", ([9, 10, 99], ["toggle-state"]))
    assert group == [(9, {"toggle-state": ("i", 0)}), (10, {"toggle-state": ("i", 1)})]
    assert len(panel.menu_call("GetGroupProperties", "aias", ([], []))[0]) == len(panel.read().all())
    assert panel.menu_call("GetProperty", "is", (12, "toggle-type")) == (("s", "checkmark"),)


def test_a_panel_that_asks_nonsense_is_told_so_and_the_menu_stays(panel: Panel, start: Start):
    start()
    menu = panel.property("Menu")
    for path, interface, member, signature, body, error in (
        ("/nowhere", DBUSMENU, "GetLayout", "iias", (0, -1, []), "UnknownObject"),
        (menu, DBUSMENU, "GetEverything", "", (), "UnknownMethod"),
        (menu, DBUSMENU, "GetLayout", "i", (0,), "InvalidArgs"),
        (menu, DBUSMENU, "GetLayout", "iias", (99, -1, []), "InvalidArgs"),
        (menu, DBUSMENU, "GetProperty", "is", (99, "label"), "InvalidArgs"),
        (menu, DBUSMENU, "Event", "isvu", (99, "clicked", ("s", ""), 0), "InvalidArgs"),
        (menu, DBUSMENU, "EventGroup", "a(isvu)", ([(99, "clicked", ("s", ""), 0)],), "InvalidArgs"),
        (menu, DBUSMENU, "AboutToShow", "i", (99,), "InvalidArgs"),
        (menu, DBUSMENU, "AboutToShowGroup", "ai", ([99],), "InvalidArgs"),
        (menu, PROPERTIES, "Get", "ss", (DBUSMENU, "Colour"), "UnknownProperty"),
        (menu, PROPERTIES, "Set", "ssv", (DBUSMENU, "Version", ("u", 4)), "PropertyReadOnly"),
        (menu, PROPERTIES, "Get", "s", (DBUSMENU,), "UnknownMethod"),
    ):
        with pytest.raises(LookupError, match=rf"org\.freedesktop\.DBus\.Error\.{error}"):
            panel.call(panel.item(), path, interface, member, signature, body)
    assert panel.call(panel.item(), menu, "org.freedesktop.DBus.Peer", "Ping") == ()
    assert panel.call(panel.item(), menu, PROPERTIES, "Get", "ss", (DBUSMENU, "Version")) == (("u", 3),)
    assert panel.labels()


def test_text_that_the_bus_would_hang_up_on_is_shown_without_it(panel: Panel, start: Start):
    running = start()
    panel.labels()
    line = replace(MENU[0], label="a\0b \ud800")
    running.tray.show(replace(FACE, items=(line, *MENU[1:]), tooltip="x\0\udfff"))
    until(lambda: panel.labels()[0] == "ab ? (grey)", "the label")
    assert panel.property("ToolTip")[2] == "x?"
