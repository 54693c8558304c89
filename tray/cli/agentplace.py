"""What the commands about agents start from: the port, the project's folder, the record, the hook."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tray.agents.detours import Around
from tray.agents.hookline import HookLine
from tray.agents.record import Record
from tray.agents.textfile import CannotEdit
from tray.cli.place import Failure, Place
from tray.paths import HOME

T = TypeVar("T")


def port_of(place: Place) -> int:
    """Give the port where agents find bursar; raises Failure if it is another one at each start."""
    running, port = place.running(), place.settings().port
    if not port:
        raise Failure(f"bursar takes another port at each start (port = 0); set one in {place.paths.config_file}")
    return running.owner.ports["proxy"] if running is not None else port


def around(place: Place) -> Around:
    """Give what lies around an agent's settings, for a project in the folder we are in."""
    try:
        return Around.here(place.environ, Path.cwd())
    except FileNotFoundError:  # The folder was deleted under us.
        return Around.here(place.environ, None)


def record_of(place: Place) -> Record:
    """Give the record of what was changed."""
    return Record(place.paths.agents)


def hook_of(place: Place) -> HookLine:
    """Give the hook that brings up the bursar of this place."""
    named = place.home or (Path(place.environ[HOME]) if place.environ.get(HOME) else None)
    return HookLine.here(place.paths.agents, named.expanduser().absolute() if named else None)


def told(do: Callable[[], T]) -> T:
    """Do something with an agent's settings; what cannot be done ends the command with its sentence."""
    try:
        return do()
    except CannotEdit as error:
        raise Failure(str(error)) from error
