"""DbusMenu: the menu, as com.canonical.dbusmenu: a panel reads it, draws it, and says what was clicked.

Source: the interface's description in libdbusmenu, dbus-menu.xml.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tray.backends.exported import Answer, Method, Property, Signal
from tray.backends.menulayout import ROOT, Changes, changes, chosen, is_clickable, lay_out
from tray.backends.wire import Failure, Place, Reply, Variant
from tray.menu import Item

Event = tuple[int, str, Variant, int]


class DbusMenu:
    """The menu that panels see. Lines keep their ids, so that an open menu changes in place."""

    place = Place("/MenuBar", "com.canonical.dbusmenu")

    def __init__(self, items: tuple[Item, ...], clicked: Callable[[Item], None], opening: Callable[[], None]) -> None:
        self._layout = lay_out(items)
        self._revision = 1
        self._doubted: set[int] = set()
        self._clicked = clicked
        self._opening = opening
        self.methods: Mapping[str, Method] = {
            "GetLayout": Method("iias", self._get_layout),
            "GetGroupProperties": Method("aias", self._get_group_properties),
            "GetProperty": Method("is", self._get_property),
            "Event": Method("isvu", self._event),
            "EventGroup": Method("a(isvu)", self._event_group),
            "AboutToShow": Method("i", self._about_to_show),
            "AboutToShowGroup": Method("ai", self._about_to_show_group),
        }
        self.properties: Mapping[str, Property] = {
            "Version": lambda: ("u", 3),
            "TextDirection": lambda: ("s", "ltr"),
            "Status": lambda: ("s", "normal"),
            "IconThemePath": lambda: ("as", []),
        }

    def show(self, items: tuple[Item, ...]) -> list[Signal]:
        """Take new lines; gives what to tell the panels: only what changed."""
        new = lay_out(items)
        found = changes(self._layout, new, self._doubted)
        self._layout = new
        self._doubted.clear()
        return self._told(found)

    def _told(self, found: Changes) -> list[Signal]:
        signals = []
        if found.updated or found.removed:
            signals.append(Signal("ItemsPropertiesUpdated", "a(ia{sv})a(ias)", (found.updated, found.removed)))
        if found.parents:
            self._revision += 1
            parent = found.parents[0] if len(found.parents) == 1 else ROOT
            signals.append(Signal("LayoutUpdated", "ui", (self._revision, parent)))
        return signals

    def _get_layout(self, parent: int, depth: int, names: list[str]) -> Answer:
        if parent not in self._layout.properties:
            return _no_line(parent)
        return Reply("u(ia{sv}av)", (self._revision, self._layout.tree(parent, depth, names)))

    def _get_group_properties(self, lines: list[int], names: list[str]) -> Answer:
        known = self._layout.properties
        wanted: Iterable[int] = [line for line in lines if line in known] if lines else known
        return Reply("a(ia{sv})", ([(line, chosen(known[line], names)) for line in wanted],))

    def _get_property(self, line: int, name: str) -> Answer:
        value = self._layout.properties.get(line, {}).get(name)
        return Reply("v", (value,)) if value else Failure("InvalidArgs", f"line {line} has no property {name}")

    def _event(self, line: int, event: str, data: Variant, timestamp: int) -> Answer:
        if line not in self._layout.properties:
            return _no_line(line)
        item = self._layout.items.get(line)
        if event == "clicked" and item and item.visible and item.action and is_clickable(item):
            self._doubt(item)
            self._clicked(item)
        return Reply()

    def _event_group(self, events: list[Event]) -> Answer:
        failed = [event[0] for event in events if isinstance(self._event(*event), Failure)]
        if events and len(failed) == len(events):
            return _no_line(*failed)
        return Reply("ai", (failed,))

    def _about_to_show(self, line: int) -> Answer:
        if line not in self._layout.properties:
            return _no_line(line)
        self._opening()
        return Reply("b", (False,))  # What the opening brings comes by signal, into the open menu.

    def _about_to_show_group(self, lines: list[int]) -> Answer:
        failed = [line for line in lines if isinstance(self._about_to_show(line), Failure)]
        if lines and len(failed) == len(lines):
            return _no_line(*failed)
        return Reply("aiai", ([], failed))

    def _doubt(self, item: Item) -> None:
        """Remember which marks a panel may have moved by itself when the line was clicked."""
        if item.kind in ("radio", "check"):
            siblings = next(lines for lines in self._layout.children.values() if item.id in lines)
            self._doubted.update(line for line in siblings if self._layout.items[line].kind == item.kind)


def _no_line(*lines: int) -> Failure:
    return Failure("InvalidArgs", f"the menu has no line {', '.join(map(str, lines))}")
