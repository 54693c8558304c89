"""Troubles: what is wrong now, each in one line that opens the page that explains it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from budget.state import Mode
from tray.glance import Glance, Server

Kind = Literal[
    "failed", "stale", "ledger", "cloud", "aside", "clock", "unrecorded", "local", "doubts", "prices", "notices"
]

STALE_S = 15
"""A status older than this is told to be old."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong, of a kind that is in the menu at most once, and the page that explains it."""

    kind: Kind
    text: str
    page: str


def troubles(now: Glance) -> Iterator[Trouble]:
    """List what a status says is wrong, worst first."""
    if now.trouble:
        yield Trouble("ledger", "The ledger cannot be written: nothing goes to Claude", "today")
    if now.has_stepped_aside:
        yield Trouble("aside", "An agent goes past bursar, unmetered, until its next prompt", "agents")
    if now.unreached:
        yield Trouble("cloud", f"Claude could not be reached at {now.unreached}", "today")
    if now.is_clock_held_back:
        yield Trouble("clock", f"The clock jumped: bursar stays on {now.day:%d %b}", "today")
    if now.unrecorded:
        yield Trouble("unrecorded", f"{_count(now.unrecorded, 'local request')} could not be recorded", "today")
    yield from _servers(now)
    if now.doubts:
        yield Trouble("doubts", f"{_count(now.doubts, 'local failure')} lately: Claude goes first there", "models")
    if now.prices_of:
        yield Trouble("prices", f"The prices are old: of {now.prices_of}", "models")
    if now.notices:
        yield Trouble("notices", f"{_count(now.notices, 'notice')} on the dashboard", "today")


def stale(age_s: float | None) -> Trouble | None:
    """Say that figures are old, by their age in seconds; None for the age is that there are none at all."""
    if age_s is None:
        return Trouble("stale", "bursar does not answer", "")
    if age_s < STALE_S:
        return None
    return Trouble("stale", f"bursar does not answer: figures are {_age(age_s)} old", "")


def _servers(now: Glance) -> Iterator[Trouble]:
    """Tell of servers that cannot be used, and of none at all where only they may be used."""
    bad = [server for server in now.servers if not server.is_usable]
    if len(bad) == 1:
        yield Trouble("local", f"{_said(bad[0])}{_instead(now)}", "models")
    elif bad:
        yield Trouble("local", f"{len(bad)} of {len(now.servers)} local servers are down{_instead(now)}", "models")
    elif not now.servers and now.mode is Mode.local:
        yield Trouble("local", f"No local model server was found{_instead(now)}", "models")


def _said(server: Server) -> str:
    """Begin the sentence with the server's name where it goes on from there."""
    return f"{server.name} {server.why[3:]}" if server.why.startswith("it ") else f"{server.name}: {server.why}"


def _instead(now: Glance) -> str:
    """Say who does the work of a server that is down."""
    other = next((server.name for server in now.servers if server.is_usable), "")
    if now.mode not in (Mode.auto, Mode.local):
        return ""
    if other:
        return f": using {other}"
    if now.mode is Mode.local or now.halt or now.trouble or now.is_at_cutoff:
        return ": nobody answers"
    return ": using Claude"


def _age(age_s: float) -> str:
    if age_s < 120:
        return f"{int(age_s)} s"
    return f"{int(age_s // 60)} min" if age_s < 2 * 3600 else f"{int(age_s // 3600)} h"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
