"""Menu: what the tray shows, as data: its lines, its tooltip and which picture its icon is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["action", "radio", "check", "separator", "submenu", "info"]
Shape = Literal["dot", "house", "cloud", "eye", "alert"]
Tone = Literal["calm", "warm", "hot"]

DEFAULT_ACTION = "dashboard"  # What a click on the icon itself does, where a desktop tells clicks apart.


@dataclass(frozen=True)
class Item:
    """One line of the menu. Its id names the same line for as long as the program runs."""

    id: int
    label: str
    kind: Kind
    checked: bool = False
    enabled: bool = True
    visible: bool = True
    action: str = ""
    items: tuple[Item, ...] = ()


@dataclass(frozen=True)
class IconKey:
    """All that a picture of the icon depends on beside its size and the colour of the panel.

    `step` is how much of the ring is filled, of `RING_STEPS`.
    """

    step: int
    shape: Shape
    tone: Tone = "calm"
    dimmed: bool = False


RING_STEPS = 24


@dataclass(frozen=True)
class Face:
    """Everything that a tray shows at one moment; `dimmed` when its figures may be old."""

    items: tuple[Item, ...]
    tooltip: str
    icon: IconKey
    dimmed: bool = False
