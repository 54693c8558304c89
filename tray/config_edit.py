"""Editing the config file's text: a key is set or taken out, and every other byte stays."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tray.reading import parsed

Value = str | int | bool | Decimal | list[int] | list[str] | None
"""What a key is set to; None takes it out."""

BOM = "\ufeff"


class NotEditable(ValueError):
    """A text is written in a way that no key of it can be changed safely; the sentence says which key that was."""


def edited(text: str, changes: Mapping[str, Value]) -> str:
    """Give the text with keys changed, such as `budget` or `machine.price`.

    A new key goes below the comment that shows its default, else to the head of its table. Raises NotToml, NotEditable.
    """
    mark = BOM if text.startswith(BOM) else ""
    text = text.removeprefix(BOM)
    for name, value in changes.items():
        table, _, key = name.rpartition(".")
        before = parsed(text)
        if value is not None and _stands(before, table, key, value):
            continue  # Written anew, a list over several lines would lose the comments in it.
        text = _one(text, table, key, value)
        _check_rest(before, parsed(text), table, key)
    return mark + text


def _stands(document: dict[str, Any], table: str, key: str, value: Value) -> bool:
    """Tell whether a key has this very value already, and not just one that counts as much."""
    keys = document.get(table, {}) if table else document
    there = keys.get(key) if isinstance(keys, dict) else None
    return type(there) is type(value) and there == value


def _check_rest(before: dict[str, Any], after: dict[str, Any], table: str, key: str) -> None:
    """Raise NotEditable if anything but one key has changed; a file in unusual TOML is easily misread."""
    if _without(before, table, key) != _without(after, table, key):
        raise NotEditable(f"`{key}` cannot be changed without changing more; change it in the file by hand")


def _without(document: dict[str, Any], table: str, key: str) -> dict[str, Any]:
    if not table:
        return {name: value for name, value in document.items() if name != key}
    inside = {name: value for name, value in document.get(table, {}).items() if name != key}
    return {name: value for name, value in {**document, table: inside}.items() if value != {}}


def _one(text: str, table: str, key: str, value: Value) -> str:
    import tomlkit  # Costs 70 ms, and most commands never change a file.
    from tomlkit.exceptions import TOMLKitError

    try:
        return _written(tomlkit.parse(text), text, table, key, value)
    except (TOMLKitError, AttributeError, TypeError, ValueError, ArithmeticError) as error:  # No table has no keys.
        raise NotEditable(f"`{key}` stands in the file in an unusual way; change it there by hand") from error


def _written(document: Any, text: str, table: str, key: str, value: Value) -> str:
    import tomlkit

    keys: Any = document.get(table) if table else document
    if value is None:
        if keys is not None:
            keys.pop(key, None)
        return tomlkit.dumps(document)
    if keys is None or key not in keys:
        added = _added(text, table, key, f"{key} = {_literal(value)}")
        if added is not None:
            return added
    keys[key] = tomlkit.parse(f"x = {_literal(value)}")["x"]
    return tomlkit.dumps(document)


def _literal(value: Value) -> str:
    import tomlkit

    # A decimal is written digit by digit: a float would be another number.
    return str(value) if isinstance(value, Decimal) else tomlkit.item(value).as_string()


def _added(text: str, table: str, key: str, assignment: str) -> str | None:
    """Write a new key where a person would look for it; None where its table is not written as `[table]`."""
    newline = "\r\n" if "\r\n" in text else "\n"
    begin, end = _part(text, table)
    wanted = _merged(tomllib.loads(text), table, tomllib.loads(assignment))
    for comment in re.finditer(rf"^# ?{re.escape(key)} *=.*\n", text[begin:end], re.MULTILINE):
        at = begin + comment.end()
        below = text[:at] + assignment + newline + text[at:]
        if _reads_as(below, wanted):  # It may show the key of another table.
            return below
    gap = "" if not text or text.endswith("\n") else newline
    at_head = text[:begin] + assignment + newline + text[begin:]
    at_end = f"{text}{gap}{newline}[{table}]{newline}{assignment}{newline}"
    return next((new for new in (at_head, at_end) if _reads_as(new, wanted)), None)


def _part(text: str, table: str) -> tuple[int, int]:
    """Find where a table's keys stand; for the top of the file all of it, whose comments may stand anywhere."""
    if not table:
        return 0, len(text)
    header = re.search(rf"^[ \t]*\[[ \t]*{re.escape(table)}[ \t]*\][ \t]*(#.*)?\r?\n", text, re.MULTILINE)
    if header is None:
        return len(text), len(text)
    following = re.compile(r"^[ \t]*\[", re.MULTILINE).search(text, header.end())
    return header.end(), following.start() if following else len(text)


def _merged(document: dict[str, Any], table: str, new: dict[str, Any]) -> dict[str, Any]:
    if not table:
        return {**document, **new}
    return {**document, table: {**document.get(table, {}), **new}}


def _reads_as(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False
