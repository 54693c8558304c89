"""Paths: where bursar keeps its files on this system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HOME = "BURSAR_HOME"
"""The environment variable that puts all of bursar's files into one folder: for tests, benches, a second budget."""


@dataclass(frozen=True)
class Paths:
    """The two folders that everything lies in: what a person edits, and what bursar keeps."""

    config: Path
    state: Path

    @classmethod
    def of(cls, environ: Mapping[str, str], home: Path | None = None) -> Paths:
        """Choose the folders: the given home, else BURSAR_HOME, else the system's usual places."""
        chosen = home or (Path(environ[HOME]) if environ.get(HOME) else None)
        if chosen is not None:
            chosen = chosen.expanduser().absolute()
            return cls(chosen, chosen)
        import platformdirs  # Costs 30 ms, and only this line needs it.

        return cls(
            Path(platformdirs.user_config_path("bursar", appauthor=False)),
            Path(platformdirs.user_state_path("bursar", appauthor=False)),
        )

    @property
    def config_file(self) -> Path:
        """The settings that a person edits."""
        return self.config / "config.toml"

    @property
    def user_prices(self) -> Path:
        """A person's own prices, laid over ours."""
        return self.config / "prices.toml"

    @property
    def refreshed_prices(self) -> Path:
        """Prices taken over by `bursar prices update`."""
        return self.state / "refreshed_prices.json"

    @property
    def ledger(self) -> Path:
        """The ledger's folder: database, high-water file, backups."""
        return self.state / "ledger"

    @property
    def knowledge(self) -> Path:
        """What probes and benches found of local models."""
        return self.state / "models.json"

    @property
    def token_ratios(self) -> Path:
        """How many tokens contents have, as learned from Claude's counts."""
        return self.state / "token_ratios.json"

    @property
    def restrictions(self) -> Path:
        """The names of restricted sessions."""
        return self.state / "restricted_sessions.txt"

    @property
    def agents(self) -> Path:
        """What was changed in agents' settings, so that it can be undone."""
        return self.state / "agents.json"

    @property
    def run_file(self) -> Path:
        """Says which process runs and on which ports; `budget.instance` writes it beside the lock."""
        return self.state / "run.json"

    @property
    def version_mark(self) -> Path:
        """Names the bursar that ran here last, for an older one that cannot go on with what it left."""
        return self.state / "version.txt"

    @property
    def token_file(self) -> Path:
        """The control server's token, new at each start, for our own commands to read."""
        return self.state / "control.token"

    @property
    def reports(self) -> Path:
        """The weekly reports as they were made."""
        return self.state / "reports"

    @property
    def log_file(self) -> Path:
        """The rotating log."""
        return self.state / "bursar.log"

    @property
    def simulated_mark(self) -> Path:
        """Lies in a folder whose books are made up, and makes all that reads them say so."""
        return self.state / "simulated.txt"

    @property
    def unseen_mark(self) -> Path:
        """Lies there once a person was told that their desktop shows no tray icons."""
        return self.state / "no_tray_told.txt"

    @property
    def crash_file(self) -> Path:
        """Where the interpreter writes its last words."""
        return self.state / "crash.log"
