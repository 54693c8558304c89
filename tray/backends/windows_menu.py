"""The menu as pystray takes it: made anew for each change, of the lines that are visible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pystray import Menu, MenuItem  # type: ignore[import-untyped]

from tray.menu import DEFAULT_ACTION, Item


def menu_of(items: Sequence[Item], clicked: Callable[[str], None]) -> Any:
    """Describe the lines; `clicked` is handed a line's action."""
    return Menu(*(_line(item, clicked) for item in items if item.visible))


def _line(item: Item, clicked: Callable[[str], None]) -> Any:
    if item.kind == "separator":
        return Menu.SEPARATOR
    if item.kind == "submenu":
        return MenuItem(item.label, menu_of(item.items, clicked), enabled=item.enabled)

    def act(icon: object, line: object) -> None:
        clicked(item.action)

    return MenuItem(
        item.label,
        act,
        checked=(lambda line: item.checked) if item.kind in ("radio", "check") else None,
        radio=item.kind == "radio",
        default=item.action == DEFAULT_ACTION,
        enabled=item.enabled and bool(item.action),
    )
