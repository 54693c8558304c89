"""Whether an agent may go to Claude without bursar while bursar cannot start."""

from __future__ import annotations

import re

from budget import reading
from budget.clock import Clock
from budget.folder import Folder
from budget.historybooks import readable
from budget.peek import peek
from budget.state import Mode
from proxy.rules.project import NO_PROJECT, Project
from tray.paths import Paths
from tray.settings import Settings, read
from tray.zone import system_zone

_LOCAL_ONLY = re.compile(r"""^\s*restricted\s*=\s*["']local-only""", re.M)
_BLOCKS = re.compile(r"""^[^#\n]*\broute\s*=\s*["']block""", re.M)


def kept_from_claude(paths: Paths, clock: Clock, settings: Settings | None, project: Project = NO_PROJECT) -> str:
    """Say why nothing may go to Claude past bursar now; empty if nothing is in the way. Raises LedgerUnavailable.

    `project` is that of the folder in which the agent works. Without settings, because they are broken, the cutoff is
    the one that the ledger last went by.
    """
    known = settings or read("", system_zone)
    today = peek(paths.ledger, clock=clock, limits=known.limits(), zone=known.zone)
    if today.trouble:
        return f"the ledger cannot be read ({today.trouble})"
    if today.stop:
        return "all cloud traffic is stopped (bursar resume lifts that)"
    if today.mode is Mode.local:
        return "the mode is local (bursar mode observe lifts that)"
    text = _text(paths)
    if _LOCAL_ONLY.search(text):
        return "restricted work is to stay on this machine"
    rules = (*known.rules, *project.rules)
    if any(rule.route == "block" for rule in rules) or (settings is None and _BLOCKS.search(text)):
        return "a rule blocks requests"
    cutoff = today.limits.cutoff
    database = Folder(paths.ledger).database
    if settings is None and database.exists():
        with readable():
            rows = reading.days(database, today.day, today.day)
        cutoff = rows[0].cutoff if rows else cutoff
    return f"today's cutoff of {cutoff.dollars()} is reached" if today.gone >= cutoff else ""


def _text(paths: Paths) -> str:
    try:
        return paths.config_file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
