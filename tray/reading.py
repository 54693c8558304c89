"""Reading: TOML tables read key by key by their readers, collecting all that is wrong, each with its line."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tray.keys import Reader, printable

Tables = Mapping[str, Mapping[str, Reader]]
"""The readers of each table's keys, by the table's name; the top of the file is ""."""

LONGEST = 300
"""How many characters of a sentence about a mistake are shown."""
_HUGE = re.compile(r"[0-9][0-9_]{999,}|[0-9][eE][+-]?[0-9_]{9,}")

_KEYLESS = "bursar keeps no key: your agent's own key or login passes through"
_ELSEWHERE = {
    ("", "mode"): "the mode is switched with: bursar mode auto",
    ("cloud", "key"): _KEYLESS,
    ("cloud", "api_key"): _KEYLESS,
}
"""What people look for in the settings, and where it is instead."""


class Reading:
    """One reading of one text: collects what is wrong, with its lines."""

    def __init__(self, text: str, tables: Tables) -> None:
        self._lines, self._tables = text.splitlines(), tables
        self.problems: list[str] = []

    def table(self, table: str, raw: Mapping[str, Any], number: int = 0) -> dict[str, Any]:
        """Read one table by its readers; `number` counts those of the same name."""
        known = self._tables[table]
        values: dict[str, Any] = {}
        for key, value in raw.items():
            reader = known.get(key)
            if reader is None:
                self.wrong(table, key, _unknown(self._tables, table, key), number)
            else:
                self._read(table, key, value, reader, values, number)
        return values

    def one(self, raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        """Give the table that is written `[name]`; an empty one if there is none."""
        found = raw.get(name, {})
        if isinstance(found, dict):
            return found
        self.wrong("", name, f"`{name}` must be written as a table: [{name}]")
        return {}

    def several(self, raw: Any, table: str, what: str, parent: str = "", number: int = 0) -> list[dict[str, Any]]:
        """Give the tables that are written `[[table]]`, once for each `what`."""
        if isinstance(raw, list) and all(isinstance(item, dict) for item in raw):
            return raw
        key = table.rpartition(".")[2]
        self.wrong(parent, key, f"`{key}` must be written as [[{table}]], once for each {what}", number)
        return []

    def wrong(self, table: str, key: str | None, said: str, number: int = 0) -> None:
        """Note a problem, with its line where that can be told."""
        line, said = _line(self._lines, table, key, number), printable(said, LONGEST)
        self.problems.append(f"line {line}: {said}" if line else said)

    def _read(self, table: str, key: str, value: Any, reader: Reader, into: dict[str, Any], number: int) -> None:
        try:
            into[key] = reader(value)
        except ValueError as error:
            self.wrong(table, key, f"`{key}` {error}", number)


class NotToml(ValueError):
    """A text is no TOML; its sentence says where."""


def parsed(text: str) -> dict[str, Any]:
    """Parse TOML, its numbers with a point as decimals; raises NotToml."""
    try:
        return tomllib.loads(text.removeprefix("\ufeff"), parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise NotToml(printable(_syntax(error, text), LONGEST)) from None


def _unknown(tables: Tables, table: str, key: str) -> str:
    """Name an unknown key, and the nearest known one, here or in another table."""
    where = f" in [{table}]" if table else ""
    if (table, key) in _ELSEWHERE:
        return f'there is no key "{key}"{where}; {_ELSEWHERE[table, key]}'
    near = difflib.get_close_matches(key, [*tables[table], *([] if table else [t for t in tables if t])], n=1)
    if near:
        return f'there is no key "{key}"{where}; did you mean "{near[0]}"?'
    # What one model's table does not know, its server's may.
    others = sorted((other for other in tables if key in tables[other]), key=lambda other: other != _parent(table))
    if others:
        place = f"in [{others[0]}]" if others[0] else "at the top of the file, before the first [table]"
        return f'there is no key "{key}"{where}; it belongs {place}'
    return f'there is no key "{key}"{where}; the nearest known one is "{_nearest(tables, table, key)}"'


def _parent(table: str) -> str:
    return table.rpartition(".")[0]


def _nearest(tables: Tables, table: str, key: str) -> str:
    return max(tables[table], key=lambda known: difflib.SequenceMatcher(None, key, known).ratio())


def _syntax(error: Exception, text: str) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deep to be read"
    if not isinstance(error, tomllib.TOMLDecodeError):  # Python's own word about a number.
        found = _HUGE.search(text)
        line = f"line {text[: found.start()].count(chr(10)) + 1}: " if found else ""
        return f"{line}a number is too long; write it with fewer digits"
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", str(error), re.DOTALL)
    if found is None:
        return str(error)
    twice = re.fullmatch(r"Cannot declare \((.*?),?\) twice", found[1])
    if twice:
        name = ".".join(re.findall(r"'([^']*)'", twice[1]))
        return f"line {found[2]}: [{name}] stands further up already; put these keys there"
    if found[1] == "Cannot overwrite a value":
        return f"line {found[2]}: this key stands further up already"
    if found[1] == "Illegal character '\\n'":
        return f"line {found[2]}: a text in quotes must end on the line where it begins"
    what = f"{found[1][0].lower()}{found[1][1:]}"
    what = "a value is a text in quotes, a number, true or false" if what == "invalid value" else what
    return f"line {found[2]}: {what} (column {found[3]})" if found[2] else f"at its end: {what}"


def _line(lines: list[str], table: str, key: str | None, number: int) -> int | None:
    """Find the line of a key, or of its table's header for None; None when it is written in an unusual way."""
    at, seen = "", -1
    for count, line in enumerate(lines, start=1):
        header = re.match(r"\s*\[\[?\s*\"?([\w-]+(?:\.[\w-]+)*)\"?", line)
        if header:
            at, seen = header[1], seen + 1 if header[1] == table else seen
        here = at == table and (not table or seen == number)
        if here and (bool(header) if key is None else _names(line, key)):
            return count
        if key is not None and not table and header and header[1] == key:
            return count
    return None


def _names(line: str, key: str) -> bool:
    return re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line) is not None
