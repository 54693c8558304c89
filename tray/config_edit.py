"""Editing the config file's text: a key is set or taken out, and every other byte stays."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

Value = str | int | bool | Decimal | list[int] | list[str] | None
"""What a key is set to; None takes it out."""

BOM = "\ufeff"


def edited(text: str, changes: Mapping[str, Value]) -> str:
    """Give the text with keys changed, such as `budget` or `machine.price`.

    A new key goes below the comment that shows its default, else to the head of its table.
    """
    mark = BOM if text.startswith(BOM) else ""
    text = text.removeprefix(BOM)
    for name, value in changes.items():
        table, _, key = name.rpartition(".")
        text = _one(text, table, key, value)
    return mark + text


def _one(text: str, table: str, key: str, value: Value) -> str:
    import tomlkit  # Costs 70 ms, and most commands never change a file.

    document = tomlkit.parse(text)
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
