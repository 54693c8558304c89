"""Finding what was asked for in what a model said: the code, the JSON, the last line."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+-]*)[^\n]*\n(.*?)^[ \t]*\1[ \t]*$", re.DOTALL | re.MULTILINE)
_DECORATION = " \t*_`\"'.,:;!$"


def code_in(text: str, name: str = "") -> str:
    """Find the Python code, in a fence or bare: the last piece that defines `name`, else the longest."""
    blocks = [
        block for _, language, block in _FENCE.findall(text) if language.lower() in ("", "python", "py", "python3")
    ]
    defining = [block for block in blocks if name and name in names_in(block)]
    if defining:
        return str(defining[-1])
    return str(max(blocks, key=len)) if blocks else text


def names_in(code: str) -> set[str]:
    """Name what a module defines at its top; nothing for what is no Python."""
    tree = parsed(code)
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)} if tree else set()


def parsed(code: str) -> ast.Module | None:
    """Parse Python; None for anything else."""
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def json_in(text: str) -> Any:
    """Find the JSON value, in a fence or bare, with words before or after it; None when there is none."""
    blocks = [block for _, _, block in _FENCE.findall(text)]
    for candidate in (*blocks, text, *_from_brackets(text)):
        try:
            return json.loads(candidate)
        except (ValueError, RecursionError):
            continue
    return None


def line_in(text: str) -> str:
    """Give the last line that says something, without the decoration that models put around it."""
    lines = [line.strip(_DECORATION) for line in text.splitlines()]
    return next((line for line in reversed(lines) if line), "")


def block_in(text: str) -> str:
    """Give the contents of the last fence, or the whole text where there is none."""
    blocks = _FENCE.findall(text)
    return str(blocks[-1][2]).strip() if blocks else text.strip()


def _from_brackets(text: str) -> list[str]:
    found = []
    for opening, closing in ("{}", "[]"):
        start, end = text.find(opening), text.rfind(closing)
        if 0 <= start < end:
            found.append(text[start : end + 1])
    return found
