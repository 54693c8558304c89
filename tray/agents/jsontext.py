"""The text of a JSON file, with positions: comments (JSONC), trailing commas and all that is between stay in sight."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from tray.keys import printable

DEEPEST = 200

_TOKEN = re.compile(r"([ \t\r\n]+)|//[^\r\n]*|/\*(?s:.*?)\*/")
_TRIVIA = re.compile(r"(?:[ \t\r\n]+|//[^\r\n]*|/\*(?s:.*?)\*/)*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_PLAIN = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
_CLOSE = {"{": "}", "[": "]"}


class NotJson(ValueError):
    """The text is no JSON that can be edited; the message says where, by line and column, and why."""

    def __init__(self, text: str, at: int, why: str) -> None:
        before = text[:at].replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self.line, self.column, self.why = len(before), len(before[-1]) + 1, why
        super().__init__(f"line {self.line}, column {self.column}: {why}")


@dataclass(frozen=True, slots=True)
class Node:
    """A value in the text: where it begins and ends, and its parts if it is an object or an array."""

    start: int
    end: int
    kind: str
    """"{" for an object, "[" for an array, "" for anything else."""
    plain: Any
    """The value itself, of anything else."""
    parts: tuple[Part, ...] = ()

    @property
    def value(self) -> Any:
        """Give the value as Python has it."""
        if self.kind == "{":
            return {part.name: part.node.value for part in self.parts}
        return [part.node.value for part in self.parts] if self.kind == "[" else self.plain

    def part(self, name: str) -> Part | None:
        """Find the member of that name."""
        return next((part for part in self.parts if part.name == name), None) if self.kind == "{" else None


@dataclass(frozen=True, slots=True)
class Part:
    """A member of an object, or an element of an array: where it begins, and where the comma after it stands."""

    start: int
    name: str
    """Empty for an element."""
    node: Node
    comma: int | None


def parse(text: str) -> Node | None:
    """Read the text; None if there is nothing but white space and comments in it. Raises NotJson."""
    at = _skip(text, 0)
    if at == len(text):
        return None
    node = _Reader(text).value(at, 0)
    at = _skip(text, node.end)
    if at != len(text):
        raise NotJson(text, at, "something stands after the end")
    return node


def find(root: Node | None, path: tuple[str, ...]) -> Node | None:
    """Find what stands at a path of names; None if nothing does."""
    for name in path:
        part = root.part(name) if root else None
        root = part.node if part else None
    return root


def space_before(text: str, since: int, until: int) -> int:
    """Find where the white space before a place begins, if there is nothing but space and comments since another."""
    begin = until
    for token in _TOKEN.finditer(text, since, until):
        begin = token.start() if token[1] else until
    return begin


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text

    def value(self, at: int, depth: int) -> Node:
        text = self._text
        if depth > DEEPEST:
            raise NotJson(text, at, f"it is more than {DEEPEST} levels deep")
        if text[at : at + 1] in _CLOSE and at < len(text):
            return self._container(at, depth)
        if text[at : at + 1] == '"':
            word, end = self._string(at)
            return Node(at, end, "", word)
        found = _PLAIN.match(text, at)
        if found is None:
            raise NotJson(text, at, "a value is missing here" if at < len(text) else "it ends too early")
        try:
            return Node(at, found.end(), "", json.loads(found[0]))
        except ValueError:  # Python reads no whole number of thousands of digits.
            raise NotJson(text, at, "this number is too long") from None

    def _container(self, begin: int, depth: int) -> Node:
        text, kind = self._text, self._text[begin]
        parts: list[Part] = []
        names: set[str] = set()
        at = _skip(text, begin + 1)
        while text[at : at + 1] != _CLOSE[kind]:
            part = self._part(at, kind, depth)
            if kind == "{" and part.name in names:
                raise NotJson(text, at, f'"{printable(part.name)}" stands twice in one place')
            names.add(part.name)
            parts.append(part)
            at = _skip(text, part.node.end if part.comma is None else part.comma + 1)
            if part.comma is None and text[at : at + 1] != _CLOSE[kind]:
                wanted = "a comma" if at < len(text) else f'"{_CLOSE[kind]}"'
                raise NotJson(text, at, f"{wanted} is missing here")
        return Node(begin, at + 1, kind, None, tuple(parts))

    def _part(self, start: int, kind: str, depth: int) -> Part:
        text, at, name = self._text, start, ""
        if kind == "{":
            name, at = self._string(at)
            at = _skip(text, at)
            if text[at : at + 1] != ":":
                raise NotJson(text, at, '":" is missing here')
            at = _skip(text, at + 1)
        node = self.value(at, depth + 1)
        after = _skip(text, node.end)
        return Part(start, name, node, after if text[after : after + 1] == "," else None)

    def _string(self, at: int) -> tuple[str, int]:
        found = _STRING.match(self._text, at)
        if found is None:
            wanted = "a name in double quotes is missing here, or its last quote"
            raise NotJson(self._text, at, wanted if at < len(self._text) else "it ends too early")
        try:
            return json.loads(found[0]), found.end()
        except ValueError:
            raise NotJson(self._text, at, "this string has a wrong escape in it") from None


def _skip(text: str, at: int) -> int:
    found = _TRIVIA.match(text, at)
    assert found
    return found.end()
