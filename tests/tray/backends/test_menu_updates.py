"""Updates while the menu is open: a panel hears what changed and nothing else, and lines keep their ids."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.desktop import Line, Panel, until
from tests.tray.backends.conftest import FACE, MENU, Start
from tray.backends.menulayout import Changes, MenuLayout, changes, lay_out
from tray.menu import Face, IconKey, Item


def face(*changed: Item) -> Face:
    """The usual face with other lines in place of those with their ids."""
    by_id = {item.id: item for item in changed}
    return replace(FACE, items=tuple(by_id.get(item.id, item) for item in MENU))


def opened(panel: Panel) -> None:
    """Open the menu, and forget what was told until then."""
    panel.read()
    panel.open()
    panel.told.clear()


def test_a_figure_changes_in_the_open_menu_and_only_that_is_sent(panel: Panel, start: Start):
    running = start()
    opened(panel)
    running.tray.show(face(replace(MENU[7], label="Daily budget: $20.00")))
    until(lambda: panel.told, "an update")
    assert panel.line("Daily budget: $20.00").id == 8
    assert panel.told == [("ItemsPropertiesUpdated", ([(8, {"label": ("s", "Daily budget: $20.00")})], []))]


def test_a_mode_flips_two_marks_and_a_line_that_comes_up_is_no_new_menu(panel: Panel, start: Start):
    running = start()
    opened(panel)
    running.tray.show(
        face(replace(MENU[1], visible=True), replace(MENU[3], checked=False), replace(MENU[4], checked=True))
    )
    until(lambda: panel.told, "an update")
    assert panel.labels()[1] == "! Ollama is not running: using Claude"
    said = {2: {"visible": ("b", True)}, 4: {"toggle-state": ("i", 0)}, 5: {"toggle-state": ("i", 1)}}
    assert panel.told == [("ItemsPropertiesUpdated", (list(said.items()), []))]


def test_the_same_face_again_says_nothing(panel: Panel, start: Start):
    running = start()
    opened(panel)
    running.tray.show(face())
    running.tray.show(face(replace(MENU[0], label="Paused")))
    until(lambda: panel.heard("ItemsPropertiesUpdated"), "the second")
    assert [number for (updated, _) in panel.heard("ItemsPropertiesUpdated") for number, _ in updated] == [1]
    assert [name for name, _ in panel.told] == ["ItemsPropertiesUpdated"]


def test_a_line_more_has_the_layout_read_again_below_its_own_parent(panel: Panel, start: Start):
    running = start()
    opened(panel)
    before = panel.revision
    submenu = MENU[7]
    running.tray.show(
        face(replace(submenu, items=(*submenu.items, Item(14, "$20", "radio", action="budget:20", checked=True))))
    )
    until(lambda: panel.heard("LayoutUpdated"), "another layout")
    assert panel.heard("LayoutUpdated") == [(before + 1, 8)]
    assert "    (o) $20" in panel.labels()
    assert panel.revision == before + 1


def test_lines_gone_and_come_in_two_places_have_the_whole_menu_read_again(panel: Panel, start: Start):
    running = start()
    opened(panel)
    without = replace(MENU[7], items=MENU[7].items[:1])
    running.tray.show(replace(FACE, items=(*MENU[:7], without, *MENU[9:])))
    until(lambda: panel.heard("LayoutUpdated"), "another layout")
    assert [parent for _, parent in panel.heard("LayoutUpdated")] == [0]
    assert panel.labels()[-2:] == ["    ( ) $5", "Quit bursar__now"]


def test_a_mark_that_the_panel_moved_by_itself_is_put_right(panel: Panel, start: Start):
    running = start()
    opened(panel)
    panel.click("Start at login")
    until(lambda: running.heard.clicks, "the click")
    running.tray.show(face())  # It did not work: the face is as before.
    until(lambda: panel.told, "an update")
    assert panel.told == [("ItemsPropertiesUpdated", ([(12, {"toggle-state": ("i", 0)})], []))]
    panel.told.clear()
    panel.click("Local only")
    until(lambda: len(running.heard.clicks) == 2, "the click")
    running.tray.show(face())
    until(lambda: panel.told, "an update")
    assert [number for number, _ in panel.told[0][1][0]] == [4, 5, 6]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tooltip": "bursar: $2.00"}, [("NewToolTip", ())]),
        ({"icon": IconKey(5, "dot")}, [("NewIcon", ()), ("NewAttentionIcon", ())]),
        (
            {"icon": IconKey(4, "alert")},
            [("NewIcon", ()), ("NewAttentionIcon", ()), ("NewStatus", ("NeedsAttention",))],
        ),
    ],
)
def test_the_icon_tells_what_became_new(
    panel: Panel, start: Start, change: dict[str, Any], told: list[tuple[str, tuple[Any, ...]]]
):
    running = start()
    opened(panel)
    before = panel.property("IconPixmap")
    running.tray.show(replace(FACE, **change))
    until(lambda: len(panel.told) >= len(told), "the signals")
    found = panel.properties()
    assert panel.told == told
    assert (found["IconPixmap"] != before) == (change.get("icon", FACE.icon).step != FACE.icon.step)
    assert (found["Status"] == "NeedsAttention") == ("NewStatus" in dict(told))


def test_a_hundred_updates_are_followed_in_the_open_menu(panel: Panel, start: Start):
    running = start()
    opened(panel)
    for cents in range(100):
        running.tray.show(face(replace(MENU[0], label=f"Today: $1.{cents:02}")))
    until(lambda: any(updated[0][1]["label"][1] == "Today: $1.99" for updated, _ in panel.heard(UPDATED)), "the last")
    assert {name for name, _ in panel.told} == {UPDATED}
    assert panel.line("Today: $1.99").id == 1


UPDATED = "ItemsPropertiesUpdated"


def lines(numbers: st.SearchStrategy[list[int]]) -> st.SearchStrategy[tuple[Item, ...]]:
    """Menus of one level of submenus, of whatever lines."""
    return numbers.flatmap(lambda ids: st.tuples(*(made(number) for number in ids)))


def made(number: int) -> st.SearchStrategy[Item]:
    """A line with that id."""
    under = lines(st.lists(st.integers(number * 10, number * 10 + 4), unique=True, max_size=3))
    kinds = st.sampled_from(["action", "radio", "check", "info"])
    plain = st.builds(
        Item, st.just(number), st.sampled_from("ab"), kinds, st.booleans(), st.booleans(), st.booleans(), st.just("go")
    )
    if number >= 10:
        return plain
    submenu = st.builds(Item, st.just(number), st.sampled_from("ab"), st.just("submenu"), items=under)
    return st.one_of(plain, submenu, st.just(Item(number, "", "separator")))


menus = lines(st.lists(st.integers(1, 6), unique=True, max_size=5)).map(lay_out)


def follow(line: Line, said: Changes, new: MenuLayout) -> Line:
    """Change a menu as a panel does: properties first, then the lists of children that it was told to read again."""
    for number, properties in said.updated:
        found(line, number).properties.update({name: value[1] for name, value in properties.items()})
    for number, names in said.removed:
        for name in names:
            del found(line, number).properties[name]
    for number in said.parents:
        if any(here.id == number for here in line.all()):
            found(line, number).lines = as_read(new, number).lines
    return line


def found(line: Line, number: int) -> Line:
    """Find a line by its id; one that is about to go need not be there."""
    return next((here for here in line.all() if here.id == number), Line(number, {}))


def as_read(layout: MenuLayout, number: int = 0) -> Line:
    """Read a menu from the start."""
    number, properties, under = layout.tree(number, -1, ())
    return Line(
        number, {name: value[1] for name, value in properties.items()}, [as_read(layout, node[1][0]) for node in under]
    )


@settings(max_examples=60)
@given(menus, menus)
def test_what_a_panel_is_told_leads_it_to_the_new_menu(old: MenuLayout, new: MenuLayout):
    assert follow(as_read(old), changes(old, new), new) == as_read(new)


@settings(max_examples=30)
@given(menus)
def test_nothing_new_is_nothing_told(menu: MenuLayout):
    assert changes(menu, menu) == Changes([], [], [])


def test_two_lines_of_one_id_are_refused():
    with pytest.raises(ValueError, match="two lines with the id 3"):
        lay_out((Item(3, "a", "action"), Item(4, "b", "submenu", items=(Item(3, "c", "action"),))))
    with pytest.raises(ValueError, match="two lines with the id 0"):
        lay_out((Item(0, "a", "action"),))
