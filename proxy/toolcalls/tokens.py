"""A text that is almost JSON, as tokens: a repair moves marks about, and the strings stay as they are."""

from __future__ import annotations

import re
from itertools import pairwise

Tokens = list[str]

_TOKEN = re.compile(
    r"""[ \t\r\n]+ | "[^"\\]*(?:\\.[^"\\]*)*" | '[^'\\]*(?:\\.[^'\\]*)*' | [{}\[\],:()=;] | [\w.+-]+""",
    re.VERBOSE | re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x1f]")
_CONTINUED = re.compile(r"(?<!\\)(?:\\\\)*\\[\x00-\x1f]")
_OPENS = {"{": "}", "[": "]"}
_PLAIN = re.compile(r"""[^\\]*(?:\\(?:["'\\nrtbf]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})[^\\]*)*""")
_ESCAPE = re.compile(r"""\\x(..)|\\(')|\\.|(")""", re.DOTALL)
_WORDS = {"True": "true", "False": "false", "None": "null"}


def tokens_of(text: str) -> Tokens | None:
    """Cut a text into tokens that join to it; None where it holds anything else, such as a string without end."""
    found: Tokens = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return None
        found.append(match.group())
        at = match.end()
    return found


def without_control(tokens: Tokens) -> Tokens | None:
    """Escape raw newlines and the like inside strings, which means the same and is JSON.

    None where a backslash stands before one: a shell would leave both out, JSON knows no such thing.
    """
    if any(is_string(token) and _CONTINUED.search(token) for token in tokens):
        return None
    return [_CONTROL.sub(_escaped, token) if is_string(token) else token for token in tokens]


def closed(tokens: Tokens) -> Tokens | None:
    """Add the brackets that are missing at the very end; None where they do not match, or more may be missing.

    What ends in a comma or a number may have been going to go on.
    """
    missing: list[str] = []
    for token in tokens:
        if token in _OPENS:
            missing.append(_OPENS[token])
        elif token in ("}", "]") and (not missing or missing.pop() != token):
            return None
    last = next((token for token in reversed(tokens) if not token.isspace()), "")
    if missing and not (is_string(last) or last in ("}", "]", "true", "false", "null", *_WORDS)):
        return None
    return tokens + missing[::-1]


def without_trailing_commas(tokens: Tokens) -> Tokens | None:
    """Drop commas that stand between a value and a closing bracket."""
    kept: Tokens = []
    solid = [index for index, token in enumerate(tokens) if not token.isspace()]
    drop = {
        solid[i]
        for i in range(1, len(solid) - 1)
        if tokens[solid[i]] == "," and tokens[solid[i + 1]] in ("}", "]") and tokens[solid[i - 1]] not in "{[,:"
    }
    kept += [token for index, token in enumerate(tokens) if index not in drop]
    return kept


def from_python(tokens: Tokens) -> Tokens | None:
    """Write a Python literal's strings and words as JSON does; None where the two may mean different things.

    `ast.literal_eval` would join neighbouring strings, warn of some escapes, and can be crashed by depth.
    """
    keys = {token[0] for token, after in _followed(tokens) if after == ":" and is_string(token)}
    if len(keys) > 1:
        return None
    found = [_json_string(token) if is_string(token) else _WORDS.get(token, token) for token in tokens]
    return None if None in found else [token for token in found if token is not None]


def is_string(token: str) -> bool:
    """Tell whether a token is a string, in either kind of quotes."""
    return token[0] in "\"'"


def _followed(tokens: Tokens) -> list[tuple[str, str]]:
    solid = [token for token in tokens if not token.isspace()]
    return list(pairwise([*solid, ""]))


def _json_string(token: str) -> str | None:
    inner = token[1:-1]
    if not _PLAIN.fullmatch(inner):
        return None
    return '"' + _ESCAPE.sub(_as_json, inner) + '"'


def _as_json(match: re.Match[str]) -> str:
    code, apostrophe, quote = match.groups()
    if code:
        return f"\\u00{code}"
    if quote:
        return '\\"'
    return "'" if apostrophe else match.group()


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"
