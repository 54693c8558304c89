"""MacMenu: the menu in AppKit's hands: made once, and changed line by line, so that an open one shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from pystray import _darwin  # type: ignore[import-untyped]

from tray.menu import Item


class MacMenu:
    """An NSMenu; `handlers` by the lines' tags, which are our items' ids. On the main thread only."""

    def __init__(self, title: str, target: Any, selector: bytes, clicked: Callable[[str], None]) -> None:
        self._title, self._target, self._selector, self._clicked = title, target, selector, clicked
        self._lines: dict[int, Any] = {}
        self._shown: dict[int, Item] = {}
        self.handlers: dict[int, Callable[[Any], None]] = {}
        self.menu = self._empty()

    def show(self, items: Sequence[Item]) -> bool:
        """Show these lines; tells whether they are others than before, and not only changed."""
        known = dict(_all(items))
        is_new = list(known) != list(self._shown)
        if is_new:
            self._lines.clear()
            self._shown.clear()
            self.menu.removeAllItems()
            self._fill(self.menu, items)
        for number, item in known.items():
            if item != self._shown.get(number):
                self._dress(self._lines[number], item)
        self._shown = known
        self.handlers = {number: partial(self._click, item.action) for number, item in known.items()}
        return is_new

    def _click(self, action: str, icon: object) -> None:
        if action:
            self._clicked(action)

    def _fill(self, menu: Any, items: Sequence[Item]) -> None:
        for item in items:
            line = self._made(item)
            self._lines[item.id] = line
            menu.addItem_(line)
            if item.kind == "submenu":
                under = self._empty()
                self._fill(under, item.items)
                line.setSubmenu_(under)

    def _made(self, item: Item) -> Any:
        if item.kind == "separator":
            return _darwin.AppKit.NSMenuItem.separatorItem()
        line = _darwin.AppKit.NSMenuItem.alloc().initWithTitle_action_keyEquivalent_(item.label, self._selector, "")
        line.setTarget_(self._target)
        line.setTag_(item.id)
        return line

    @staticmethod
    def _dress(line: Any, item: Item) -> None:
        line.setHidden_(not item.visible)
        if item.kind == "separator":
            return
        line.setTitle_(item.label)
        line.setState_(int(item.checked))
        line.setEnabled_(item.enabled and (item.kind == "submenu" or bool(item.action)))

    def _empty(self) -> Any:
        menu = _darwin.AppKit.NSMenu.alloc().initWithTitle_(self._title)
        menu.setAutoenablesItems_(False)
        return menu


def _all(items: Sequence[Item]) -> Iterator[tuple[int, Item]]:
    for item in items:
        yield item.id, item
        yield from _all(item.items)
