"""Strict JSON: one text has one meaning, or it is refused.

What we meter must be what the API bills. Two readers of a text with a key twice may each see another value, so such a
text is refused, at any depth, as are NaN, Infinity, lone surrogates and nesting beyond what any request needs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import msgspec

from proxy.words import words

MOST_DEPTH = 128
"""Levels of nesting; a tool's schema of the deepest kind has about thirty."""

MOST_NAMED = 1_000_000
"""Bytes of a text in which it is still found out, slowly, which key came twice."""

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class NotStrictJson(ValueError):
    """A text that is no JSON, or that has no single meaning; the message quotes nothing of it but a known key."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A JSON value, and the same value written in the shortest way: UTF-8, no spaces, no needless escapes."""

    value: Any
    canonical: bytes


def parse(text: bytes, *, within: int = 0) -> Parsed:
    """Read a JSON text that lies `within` so many levels of nesting; raises NotStrictJson and nothing else."""
    try:
        value = _decode(text)
        canonical = _encode(value)
    except RecursionError:
        raise _too_deep() from None
    except UnicodeDecodeError:
        raise NotStrictJson("it is not valid UTF-8") from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise NotStrictJson(_plain(str(error), text)) from None
    if _depth_passes(value, MOST_DEPTH - within):
        raise _too_deep()
    # Most agents write the shortest form themselves, and a text that equals it has no key twice.
    if canonical != text and _strings_of(value) != _strings(text):
        raise NotStrictJson(_duplicate(text))
    return Parsed(value, canonical)


def _strings(text: bytes) -> int:
    """Count the strings of a valid JSON text, keys included.

    Reading drops all but the last of equal keys, and with each at least one string: its name. So the text has more
    strings than the value if and only if a key came twice. Backslashes occur only in strings, where they pair off from
    the left; without those pairs, a quote after a backslash is an escaped one.
    """
    unpaired = text.replace(b"\\\\", b"") if b"\\\\" in text else text
    return (unpaired.count(b'"') - unpaired.count(b'\\"')) // 2


def _strings_of(value: Any) -> int:
    """Count the strings of a value, keys included."""
    count, rest = 0, [value]
    while rest:
        node = rest.pop()
        if type(node) is str:
            count += 1
        elif type(node) is dict:
            count += len(node)
            rest.extend(node.values())
        elif type(node) is list:
            rest.extend(node)
    return count


def _depth_passes(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node if type(node) is list else ())
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return False
    return True


def _too_deep() -> NotStrictJson:
    return NotStrictJson(f"it is nested more than {MOST_DEPTH} levels deep")


def _plain(message: str, text: bytes) -> str:
    """Reword a parser's message; its place in the text is kept, it quotes nothing."""
    # Half of a pair before a closing quote is reported as an early end.
    if "surrogate" in message or ("truncated" in message and text.rstrip().endswith((b"}", b"]"))):
        return "it ends inside a string, or holds half of a surrogate pair"
    if "truncated" in message:
        return "it ends too early"
    if "out of range" in message:
        return "it holds a number that is out of range"
    return message.removeprefix("JSON is malformed: ")


def _duplicate(text: bytes) -> str:
    """Find which key came twice; it is named only if it looks like one of the API's own."""
    if len(text) > MOST_NAMED:
        return "it has a key twice in one object"
    twice: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        twice.extend(name for name in set(names) if names.count(name) > 1)

    try:
        json.loads(text, object_pairs_hook=note)
    except (RecursionError, ValueError):
        return "it has a key twice in one object"
    named = sorted(name for name in twice if name in _API_KEYS)
    return f"it has the key {named[0]} twice in one object" if named else "it has a key twice in one object"


_API_KEYS = frozenset(
    words(
        """model max_tokens messages system tools stream role content type text cache_control ttl metadata thinking
        speed inference_geo service_tier tool_choice temperature container mcp_servers name input"""
    )
)
