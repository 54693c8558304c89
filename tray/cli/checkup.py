"""The checkup: what is right and wrong with bursar itself – its settings, ports, process, ledger, prices."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pricing.tablefile import PriceTableError
from proxy.restrictions import is_readable
from tray.backends.words import ADVICE
from tray.browser import has_screen
from tray.cli.atrest import status_at_rest
from tray.cli.place import Place
from tray.cli.prices import load_prices
from tray.cli.show import dollars, local_time, plain
from tray.control import Control
from tray.files import UnsafeFileError
from tray.portowner import port_owner
from tray.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: whether it is right, what was seen, and the command that mends it."""

    part: str
    ok: bool
    says: str
    mend: str = ""
    key: str = ""


def settings_of(place: Place) -> tuple[Settings | None, Finding]:
    """Read the settings, or say what is wrong with them."""
    path = place.paths.config_file
    try:
        found = place.settings()
    except (SettingsError, UnsafeFileError, OSError) as error:
        return None, Finding("config", False, str(error), f"mend {path}, then: bursar config check")
    told = f"{path} is fine" if path.exists() else f"there is no {path} yet: the defaults hold"
    return found, Finding("config", True, told)


def checkup(place: Place, settings: Settings, running: Control | None) -> Iterator[Finding]:
    """Look at all of bursar but its local models."""
    if running is None:
        yield Finding("bursar", True, "not running", "bursar serve")
        yield from _ports(settings)
    else:
        status = running.get("/api/status")
        told = f"version {status['version']}, process {status['pid']}; agents connect to port {status['port']}"
        yield Finding("bursar", True, told)
        yield from _cloud(status["cloud"])
        yield from _circuits(status["locals"])
        yield _tray(status["tray"], place)
    yield from _ledger(place, running)
    yield from _restricted(place)
    yield _prices(place)
    yield from _keys(place, settings)


def _keys(place: Place, settings: Settings) -> Iterator[Finding]:
    """Tell which servers' keys are missing where this command was started."""
    for local in settings.locals:
        if local.api_key_env and not place.environ.get(local.api_key_env):
            told = f"its key is to be in the environment variable {local.api_key_env}, which is not set here"
            yield Finding(local.name, False, told, "set it where bursar is started, and start bursar anew", "key")


def _circuits(locals_: list[dict[str, Any]]) -> Iterator[Finding]:
    """Tell which servers bursar keeps requests from, because they failed some."""
    for local in locals_:
        if local["circuit"] != "closed":
            told = f"bursar leaves it alone for now: {plain(local['why']) or 'its last requests failed'}"
            yield Finding(plain(local["name"]), False, told, "it is tried again by itself; see its log", "circuit")


def _ports(settings: Settings) -> Iterator[Finding]:
    for port in (settings.port, settings.control_port):
        if _is_taken(port):
            owner = port_owner(port) or "another program"
            yield Finding("port", False, f"port {port} is taken by {owner}", "set another port in the config file")


def _is_taken(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True


def _ledger(place: Place, running: Control | None) -> Iterator[Finding]:
    found = running.get("/api/status") if running else status_at_rest(place)
    if found["trouble"]:
        yield Finding(
            "ledger", False, f"{found['trouble']}; nothing goes to Claude", "see bursar.log, or: bursar status"
        )
    else:
        spent, cutoff = dollars(found["settled_usd"]), dollars(found["cutoff_usd"])
        yield Finding("ledger", True, f"{spent} of {cutoff} spent today")
    for notice in found.get("notices", ()):
        yield Finding("notice", True, plain(notice))
    if found["clock_held_back"]:
        yield Finding("clock", False, f"it jumped ahead; bursar stays on {found['day']}", "bursar confirm-day")
    if found["stop"]:
        yield Finding("stop", True, "all cloud traffic is stopped", "bursar resume")


def _cloud(cloud: dict[str, Any]) -> Iterator[Finding]:
    """Tell that Claude could not be reached, as the last request saw it; none is sent to find out."""
    trouble = cloud.get("trouble")
    if trouble:
        told = f"could not be reached at {local_time(trouble['at'], '%H:%M')}: {plain(trouble['why'])}"
        yield Finding("Claude", False, told, f"see the network, and [cloud] url: {plain(cloud['url'])}", "cloud")


def _tray(state: str, place: Place) -> Finding:
    """Tell whether the icon can be seen; where nobody sits before a screen, nobody misses it."""
    mend = "install the AppIndicator extension, or a panel with a tray" if state == "no-host" else ""
    return Finding("tray", state != "no-host" or not has_screen(place.environ), ADVICE[state], mend, "tray")


def _restricted(place: Place) -> Iterator[Finding]:
    """Tell whether it can be read which sessions are restricted."""
    path = place.paths.restrictions
    if not is_readable(path):
        told = f"{path} cannot be read: until it can, every session counts as restricted, and so goes only where L3 may"
        yield Finding("restricted", False, told, f"put it back from a backup, or delete it: {path}", "restricted")


def _prices(place: Place) -> Finding:
    try:
        table = load_prices(place)
    except PriceTableError as error:
        return Finding("prices", False, str(error), "bursar prices check FILE")
    if table.is_old(place.clock()):
        return Finding("prices", False, f"of {table.data_as_of}: old", "bursar prices update FILE")
    return Finding("prices", True, f"of {table.data_as_of}")
