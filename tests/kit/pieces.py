"""A tokenizer that behaves like a real one: no fixed number of bytes a token, but pieces of words, figures and marks.

Prose comes to about 4.5 bytes a token, code to 3, lists of hashes to 2; so a ratio that was learned from one kind of
content is wrong for another, as it is with Claude's.
"""

import json
import re
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

from tests.kit.fake_claude import ROOT

PIECE = re.compile(r" ?[A-Z]?[a-z]{1,7}| ?[A-Z]{1,4}|\d{1,3}| ?[^\w\s]{1,2}|[ \t]+|\n[ \t]*|\w|\S")
IMAGE = 1_334


def count(block: Any) -> int:
    """Count the tokens of one block of a request; tools and their calls are read as JSON."""
    match block.get("type"):
        case "text":
            return 3 + _pieces(block["text"])
        case "image":
            return IMAGE
        case "tool_result":
            inner = block["content"]
            return 12 + (_pieces(inner) if isinstance(inner, str) else sum(map(count, inner)))
        case _:
            return 8 + _pieces(json.dumps({k: v for k, v in block.items() if k not in ("type", "id")}))


@lru_cache(4096)
def _pieces(text: str) -> int:
    return sum(1 for _ in PIECE.finditer(text))


class Shelf:
    """Text of several kinds, out of this repository: prose, code, data."""

    def __init__(self) -> None:
        self._texts = [
            _read("README.md", "CHANGELOG.md", "LICENSE"),
            _read(*sorted(str(p.relative_to(ROOT)) for p in (ROOT / "pricing").glob("*.py"))),
            _read("pricing/anthropic_prices.json", "tests/requirements.lock"),
        ]

    def fill(self, tokens: int, seed: str) -> str:
        """Return text of four bytes for each of so many tokens, the same for the same seed."""
        chance = Random(seed)
        text = chance.choices(self._texts, (3, 5, 2))[0]
        need, start = max(1, tokens * 4 - 30), chance.randrange(len(text))
        return (text[start:] + text * (need // len(text) + 1))[:need]


def _read(*names: str) -> str:
    return "\n".join((ROOT / Path(name)).read_text(encoding="utf-8") for name in names)
