"""Login: the one question and the one switch, whatever the system."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Literal

from tray.startup import launchagent, registry, systemd, xdg
from tray.startup.program import SERVICE, TRAY, command
from tray.startup.system import System

How = Literal["desktop", "service"]


class CannotStart(OSError):
    """This system does not start bursar in the wished way; the message is what a person is told."""


def starts_at_login(environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Tell whether bursar starts when the person logs in, in whichever way.

    Reads files or the registry each time, as a person may change them elsewhere; a macOS that has the file also asks
    launchctl, which takes some ten milliseconds.
    """
    return how(System.this(environ, platform)) is not None


def start_at_login(on: bool, environ: Mapping[str, str], platform: str = sys.platform) -> None:
    """Have the desktop start bursar at login from now on, or nobody; raises OSError with a sentence for a person."""
    turn(System.this(environ, platform), "desktop" if on else None)


def how(system: System) -> How | None:
    """Say what starts bursar at login: the desktop, a service of one's own, or nothing."""
    if _desktop_starts(system):
        return "desktop"
    return "service" if system.has_services and systemd.is_on(system.environ) else None


def turn(system: System, wanted: How | None) -> None:
    """Have bursar started in this one way from now on: two would be in each other's way."""
    if wanted == "service" and not system.has_services:
        raise CannotStart("only Linux starts bursar as a service; without --service it starts with the desktop")
    if wanted == "service":
        systemd.turn_on(system.environ, words(system, wanted), system.run)
    elif system.has_services:
        systemd.turn_off(system.environ, system.run)
    if wanted == "desktop":
        _turn_desktop_on(system)
    else:
        _turn_desktop_off(system)


def words(system: System, wanted: How) -> tuple[str, ...]:
    """Give the command that is run at login."""
    arguments = SERVICE if wanted == "service" else TRAY
    return command(system.program, system.environ, system.platform, arguments)


def starts_this(system: System, found: How) -> bool:
    """Tell whether it is this bursar that is started, and in the way it would be set up now."""
    line = words(system, found)
    if found == "service":
        return systemd.starts(system.environ, line)
    match system.platform:
        case "win32":
            return registry.starts(system.winreg, line)
        case "darwin":
            return launchagent.starts(system.environ, line)
        case _:
            return xdg.starts(system.environ, line)


def where(system: System, wanted: How) -> str:
    """Say where it is written down."""
    if wanted == "service":
        return str(systemd.file(system.environ))
    match system.platform:
        case "win32":
            return rf"HKEY_CURRENT_USER\{registry.RUN}"
        case "darwin":
            return str(launchagent.file(system.environ))
        case _:
            return str(xdg.file(system.environ))


def _desktop_starts(system: System) -> bool:
    match system.platform:
        case "win32":
            return registry.is_on(system.winreg)
        case "darwin":
            return launchagent.is_on(system.environ, system.run)
        case _:
            return xdg.is_on(system.environ)


def _turn_desktop_on(system: System) -> None:
    line = words(system, "desktop")
    match system.platform:
        case "win32":
            registry.turn_on(system.winreg, line)
        case "darwin":
            launchagent.turn_on(system.environ, line, system.run)
        case _:
            xdg.turn_on(system.environ, line)


def _turn_desktop_off(system: System) -> None:
    match system.platform:
        case "win32":
            registry.turn_off(system.winreg)
        case "darwin":
            launchagent.turn_off(system.environ)
        case _:
            xdg.turn_off(system.environ)
