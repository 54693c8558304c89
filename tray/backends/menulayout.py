"""MenuLayout: a menu's items as com.canonical.dbusmenu describes them, and what changed between two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tray.backends.wire import Variant
from tray.menu import Item

ROOT = 0
Properties = Mapping[str, Variant]
Node = tuple[int, Properties, list[Variant]]


@dataclass(frozen=True)
class MenuLayout:
    """Every line by its id, with its properties and its children; the root is 0 and no line of the menu."""

    items: Mapping[int, Item]
    properties: Mapping[int, Properties]
    children: Mapping[int, tuple[int, ...]]

    def tree(self, parent: int, depth: int, names: Iterable[str]) -> Node:
        """Give a line and what is under it, `depth` levels down (-1: all), with the named properties (none: all)."""
        names = set(names)
        under = [] if depth == 0 else self.children[parent]
        nodes: list[Variant] = [("(ia{sv}av)", self.tree(child, depth - 1, names)) for child in under]
        return parent, chosen(self.properties[parent], names), nodes


@dataclass(frozen=True)
class Changes:
    """What a client must hear: properties by line, and the lines whose list of children is another one."""

    updated: list[tuple[int, Properties]]
    removed: list[tuple[int, list[str]]]
    parents: list[int]


def lay_out(items: tuple[Item, ...]) -> MenuLayout:
    """Describe a menu. Raises ValueError when two lines have one id, or one has the root's."""
    found: dict[int, Item] = {}
    children: dict[int, tuple[int, ...]] = {}
    _collect(ROOT, items, found, children)
    properties: dict[int, Properties] = {ROOT: {"children-display": ("s", "submenu")}}
    properties.update((item.id, describe(item)) for item in found.values())
    return MenuLayout(found, properties, children)


def describe(item: Item) -> Properties:
    """Give a line's properties. What can change is always said, even where it is the protocol's default."""
    known: dict[str, Variant] = {"visible": ("b", item.visible)}
    if item.kind == "separator":
        return known | {"type": ("s", "separator")}
    # An underscore would underline the letter after it; two are one.
    known |= {"label": ("s", plain(item.label).replace("_", "__")), "enabled": ("b", is_clickable(item))}
    if item.kind in ("radio", "check"):
        known |= {"toggle-type": ("s", "radio" if item.kind == "radio" else "checkmark")}
        known |= {"toggle-state": ("i", int(item.checked))}
    if item.kind == "submenu":
        known |= {"children-display": ("s", "submenu")}
    return known


def plain(text: str) -> str:
    """Leave out what D-Bus would close the connection for: zeros, and halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def is_clickable(item: Item) -> bool:
    """Tell whether a click on the line does something; if not, it is greyed."""
    return item.enabled and (item.kind == "submenu" or bool(item.action))


def changes(old: MenuLayout, new: MenuLayout, doubted: Iterable[int] = ()) -> Changes:
    """Compare two menus; lines that are only in one of them show as another list of children.

    The clients may hold a wrong `toggle-state` of the `doubted` lines, which is said again.
    """
    kept = old.properties.keys() & new.properties.keys()
    updated = {line: _differing(old.properties[line], new.properties[line]) for line in sorted(kept)}
    for line in doubted:
        if line in kept:
            updated[line] = {**updated[line], **chosen(new.properties[line], {"toggle-state"})}
    removed = {line: sorted(old.properties[line].keys() - new.properties[line].keys()) for line in sorted(kept)}
    return Changes(
        updated=[(line, found) for line, found in updated.items() if found],
        removed=[(line, found) for line, found in removed.items() if found],
        parents=[line for line in sorted(kept) if old.children.get(line, ()) != new.children.get(line, ())],
    )


def chosen(properties: Properties, names: Iterable[str]) -> dict[str, Variant]:
    """Give the properties asked for; none asked for means all."""
    names = set(names)
    return {name: value for name, value in properties.items() if not names or name in names}


def _differing(old: Properties, new: Properties) -> dict[str, Variant]:
    return {name: value for name, value in new.items() if old.get(name) != value}


def _collect(
    parent: int, items: tuple[Item, ...], found: dict[int, Item], children: dict[int, tuple[int, ...]]
) -> None:
    children[parent] = tuple(item.id for item in items)
    for item in items:
        if item.id == ROOT or item.id in found:
            raise ValueError(f"the menu has two lines with the id {item.id}")
        found[item.id] = item
        _collect(item.id, item.items, found, children)
