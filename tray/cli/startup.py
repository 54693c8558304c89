"""bursar startup: whether bursar starts when you log in, and how."""

from __future__ import annotations

import shlex
from typing import Any, Literal

import click

from tray.browser import has_screen
from tray.cli.place import Place
from tray.cli.show import as_json, put
from tray.paths import HOME
from tray.startup.login import CannotStart, How, how, starts_this, turn, where, words
from tray.startup.system import System

_LATER = """\
It starts at your next login. To start it now:  systemctl --user start bursar
Its log:  journalctl --user -u bursar
On a machine that nobody logs in to:  loginctl enable-linger"""


@click.command(short_help="Start bursar when you log in, or no longer.")
@click.argument("switch", required=False, type=click.Choice(["on", "off", "status"]), default="status")
@click.option("--service", "is_service", is_flag=True, help="With on: as a systemd user service, without a desktop.")
@as_json
@click.pass_obj
def startup(place: Place, switch: Literal["on", "off", "status"], is_service: bool, is_json: bool) -> None:
    """Show whether bursar starts when you log in, or turn that on or off; it is off unless you turn it on.

    It starts with the desktop, or with --service as a systemd user service. What runs now goes on either way.
    """
    if is_service and switch != "on":
        raise click.UsageError("--service goes with on: bursar startup on --service")
    environ = {**place.environ, **({HOME: str(place.home)} if place.home else {})}
    system = System.this(environ)
    if switch != "status":
        wanted: How = "service" if is_service else "desktop"
        try:
            turn(system, wanted if switch == "on" else None)
        except CannotStart as error:
            raise click.UsageError(str(error)) from error
    hint = _hint(system, switch, is_service=is_service)
    put(_found(system), is_json=is_json, words=lambda found: "\n".join([*_words(found), *hint]))


def _found(system: System) -> dict[str, Any]:
    """Say how things stand, as they are read back; `this` tells whether it is this bursar that is started."""
    found = how(system)
    return {
        "at_login": found is not None,
        "how": found,
        "where": where(system, found) if found else None,
        "this": starts_this(system, found) if found else None,
        "command": list(words(system, found or "desktop")),
    }


def _words(found: dict[str, Any]) -> list[str]:
    if not found["at_login"]:
        return ["bursar does not start at login; turn it on with: bursar startup on"]
    by = "with the desktop" if found["how"] == "desktop" else "as a service"
    lines = [f"bursar starts at login, {by}; turn it off with: bursar startup off"]
    if found["this"]:
        return [*lines, f"It is written down in {found['where']}", f"and runs: {shlex.join(found['command'])}"]
    again = "bursar startup on --service" if found["how"] == "service" else "bursar startup on"
    return [
        *lines,
        f"It is another bursar, or was set up by an earlier one: {found['where']}",
        f"To have this one: {again}",
    ]


def _hint(system: System, switch: str, *, is_service: bool) -> tuple[str, ...]:
    """Say what else there is to do, or to know."""
    if switch != "on":
        return ()
    if is_service:
        return (_LATER,)
    if has_screen(system.environ, system.platform):
        return ()
    return ("No desktop is running here. Where there is none, this starts it: bursar startup on --service",)
