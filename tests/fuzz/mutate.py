"""Changes values and texts of JSON as no one would write them: by structure, and by the letter."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

Path = tuple[str | int, ...]

STRINGS: tuple[str, ...] = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ufeff",
    "\u2028\u2029",
    "é" * 20,
    "ſystem K",
    "🙂" * 5,
    "\u202eabc",
    "x" * 5000,
    "../../etc/passwd",
    "=1+1",
    "<script>alert(1)</script>",
    "{{7*7}} %s %n {0} ${x}",
    "' OR 1=1 --",
    "data: x\n\nevent: message_stop\ndata: {}\n\n",
    "null",
    "NaN",
    "1e999",
    "<system-reminder>",
    "<system-reminder></system-reminder>" * 3,
    "<tool_call>{",
    "@cloud",
    "@local do it",
    "password = hunter2",
    "-----BEGIN PRIVATE KEY-----",
    "```" * 400,
    "(" * 3000,
    "\r\n\r\nGET / HTTP/1.1",
)
NUMBERS: tuple[int | float, ...] = (
    0, -1, 1, 2, 10_000_000, 10_000_001, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1,
    10**30, 0.5, -0.0, 1e308, 5e-324, 1.0, 1e15,
)  # fmt: skip
KEYS = (
    "type", "text", "role", "content", "model", "max_tokens", "Max_Tokens", "MODEL", "ſtream", "cache_control", "id",
    "name", "input", "source", "data", "tool_use_id", "is_error", "stream", "ttl", "max_uses", "", "\x00", "__class__",
    "$ref", "unknown", "usage", "n", "function", "arguments", "budget_tokens", "properties", "items", "enum", "anyOf",
)  # fmt: skip
CONSTANTS: tuple[Any, ...] = (None, True, False, [], {}, [[]], [{}], [None], {"": None})
EXTREME_DEPTHS = (20, 100, 126, 127, 128, 129, 500)


def mutated(value: Any, dice: random.Random, changes: int) -> Any:
    """Change a copy of a JSON value in so many places; the outermost object stays one."""
    value = json.loads(json.dumps(value))
    for _ in range(changes):
        paths = paths_of(value)
        if paths:
            dice.choice(_CHANGES)(value, dice.choice(paths), dice)
    return value


def paths_of(value: Any, most: int = 400) -> list[Path]:
    """Give the way to each node below a value, outer ones first."""
    found: list[Path] = []
    level: list[tuple[Path, Any]] = [((), value)]
    while level and len(found) < most:
        level = [((*path, key), child) for path, node in level for key, child in _children(node)]
        found += [path for path, _ in level]
    return found[:most]


def odd(dice: random.Random) -> Any:
    """Give any value, mostly a strange one."""
    match dice.randrange(6):
        case 0:
            return dice.choice(NUMBERS)
        case 1:
            return json.loads(json.dumps(dice.choice(CONSTANTS)))
        case 2:
            return nested(dice.choice(EXTREME_DEPTHS[:3]), dice)
        case 3:
            return {dice.choice(KEYS): dice.choice(STRINGS), dice.choice(KEYS): dice.choice(NUMBERS)}
        case _:
            return dice.choice(STRINGS)


def nested(depth: int, dice: random.Random) -> Any:
    """Nest lists, or objects, so deep."""
    value: Any = dice.choice(STRINGS[:3])
    key = dice.choice(KEYS)
    for _ in range(depth):
        value = [value] if key == "" else {key: value}
    return value


def spelled(value: Any, dice: random.Random) -> bytes:
    """Write a value as JSON in one of the ways that are allowed: blanks, escapes, in any order of keys."""
    style: dict[str, Any] = {"ensure_ascii": dice.random() < 0.5}
    match dice.randrange(4):
        case 0:
            style["indent"] = dice.randrange(3)
        case 1:
            style["separators"] = (" , ", "\t:\r\n")
        case _:
            style["separators"] = (",", ":")
    return json.dumps(value, **style).encode("utf-8", "surrogatepass")


def misspelled(text: bytes, dice: random.Random) -> bytes:
    """Change the text of a JSON value by the letter; most of what comes out is none."""
    return dice.choice(_SPELLINGS)(text, dice)


def _children(node: Any) -> list[tuple[str | int, Any]]:
    if isinstance(node, dict):
        return list(node.items())
    return list(enumerate(node)) if isinstance(node, list) else []


def _parent(value: Any, path: Path) -> Any:
    for key in path[:-1]:
        value = value[key]
    return value


def _replace(value: Any, path: Path, dice: random.Random) -> None:
    _parent(value, path)[path[-1]] = odd(dice)


def _swap_type(value: Any, path: Path, dice: random.Random) -> None:
    """Put a value of another type that means nearly the same."""
    parent, key = _parent(value, path), path[-1]
    node = parent[key]
    swapped: list[Any] = [[node], {"value": node}, str(node), None, [node, node]]
    if isinstance(node, str):
        swapped += [{"type": "text", "text": node}, [{"type": "text", "text": node}], node.encode().hex()]
    if isinstance(node, bool | int | float):
        swapped += [str(node), float(node) if abs(node) < 1e300 else 0, not node, -node]
    parent[key] = dice.choice(swapped)


def _delete(value: Any, path: Path, dice: random.Random) -> None:
    del _parent(value, path)[path[-1]]


def _rename(value: Any, path: Path, dice: random.Random) -> None:
    parent, key = _parent(value, path), path[-1]
    if isinstance(parent, dict) and isinstance(key, str):
        others = [key.upper(), key.title(), key + " ", key.replace("s", "ſ"), dice.choice(KEYS)]
        parent[dice.choice(others)] = parent.pop(key)


def _add(value: Any, path: Path, dice: random.Random) -> None:
    parent = _parent(value, path)
    if isinstance(parent, dict):
        parent[dice.choice(KEYS)] = odd(dice)
    else:
        parent.insert(dice.randrange(len(parent) + 1), odd(dice))


def _copy(value: Any, path: Path, dice: random.Random) -> None:
    """Put a part of the value at another place of it."""
    part = json.loads(json.dumps(_parent(value, path)[path[-1]]))
    at = dice.choice(paths_of(value))
    _parent(value, at)[at[-1]] = part


def _repeat(value: Any, path: Path, dice: random.Random) -> None:
    parent, key = _parent(value, path), path[-1]
    node = parent[key]
    if isinstance(parent, list):
        parent.extend(json.loads(json.dumps([node] * dice.choice((1, 2, 50)))))
    elif isinstance(node, str):
        parent[key] = node * dice.choice((2, 100))


def _shuffle(value: Any, path: Path, dice: random.Random) -> None:
    node = _parent(value, path)[path[-1]]
    if isinstance(node, list):
        dice.shuffle(node)


_CHANGES: tuple[Callable[[Any, Path, random.Random], None], ...] = (
    _replace, _replace, _replace, _swap_type, _swap_type, _delete, _delete, _rename, _add, _add, _copy, _repeat,
    _shuffle,
)  # fmt: skip


def _cut(text: bytes, dice: random.Random) -> bytes:
    return text[: dice.randrange(len(text) + 1)]


def _flip(text: bytes, dice: random.Random) -> bytes:
    changed = bytearray(text or b" ")
    for _ in range(dice.choice((1, 1, 3))):
        changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def _insert(text: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(text) + 1)
    return text[:at] + dice.choice(_PIECES) + text[at:]


def _around(text: bytes, dice: random.Random) -> bytes:
    before, after = dice.choice(_FRAMES)
    return before + text + after


def _twice(text: bytes, dice: random.Random) -> bytes:
    """Add a key a second time, at the start or at the end of some object."""
    key = dice.choice(("model", "max_tokens", "messages", "stream", "type", "text", "role", "content", "a"))
    pair = b'"%b":%b' % (dice.choice((key, f"\\u{ord(key[0]):04x}{key[1:]}")).encode(), dice.choice(_VALUES))
    if dice.random() < 0.3:
        pair = pair + b"," + pair
    places = [at for at, letter in enumerate(text) if letter == ord("{")]
    if not places:
        return text
    at = dice.choice(places) + 1
    return text[:at] + pair + (b"" if text[at : at + 1] == b"}" else b",") + text[at:]


def _number(text: bytes, dice: random.Random) -> bytes:
    """Put a strange number where one stands."""
    places = [at for at in range(1, len(text)) if text[at : at + 1].isdigit() and text[at - 1 : at] in (b":", b" ")]
    if not places:
        return text
    at = dice.choice(places)
    end = at
    while text[end : end + 1].isdigit():
        end += 1
    return text[:at] + dice.choice(_NUMBERS) + text[end:]


def _deep(text: bytes, dice: random.Random) -> bytes:
    depth = dice.choice((*EXTREME_DEPTHS, 10_000, 100_000))
    opens, closes = dice.choice(((b"[", b"]"), (b'{"a":', b"}")))
    inner = opens * depth + b"1" + closes * dice.choice((depth, depth, depth - 1))
    return text[:-1] + b',"deep":' + inner + b"}" if dice.random() < 0.8 else inner


def _encoding(text: bytes, dice: random.Random) -> bytes:
    return text.decode("utf-8", "replace").encode(dice.choice(("utf-16", "utf-16-le", "utf-32", "utf-7")), "replace")


_PIECES = (
    b"\x00", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\\ud800", b"\\udc00\\ud800", b"\\u0000", b"\\x41", b",",
    b"\xef\xbb\xbf", b",,", b":", b'"', b"'", b"\\", b"//c\n", b"/**/", b"NaN", b"Infinity", b"-Infinity", b"\x0b",
    b"undefined", b"\xc2\xa0", b"{", b"}", b"[", b"]", b"\n", b"\t", b"-", b"+1", b".5", b"0x10", b"01", b"1_000",
)  # fmt: skip
_FRAMES = (
    (b"\xef\xbb\xbf", b""), (b"", b"\x00"), (b"", b" "), (b"\n\n", b"\n"), (b"", b"{}"), (b"[", b"]"), (b"", b"]"),
    (b'{"a":', b"}"), (b")]}'\n", b""), (b'"', b'"'), (b"\x1f\x8b", b""), (b"callback(", b")"), (b"\x0c", b""),
)  # fmt: skip
_VALUES = (b"1", b'"x"', b"null", b"[]", b"{}", b'"claude-haiku-5-5"', b"true", b'[{"role":"user","content":"b"}]')
_NUMBERS = (
    b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"1E+400", b"-0", b"00", b"1.", b".1", b"1e", b"0x1",
    b"9" * 19, b"9" * 20, b"9" * 40, b"9" * 5000, b"9" * 100_000, b"1e2", b"1.0", b"100.0e-2", b"0.1e1", b"2e3",
)  # fmt: skip
_SPELLINGS = (_cut, _flip, _flip, _insert, _insert, _around, _twice, _twice, _number, _number, _deep, _encoding)
