"""Licences: under what terms a model's weights are given, and what that obliges to.

The server's own licence text counts, where it gives one; else the model's name, if it is exactly one that
`licences.json` lists with its source. What neither tells is unknown, and said to be.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

DATA = Path(__file__).with_name("licences.json")
LOOKED_AT_CHARS = 20_000

Source = Literal["server", "model name", "unknown"]


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence by its name and SPDX id ("" where it has none), who says so, and what it obliges to.

    `url` is where it can be read. Without a name it is unknown.
    """

    name: str
    spdx: str = ""
    source: Source = "unknown"
    obliges: tuple[str, ...] = ()
    url: str = ""


UNKNOWN = Licence("", obliges=("find out before you offer what it makes to others: its server does not say",))


@dataclass(frozen=True, slots=True)
class Family:
    """Models by their names, and the licence that they come under."""

    pattern: re.Pattern[str]
    licence: str
    url: str


def licence_of(names: tuple[str, ...], text: str = "") -> Licence:
    """Tell a model's licence by the text that its server gave, else by one of its names."""
    by_text = _by_text(text)
    if by_text is not None:
        return by_text
    if text.strip():
        # A text that we do not know is a licence all the same: its name is no reason to take it for another.
        title = " ".join(text.split())[:60]
        return Licence(title, source="server", obliges=("read its text: ollama show --license MODEL",))
    found = (_by_name(plain_name(name)) for name in names if name)
    return next((licence for licence in found if licence is not None), UNKNOWN)


def plain_name(name: str) -> str:
    """Take publisher, folder and file ending from a model's name: "Qwen/Qwen3_8B.gguf" is "qwen3-8b"."""
    last = re.split(r"[/\\]", name.strip().lower())[-1]
    plain = re.sub(r"[:_\s@]+", "-", last.removesuffix(".gguf"))
    return re.sub(r"-00001-of-\d+$", "", plain).removesuffix("-latest").strip("-")


def _by_text(text: str) -> Licence | None:
    plain = " ".join(text[:LOOKED_AT_CHARS].lower().replace("**", "").split())
    if not plain:
        return None
    licences, needed, unwanted, _ = _data()
    return next(
        (
            replace(licence, source="server")
            for key, licence in licences.items()
            if all(part in plain for part in needed[key]) and not any(part in plain for part in unwanted[key])
        ),
        None,
    )


def _by_name(name: str) -> Licence | None:
    licences, _, _, families = _data()
    family = next((one for one in families if one.pattern.fullmatch(name)), None)
    return replace(licences[family.licence], source="model name", url=family.url) if family else None


Parts = Mapping[str, tuple[str, ...]]


@cache
def _data() -> tuple[Mapping[str, Licence], Parts, Parts, tuple[Family, ...]]:
    raw: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    known = raw["licences"]
    licences = {
        key: Licence(one["name"], one["spdx"], obliges=tuple(one["obliges"]), url=one["source"])
        for key, one in known.items()
    }
    needed = {key: tuple(one["in_text"]) for key, one in known.items()}
    unwanted = {key: tuple(one.get("not_in_text", ())) for key, one in known.items()}
    families = tuple(Family(re.compile(one["match"]), one["licence"], one["source"]) for one in raw["families"])
    return licences, needed, unwanted, families
