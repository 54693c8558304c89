"""bursar quit: have the bursar that runs end, and wait until it has."""

from __future__ import annotations

import os
import time
from typing import Any

import click

from budget.instance import owner
from pricing.figures import counted
from tray.cli.place import Failure, Place
from tray.cli.show import as_json, put

LONGEST_S = 45.0
"""Answers under way have 30 s; then holds are settled and files closed."""
PAUSE_S = 0.05


@click.command(short_help="End the bursar that runs, and wait until it has ended.")
@click.option("--now", is_flag=True, help="End answers under way, too; what they cost is counted.")
@as_json
@click.pass_obj
def quit(place: Place, now: bool, is_json: bool) -> None:  # noqa: A001 – the verb's name
    """Have the bursar that runs end, and wait until it has; answers under way may end first, for up to 30 s."""
    asked = place.control().post("/api/quit", {"now": now})
    _wait(place, asked["pid"])
    put({"ended": True, "pid": asked["pid"], "open_holds": asked["open_holds"]}, is_json=is_json, words=_words)


def _wait(place: Place, pid: int) -> None:
    end = time.monotonic() + LONGEST_S
    while not _is_gone(place, pid):
        if time.monotonic() > end:
            raise Failure(f"bursar (process {pid}) has not ended within {LONGEST_S:.0f} s; try: bursar quit --now")
        time.sleep(PAUSE_S)


def _is_gone(place: Place, pid: int) -> bool:
    """Tell whether it let go of everything, or ended without."""
    found = owner(place.paths.run_file)
    return found is None or found.pid != pid or not _is_alive(pid)


def _is_alive(pid: int) -> bool:
    if os.name == "nt":  # There the same call would end it.
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _words(said: dict[str, Any]) -> str:
    number = said["open_holds"]
    ended = f" after {counted(number, 'answer')} under way" if number else ""
    return f"bursar (process {said['pid']}) has ended{ended}; start it again with: bursar serve"
