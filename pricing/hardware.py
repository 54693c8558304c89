"""Hardware: what is published of the chips that run models: memory bandwidth, rated power, price at launch."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from pricing.money import Money

BYTES_A_GIGABYTE = 10**9

# A word behind a name that makes it another chip's.
_OTHER = {"ti", "super", "xt", "xtx", "gre", "pro", "max", "ultra", "ada", "d", "nvl", "laptop", "mobile"}
# A laptop's chip bears the desktop's name and has half its power and bandwidth.
_ELSEWHERE = {"laptop", "mobile", "q"}


@dataclass(frozen=True, slots=True)
class Chip:
    """One chip or card: peak bytes a second of its memory, and what its maker rates its power at.

    `watts` is None where nobody published them. `at_the_wall`: they are a whole computer's, power supply included.
    """

    name: str
    bytes_per_s: int
    watts: int | None
    at_the_wall: bool
    launch_price: Money | None
    source: str


def find_chip(name: str) -> Chip | None:
    """Find a chip by the name that its driver or a person gives; None rather than one of a similar name.

    Source: pricing/hardware.json, where each row names its own.
    """
    words = _words(name)
    if _ELSEWHERE & set(words):
        return None
    found = [(len(known), chip) for known, chip in _table() if _bears(words, known)]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def chips() -> tuple[Chip, ...]:
    """List all chips that are known, in the order of the file."""
    return tuple(dict.fromkeys(chip for _, chip in _table()))


def _bears(words: list[str], known: tuple[str, ...]) -> bool:
    """Tell whether the known name stands in the words, with no word behind it that makes it another chip."""
    for start in range(len(words) - len(known) + 1):
        end = start + len(known)
        if tuple(words[start:end]) == known:
            return not (end < len(words) and words[end] in _OTHER)
    return False


@cache
def _table() -> tuple[tuple[tuple[str, ...], Chip], ...]:
    raw = json.loads(files("pricing").joinpath("hardware.json").read_text(encoding="utf-8"))
    rows = []
    for row in raw["chips"]:
        chip = _chip(row, raw["sources"])
        rows += [(tuple(_words(name)), chip) for name in row["names"]]
    return tuple(rows)


def _chip(row: dict[str, Any], sources: dict[str, str]) -> Chip:
    price = row["launch_usd"]
    return Chip(
        name=row["names"][0],
        bytes_per_s=row["bandwidth"] * BYTES_A_GIGABYTE,
        watts=row["watts"],
        at_the_wall=row.get("at_the_wall", False),
        launch_price=None if price is None else Money.usd(price),
        source=" ".join(sources[name] for name in row["source"].split()),
    )


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", name.lower())
