"""Fixtures: a home of its own, the command in this process, and a served bursar in another."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.kit.bursar import Bursar
from tray.cli.main import run
from tray.cli.place import Place

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOWHERE = "http://127.0.0.1:9"


@dataclass
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Read what `--json` printed."""
        return json.loads(self.out)


Command = Callable[..., Said]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder for everything, with a zone that does not depend on the machine."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    config = folder / "config.toml"
    config.write_text('budget = "10.00"  # mine\nzone = "UTC"\n\n[discover]\nenabled = false\n')
    config.chmod(0o600)
    return folder


@pytest.fixture
def bursar(home: Path, capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs a command in this process, at noon."""

    def command(*arguments: str, **environ: str) -> Said:
        # Agents' and shells' files are looked for in a person's home: one that holds none.
        place = Place({"BURSAR_HOME": str(home), "HOME": str(home.parent / "person"), **environ}, lambda: NOON)
        capfd.readouterr()
        code = run(list(arguments), place)
        return Said(code, *capfd.readouterr())

    return command


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Bursar]:
    """A bursar in a process of its own, whose Claude is not there."""
    with ExitStack() as stack:
        yield stack.enter_context(Bursar(tmp_path / "served", NOWHERE, mode=None))
