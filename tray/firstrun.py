"""First run: what a new bursar finds on the machine, and the page that says so once."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import threading
from collections.abc import Mapping

from budget.glance import Unreadable, has_entries
from budget.history import logs_in
from budget.ledger import Ledger
from budget.trouble import LedgerUnavailable
from pricing.money import Money
from proxy.around import FoundAgent, Import, PastLogs
from tray.agentlogs import claude_logs
from tray.browser import open_page
from tray.control import Control, ControlError
from tray.startup import start_at_login, starts_at_login
from tray.startup.folders import home
from tray.startup.program import Program, command

WELCOME = "welcome"
"""The page of the dashboard."""

AGENTS = (
    ("Claude Code", "claude", ".claude", "bursar connect claude-code"),
    ("opencode", "opencode", ".config/opencode", "bursar connect opencode"),
    ("Codex", "codex", ".codex", ""),
)
"""Their names, programs and folders, and the command that wires them; Codex speaks an API that bursar does not."""


log = logging.getLogger(__name__)


class Surroundings:
    """What is around this bursar, looked at anew each time; the import runs in a process of its own."""

    def __init__(self, environ: Mapping[str, str], platform: str, program: Program | None = None) -> None:
        self._environ, self._platform = environ, platform
        self._import_command = command(program or Program.this(), environ, platform, ("history", "import", "--json"))
        self._lock = threading.Lock()
        self._import = Import()

    def agents(self) -> tuple[FoundAgent, ...]:
        """Name the agents whose program or folder is here."""
        path, folder = self._environ.get("PATH", ""), home(self._environ)
        return tuple(
            FoundAgent(title, connect)
            for title, name, kept, connect in AGENTS
            if shutil.which(name, path=path) or (folder / kept).is_dir()
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

    def starts_at_login(self) -> bool:
        """Tell whether bursar starts when the person logs in."""
        return starts_at_login(self._environ, self._platform)

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
    found = json.loads(out)
    return Import("done", f"{found['new']:,} requests were imported; {found['same']:,} were there already")
