"""First run: what a new bursar finds on the machine, and the page that says so once."""

from __future__ import annotations

import json
import logging
import subprocess
import threading
from collections.abc import Mapping

from budget.glance import Unreadable, has_entries
from budget.history import logs_in
from budget.ledger import Ledger
from budget.trouble import LedgerUnavailable
from pricing.figures import counted, noun
from pricing.money import Money
from proxy.around import FoundAgent, Import, PastLogs
from tray.agentlogs import claude_logs
from tray.agents.detours import Around
from tray.agents.record import Record
from tray.agents.seen import agents_seen
from tray.agents.textfile import CannotEdit
from tray.browser import open_page
from tray.control import Control, ControlError
from tray.paths import Paths
from tray.startup import start_at_login, starts_at_login
from tray.startup.program import Program, command

WELCOME = "welcome"
"""The page of the dashboard."""

log = logging.getLogger(__name__)


class Surroundings:
    """What is around this bursar, looked at anew each time; the import runs in a process of its own."""

    def __init__(
        self, environ: Mapping[str, str], platform: str, paths: Paths, port: int, program: Program | None = None
    ) -> None:
        """Take the person's environment, where this bursar's files lie, and the port at which it serves agents."""
        self._environ, self._platform, self._port = environ, platform, port
        self._record = Record(paths.agents)
        self._import_command = command(program or Program.this(), environ, platform, ("history", "import", "--json"))
        self._lock = threading.Lock()
        self._import = Import()

    def agents(self) -> tuple[FoundAgent, ...]:
        """Name the agents that are here, with where their requests go; none if the record of them cannot be read."""
        try:
            here = [
                each for each in agents_seen(self._record, Around.here(self._environ, None), self._port) if each.found
            ]
        except (CannotEdit, OSError) as error:
            log.warning("agents cannot be looked at: %s", error)
            return ()
        return tuple(
            FoundAgent(each.title, each.says, f"bursar connect {each.agent}" if each.state == "not connected" else "")
            for each in here
        )

    def logs(self) -> PastLogs | None:
        """Find Claude Code's logs; None where there are none, or they cannot be read."""
        for folder in claude_logs(self._environ):
            try:
                sizes = [path.stat().st_size for path in logs_in(folder)] if folder.is_dir() else []
            except OSError:
                continue
            if sizes:
                return PastLogs(str(folder), len(sizes), sum(sizes))
        return None

    def importing(self) -> Import:
        """Tell how far the import is."""
        return self._import

    def import_logs(self) -> None:
        """Begin to import, unless that is under way."""
        with self._lock:
            if self._import.state == "under way":
                return
            self._import = Import("under way")
        threading.Thread(target=self._run_import, name="import", daemon=True).start()

    def starts_at_login(self) -> bool | None:
        """Tell whether bursar starts when the person logs in; None where the system does not say."""
        try:
            return starts_at_login(self._environ, self._platform)
        except OSError as error:
            log.warning("whether bursar starts at login is not known: %s", error)
            return None

    def start_at_login(self, on: bool) -> None:
        """Have the desktop start it, or nobody."""
        start_at_login(on, self._environ, self._platform)

    def _run_import(self) -> None:
        try:
            done = subprocess.run(
                self._import_command,
                env=dict(self._environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                encoding="utf-8",
                check=False,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
            self._import = _outcome(done.returncode, done.stdout, done.stderr)
        except OSError as error:
            self._import = Import("failed", str(error))


def wants_welcome(ledger: Ledger, *, is_new: bool) -> bool:
    """Tell whether to show the page by itself: the config file was only just made, and nothing was ever entered."""
    try:
        return is_new and not has_entries(ledger.file)
    except (Unreadable, LedgerUnavailable):
        return False


def show_welcome(control: Control, environ: Mapping[str, str], platform: str) -> bool:
    """Open the page in the person's browser once bursar serves; False where none can be opened."""
    try:
        return open_page(f"{control.link().url}?to={WELCOME}", environ, platform)
    except (ControlError, OSError) as error:
        log.warning("the first page could not be shown: %s", error)
        return False


def first_words(around: Surroundings, cutoff: Money) -> tuple[str, str, str]:
    """Say in three lines what bursar does from now on, what was found, and what to do next."""
    agents, logs = around.agents(), around.logs()
    found = [agent.title for agent in agents]
    if logs:
        found.append(f"{max(1, logs.size_bytes >> 20):,} MB of Claude Code's logs (bursar history import)")
    connect = next((f", or for good: {agent.connect}" for agent in agents if agent.connect), "")
    return (
        f"first start: every request goes where your agent sends it, never past {cutoff.dollars()} a day on Claude",
        f"found: {', '.join(found) if found else 'no agent yet'}; nothing of theirs was changed",
        f"next: bursar run -- claude{connect}; budget and mode: bursar dashboard",
    )


def _outcome(code: int, out: str, err: str) -> Import:
    """Read what the command came to."""
    if code:
        lines = err.strip().splitlines()
        return Import("failed", lines[-1].removeprefix("bursar: ") if lines else f"it ended with {code}")
    try:
        found = json.loads(out)
        new, same = found["new"], found["same"]
        done = f"{counted(new, 'request')} {noun(new, 'was', 'were')} imported"
        return Import("done", f"{done}; {same:,} {noun(same, 'was', 'were')} there already")
    except (ValueError, KeyError, TypeError):
        return Import("failed", "it ended without saying what it imported; bursar history shows what is there")
