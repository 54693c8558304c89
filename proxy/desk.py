"""Desk: what a person can have done on the control server, and what its views work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from flask import Flask, current_app

from budget.archive import Archive
from proxy.agentwires import AgentWires
from proxy.around import Around
from proxy.dashboard.burn import Courses
from proxy.dashboard.door import Door
from proxy.peers import is_stranger_s

if TYPE_CHECKING:
    from proxy.services import Services

_KEY = "bursar"


class RequestError(ValueError):
    """A request to the control server that cannot be granted; becomes a 400 with this sentence."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of the config file as text: what stands there, empty for nothing, and what counts then."""

    key: str
    text: str
    default: str


class Desk(Protocol):
    """What a person can have done to the settings, which the proxy does not know; RequestError says why not."""

    around: Around | None
    """What is around on the machine; None where nobody looks, as in a simulated day."""
    wires: AgentWires | None
    """Agents' own settings; None where nobody may change them, as in a simulated day."""
    leave: Callable[[], None] | None
    """Asks this bursar to end, once answers under way have ended; asked again, at once. None where nobody may."""

    def set_limits(self, changes: Mapping[str, str | None]) -> None:
        """Set `budget` or `cutoff`, durably; None takes the cutoff back to its default."""

    def reload(self) -> list[str]:
        """Read the config file again; gives a line for each change that needs a restart."""

    def facts(self) -> dict[str, Any]:
        """Tell the version, the process, the ports, the config file's path."""

    def settings(self) -> Mapping[str, Setting]:
        """Read what a page can change, by names such as `budget` and `machine.price`."""

    def change_settings(self, changes: Mapping[str, str]) -> Mapping[str, str]:
        """Write settings into the config file and go by them; an empty text takes one out.

        Gives what is wrong, by name, or by "" where it belongs to none; nothing is changed then.
        """


@dataclass(frozen=True, slots=True)
class Counter:
    """What the views of one control server work with."""

    services: Services
    desk: Desk
    door: Door
    archive: Archive | None = None
    is_stranger_s: Callable[[int, int], bool] = is_stranger_s
    """Tells whether another user of this machine has the connection from one port to another."""
    courses: Courses = field(default_factory=Courses)


def furnish(app: Flask, counter: Counter) -> None:
    """Give an app's views their counter."""
    app.extensions[_KEY] = counter


def counter() -> Counter:
    """Give the counter of the app that answers."""
    return current_app.extensions[_KEY]  # type: ignore[no-any-return]
