"""Small edits to the text of a JSON file, and their exact undoing: what is not meant stays, byte for byte."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tray.agents.jsontext import Node, NotJson, find, parse, space_before

Outcome = Literal["undone", "gone", "changed"]
"""What became of an edit that was to be undone: it is; it was taken out by hand; something else was written there."""

UNIT = "  "
_SPACES = " \t\r\n"
_SAME_LINE = re.compile(r"(?:[ \t]*/\*[^\r\n]*?\*/)*(?:[ \t]*//[^\r\n]*)?")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to stand at a path of names; or, with `is_listed`, what is to be the last element of the list there."""

    path: tuple[str, ...]
    value: Any
    is_listed: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """What was done to a text for a wish, with all that undoing it needs."""

    path: tuple[str, ...]
    value: Any
    is_listed: bool = False
    was: str | None = None
    """The text that stood there before; None if nothing did."""
    made: int = 0
    """How many of the objects and lists around it did not exist before; they are the innermost ones."""
    hollow: str | None = None
    """The white space before the closing bracket of an object or list that was empty; None if it was not."""

    def as_json(self) -> dict[str, Any]:
        """Give it as it is kept."""
        return {
            "path": list(self.path), "value": self.value, "is_listed": self.is_listed, "was": self.was,
            "made": self.made, "hollow": self.hollow,
        }  # fmt: skip

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Edit:
        """Read it as it was kept. Raises KeyError, or TypeError for what was never written so."""
        edit = cls(tuple(kept["path"]), *(kept[key] for key in ("value", "is_listed", "was", "made", "hollow")))
        texts = (*edit.path, *(text for text in (edit.was, edit.hollow) if text is not None))
        if not isinstance(kept["path"], list) or not edit.path or not all(isinstance(text, str) for text in texts):
            raise TypeError("an edit's path and texts are text")
        if not isinstance(edit.is_listed, bool) or type(edit.made) is not int or edit.made < 0:
            raise TypeError("an edit says how much it made")
        return edit


def apply(text: str, wish: Wish) -> tuple[str, Edit | None]:
    """Give the text with the wish in it, and the edit; None if it was so already.

    Raises NotJson, also where the path leads through something that is no object or list.
    """
    root = parse(text)
    if root is None:
        newline = _newline(text)
        gap = newline if text.strip(_SPACES) and not text.endswith(("\n", "\r")) else ""
        done, edit = _applied(f"{text}{gap}{{}}{newline}", wish)
        assert edit is not None
        return done, Edit(edit.path, edit.value, edit.is_listed, edit.was, edit.made + 1, gap)
    return _applied(text, wish)


def undo(text: str, edit: Edit) -> tuple[str, Outcome]:
    """Take an edit out again, if what it wrote still stands there; everything else stays. Raises NotJson."""
    place = find(parse(text), edit.path)
    if place is None:
        return text, "gone"
    if edit.is_listed:
        same = [number for number, part in enumerate(place.parts) if part.node.value == edit.value]
        if place.kind != "[" or not same:
            return text, "gone"
        return _taken_out(text, edit.path, same[-1], edit), "undone"
    if place.value != edit.value:
        return text, "changed"
    if edit.was is not None:
        return text[: place.start] + edit.was + text[place.end :], "undone"
    around = find(parse(text), edit.path[:-1])
    assert around is not None
    names = [part.name for part in around.parts]
    return _taken_out(text, edit.path[:-1], names.index(edit.path[-1]), edit), "undone"


def _applied(text: str, wish: Wish) -> tuple[str, Edit | None]:
    root = parse(text)
    deep = next(deep for deep in range(len(wish.path), -1, -1) if find(root, wish.path[:deep]))
    place = find(root, wish.path[:deep])
    assert place is not None
    if deep < len(wish.path) or wish.is_listed:
        return _added(text, place, deep, wish)
    if place.value == wish.value:
        return text, None
    was = text[place.start : place.end]
    return text[: place.start] + _dumped(wish.value) + text[place.end :], Edit(wish.path, wish.value, was=was)


def _added(text: str, place: Node, deep: int, wish: Wish) -> tuple[str, Edit | None]:
    """Add what is missing below the innermost object of the path that exists."""
    missing = wish.path[deep:]
    wanted = "{" if missing else "["
    if place.kind != wanted:
        name = f'"{wish.path[deep - 1]}"' if deep else "the whole"
        raise NotJson(text, place.start, f"{name} is no {'object' if missing else 'list'}")
    if not missing and any(part.node.value == wish.value for part in place.parts):
        return text, None
    value: Any = wish.value
    if missing and wish.is_listed:
        value = [value]
    for name in reversed(missing[1:]):
        value = {name: value}
    hollow = None if place.parts else text[_end_of_inside(text, place) : place.end - 1]
    made = max(0, len(missing) - 1 + wish.is_listed) if missing else 0
    done = _inserted(text, place, missing[0] if missing else None, value)
    return done, Edit(wish.path, wish.value, wish.is_listed, None, made, hollow)


