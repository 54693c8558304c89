"""Place: what every command starts from, and the errors that end one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from budget.clock import Clock
from budget.instance import InstanceLock
from tray.control import Control, running
from tray.files import private_folder
from tray.paths import Paths
from tray.settings import Settings, load
from tray.zone import system_zone

OK, FAILED, USAGE, NOT_RUNNING, IN_THE_WAY = 0, 1, 2, 3, 4

EXIT_CODES = """\
\b
Exit codes: 0 done, 1 could not be done, 2 wrong usage, 3 bursar is not running and has to be,
4 another bursar or program is in the way, 130 interrupted; `bursar run` gives its command's own."""


class Failure(RuntimeError):
    """A command could not be done; the message is what a person is told."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Place:
    """The environment, the clock, and the folders that the environment chooses."""

    environ: Mapping[str, str]
    clock: Clock
    home: Path | None = None

    @property
    def paths(self) -> Paths:
        """Where the files lie."""
        return Paths.of(self.environ, self.home)

    def settings(self) -> Settings:
        """Read the config file."""
        return load(self.paths.config_file, system_zone)

    def alone(self) -> InstanceLock:
        """Be the only bursar for as long as the block lasts; raises AlreadyRunning."""
        return InstanceLock(private_folder(self.paths.state))

    def running(self) -> Control | None:
        """Find the bursar that runs, if one does."""
        return running(self.paths)

    def control(self) -> Control:
        """Find the bursar that runs; raises Failure."""
        found = self.running()
        if found is None:
            raise Failure("bursar is not running; start it with: bursar serve", NOT_RUNNING)
        return found
