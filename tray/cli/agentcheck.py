"""The checkup of agents: settings and shell files that lead to a dead port, detours, and what went around bursar."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from budget.folder import Folder
from budget.history import Reader, logs_in
from budget.trouble import LedgerUnavailable
from budget.wentaround import WentAround, went_around
from pricing.figures import counted
from pricing.tablefile import PriceTableError
from tray.agentlogs import claude_logs
from tray.agents.agent import AGENTS, CLAUDE_CODE
from tray.agents.record import Record, Wired
from tray.agents.seen import Seen, seen
from tray.agents.shells import exports
from tray.agents.textfile import CannotEdit
from tray.cli.agentplace import around, record_of
from tray.cli.checkup import Finding
from tray.cli.place import Place
from tray.cli.show import local_time, plain
from tray.handover import prices_of
from tray.keys import is_loopback
from tray.settings import Settings

LOOKS_BACK = timedelta(days=7)
MOST_LOG_BYTES = 128 * 2**20
"""Logs are read from the newest on, up to so many bytes: two seconds' work."""


@dataclass(frozen=True, slots=True)
class Logs:
    """The logs to read, the newest first, and how many bytes of older or too large ones are left unread."""

    chosen: tuple[Path, ...]
    bytes: int
    left_bytes: int


def agents_checked(place: Place, settings: Settings) -> Iterator[Finding]:
    """Look at the agents that are here, at shells' files, and at the agents' own logs."""
    running = place.running()
    port = running.owner.ports["proxy"] if running else settings.port
    record = record_of(place)
    try:
        looks = [seen(agent, record.get(name), around(place), port) for name, agent in AGENTS.items()]
    except CannotEdit as error:
        yield Finding("agents", False, str(error), f"put it right, or take it away: {record.path}")
        return
    for look in looks:
        if look.found:
            yield _agent(look, record)
    yield from _shells(place, port)
    yield from _around(place, settings, record, next(look for look in looks if look.agent == CLAUDE_CODE.name))


def _agent(look: Seen, record: Record) -> Finding:
    name, said = look.agent, plain(look.says)
    match look.state:
        case "connected":
            return Finding(name, True, said)
        case "not connected":
            return Finding(name, True, said, f"bursar connect {name}", "not connected")
        case "aside":
            return Finding(
                name, False, said, "mend what is said of bursar here; the next prompt brings it back", "aside"
            )
        case "unreadable":
            return Finding(name, False, said, "mend the file; bursar connect says where", "unreadable")
        case "overridden" | "elsewhere" | "impossible":
            return _led_astray(look, record.get(name))


def _led_astray(look: Seen, wired: Wired | None) -> Finding:
    said, address = plain(look.says), look.address
    if look.state == "elsewhere" and address and is_loopback(address):
        nobody = "" if _is_alive(address) else "; nobody answers there"
        if nobody or (wired and address == wired.url):
            return Finding(look.agent, False, f"{said}{nobody}", f"bursar connect {look.agent}", "stale")
    is_wrong = look.state == "overridden" or wired is not None
    mend = "take that setting out, or name bursar's address there" if is_wrong else ""
    return Finding(look.agent, not is_wrong, said, mend, look.state)


def _shells(place: Place, port: int) -> Iterator[Finding]:
    for line in exports(place.environ):
        if line.port == port:
            continue
        where = f"{line.path}, line {line.line}"
        said = f"{where} sets {line.variable} to {plain(line.address)}"
        if _is_alive(line.address):
            yield Finding("shell", True, f"{said}, which is not bursar's port {port}", key="another port")
        else:
            yield Finding(
                "shell", False, f"{said}, where nobody answers", f"take that line out of {line.path}", "stale"
            )


def _is_alive(address: str) -> bool:
    parts = urlsplit(address)
    try:
        socket.create_connection(("127.0.0.1", parts.port or 80), 0.5).close()
    except (OSError, ValueError):
        return False
    return True


def _around(place: Place, settings: Settings, record: Record, look: Seen) -> Iterator[Finding]:
    wired = record.get(CLAUDE_CODE.name)
    since = place.clock() - LOOKS_BACK
    if wired:
        since = max(since, datetime.fromisoformat(wired.since))
    logs = newest(_written(place), since)
    try:
        reader = Reader(prices_of(place.paths), settings.zone)
        found = went_around(logs.chosen, reader, Folder(place.paths.ledger).database, since)
    except (LedgerUnavailable, PriceTableError):
        return  # What is wrong with these is said elsewhere.
    if found:
        yield _told(found, look, _left_unread(logs), is_wired=wired is not None)
    elif logs.left_bytes:
        yield Finding(
            "went around", True, f"no request of Claude Code was seen to go around bursar{_left_unread(logs)}"
        )


def _left_unread(logs: Logs) -> str:
    """Say that only a part was looked at; nothing if it was all."""
    if not logs.left_bytes:
        return ""
    whole = logs.bytes + logs.left_bytes
    return (
        f"; only {_mb(logs.bytes)} of {_mb(whole)} of its logs were read, the newest: bursar history import reads all"
    )


def _mb(size: int) -> str:
    return f"{-(-size // 2**20):,} MB"


def _told(found: list[WentAround], look: Seen, unread: str, *, is_wired: bool) -> Finding:
    number, projects = sum(each.requests for each in found), len(found)
    last = max(found, key=lambda each: each.last)
    when = local_time(last.last.isoformat(), "%d %b %H:%M").lstrip("0")
    most = f"{found[0].requests:,} of them in {plain(found[0].project) or 'a folder without a name'}"
    requests = counted(number, "request")
    told = f"{requests} of Claude Code since {'it was connected' if is_wired else 'a week ago'} went around bursar"
    told += (
        f" ({most}; the last {when})"
        if projects > 1
        else f" (in {plain(last.project) or 'one folder'}; the last {when})"
    )
    told += unread
    if not is_wired:
        return Finding("went around", True, f"{told}: {look.says}", "bursar connect claude-code", "around")
    why = look.says
    if look.state == "connected":
        why = "bursar could not start then and stepped aside, or a session has settings of its own: see .claude there"
    return Finding("went around", False, f"{told}. Likely: {why}", "bursar history import counts them", "around")


def _written(place: Place) -> Iterator[Path]:
    for folder in claude_logs(place.environ):
        with suppress(OSError):  # A folder that may not be read, or that goes away meanwhile.
            yield from logs_in(folder)


def newest(logs: Iterable[Path], since: datetime, most_bytes: int = MOST_LOG_BYTES) -> Logs:
    """Choose the logs that were written to since then, the newest first, up to a number of bytes; none need be left."""
    found = []
    for path in logs:
        with suppress(OSError):  # It is gone by now.
            status = path.stat()
            if status.st_mtime >= since.timestamp():
                found.append((status.st_mtime, status.st_size, path))
    chosen, size, left = [], 0, 0
    for _, length, path in sorted(found, reverse=True):
        if size + length > most_bytes:
            left += length
        else:
            size += length
            chosen.append(path)
    return Logs(tuple(chosen), size, left)