def _inserted(text: str, place: Node, name: str | None, value: Any) -> str:
    """Write a new last part of an object or a list, laid out as what stands there is."""
    newline, unit = _newline(text), _unit(text)
    if not place.parts:
        base = _indentation(text, place.start)
        part = _part(name, value, ": ", newline, base + unit, unit)
        written = f"{newline}{base}{unit}{part}{newline}{base}"
        return text[: _end_of_inside(text, place)] + written + text[place.end - 1 :]
    last = place.parts[-1]
    lead = text[_begin_of_part(text, place, len(place.parts) - 1) : last.start]
    colon = _colon(text, place)
    at = last.node.end if last.comma is None else last.comma + 1
    same_line = _SAME_LINE.match(text, at)
    assert same_line
    if "//" in same_line[0] and "\n" not in lead:
        lead = newline + _indentation(text, last.start)
    if "\n" in lead:
        lead = newline + lead.rpartition("\n")[2]
        part = _part(name, value, colon, newline, lead.removeprefix(newline), unit)
    else:
        lead = lead if len(place.parts) > 1 else " "
        part = _part(name, value, colon, None, "", unit)
    tail = text[at : same_line.end()]
    if last.comma is None:
        return text[:at] + "," + tail + lead + part + text[same_line.end() :]
    return text[:at] + tail + lead + part + "," + text[same_line.end() :]


def _taken_out(text: str, around: tuple[str, ...], number: int, edit: Edit) -> str:
    """Take a part out, and what was made around it if nothing else is in there."""
    made = edit.made
    text = _cut(text, around, number)
    while True:
        place = find(parse(text), around)
        assert place is not None
        inner = text[place.start + 1 : place.end - 1]
        if place.parts or (made and inner.strip(_SPACES)):
            return text
        if made == 0:
            if edit.hollow is None:
                return text
            return text[: _end_of_inside(text, place)] + edit.hollow + text[place.end - 1 :]
        if not around:
            return _rootless(text, place, edit.hollow or "")
        outer = find(parse(text), around[:-1])
        assert outer is not None
        number = [part.name for part in outer.parts].index(around[-1])
        text, around, made = _cut(text, around[:-1], number), around[:-1], made - 1


def _rootless(text: str, root: Node, gap: str) -> str:
    """Take out the object that was put into a file without any."""
    before, after = text[: root.start], text[root.end :]
    newline = _newline(text)
    return before.removesuffix(gap) + (after.removeprefix(newline) if after.startswith(newline) else after)


def _cut(text: str, around: tuple[str, ...], number: int) -> str:
    """Take a part out of its object or list, with its comma and the space before it."""
    place = find(parse(text), around)
    assert place is not None
    part = place.parts[number]
    begin = _begin_of_part(text, place, number)
    if part.comma is not None:
        return text[:begin] + text[part.node.end : part.comma] + text[part.comma + 1 :]
    cut = text[:begin] + text[part.node.end :]
    if number == 0:
        return cut
    comma = place.parts[number - 1].comma
    assert comma is not None
    return cut[:comma] + cut[comma + 1 :]


def _begin_of_part(text: str, place: Node, number: int) -> int:
    """Find where the white space before a part begins."""
    before = place.parts[number - 1].comma if number else place.start
    assert before is not None
    return space_before(text, before + 1, place.parts[number].start)


def _end_of_inside(text: str, place: Node) -> int:
    """Find where the white space before the closing bracket of an empty object or list begins."""
    return space_before(text, place.start + 1, place.end - 1)


def _part(name: str | None, value: Any, colon: str, newline: str | None, base: str, unit: str) -> str:
    """Write a part; without a newline on one line."""
    if newline is None:
        dumped = _dumped(value)
    else:
        dumped = json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", newline + base)
    return dumped if name is None else f"{_dumped(name)}{colon}{dumped}"


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _colon(text: str, place: Node) -> str:
    """Write the colon as the last member's is."""
    if place.kind != "{":
        return ": "
    last = place.parts[-1]
    between = text[last.start : last.node.start]
    return ":" if between.endswith(":") else ": "


def _unit(text: str) -> str:
    """Give the indentation of one level: that of the first indented line."""
    found = re.search(r"[{\[][ \t]*\r?\n([ \t]+)[^\s/]", text)
    return found[1] if found and len(found[1]) <= 8 else UNIT


def _indentation(text: str, at: int) -> str:
    """Give what the line of this position begins with."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _newline(text: str) -> str:
    """Give the line ending of the file: that of its first line."""
    return "\r\n" if text[: text.find("\n") + 1].endswith("\r\n") else "\n"
