"""Licences: under what terms a model's weights are given, and what that obliges to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence by its name and SPDX id ("" where it has none), who says so, and what it obliges to."""

    name: str
    spdx: str = ""
    source: Literal["server", "model name", "unknown"] = "unknown"
    obliges: tuple[str, ...] = ()


def licence_of(names: tuple[str, ...], text: str = "") -> Licence | None:
    """Tell a model's licence."""
    return None
