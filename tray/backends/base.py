"""Tray: what every backend can do, and what it is given. The rest of bursar knows no more of a desktop than this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from tray.menu import Face, IconKey

if TYPE_CHECKING:
    from PIL import Image  # Loaded when the first icon is drawn.

State = Literal["host", "no-host", "no-bus"]
"""Whether a person can see the icon: a panel shows it, none does, or there is no desktop to ask."""


@dataclass(frozen=True)
class Wiring:
    """What a backend calls. All but `draw` run on a thread that may take its time.

    `draw` gives the icon as a square of that many pixels; `clicked` is handed an item's action; `opening` says that the
    menu is about to be looked at, so that a fresh face is wanted; `unseen` is called once, when no panel has shown the
    icon for a while after the start. None of them raises.
    """

    draw: Callable[[IconKey, int], Image.Image]
    clicked: Callable[[str], None]
    opening: Callable[[], None]
    unseen: Callable[[], None]


class Tray(Protocol):
    """An icon with a menu."""

    @property
    def state(self) -> State:
        """Say whether it can be seen just now."""

    def show(self, face: Face) -> None:
        """Show this from now on; from any thread, and at once even before `run`."""

    def run(self) -> None:
        """Keep the icon alive until `stop`; on the main thread, as some systems insist on it."""

    def stop(self) -> None:
        """End `run`; from any thread, and more than once if need be."""


@dataclass(frozen=True)
class Note:
    """Something that a person is told once, beside the menu; a later note of the same topic takes its place.

    A click on it does `action`, as a line of the menu does.
    """

    topic: str
    title: str
    text: str
    action: str


class Notifier(Protocol):
    """Shows notes on this desktop."""

    def is_there(self) -> bool:
        """Tell whether there is a desktop to show a note on at all; whether it does is known by `tell` only."""

    def tell(self, note: Note) -> str:
        """Show a note; gives why it was not shown, "" when it was. From any thread, in some seconds at most."""

    def close(self) -> None:
        """Hear no more clicks on what was shown."""
