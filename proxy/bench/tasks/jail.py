"""Jail: runs a model's code in a child that is locked in, and tells what came of it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from proxy.bench.tasks.vetting import MODULES, objection

CELL = Path(__file__).with_name("cell.py")
FLAGS = ("-I", "-S", "-B")
"""Nothing of the environment, no packages, no files left behind."""

SECONDS = 5
WALL_S = 12.0
ANSWER_BYTES = 64 * 1024
STRONG = frozenset({"limits", "system calls"})
"""Enough by themselves; namespaces and an empty root, which not every system grants, stand behind them."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a run: which checks held, or in `why` what kept the code from running at all."""

    results: tuple[bool, ...] = ()
    why: str = ""
    walls: tuple[str, ...] = ()

    @property
    def all_held(self) -> bool:
        """Tell whether there were checks and each of them held."""
        return bool(self.results) and all(self.results)


class Jail:
    """Runs code that nobody has read, under its checks. Each run is a process of its own, in an empty folder.

    `free` leaves the inner walls out (the reading of the code and the missing names), for tests of the outer ones, and
    `cell` is another child than the usual one.
    """

    def __init__(
        self, python: str | None = None, *, wall_s: float = WALL_S, free: bool = False, cell: Path = CELL
    ) -> None:
        self._python, self._cell = python or _python(), cell
        self._wall_s, self._free = wall_s, free

    @property
    def usable(self) -> bool:
        """Tell whether there is a Python to run anything with."""
        return self._python is not None and self._cell.exists()

    def isolation(self) -> str:
        """Try the walls, and say in words for a person how strong they are here."""
        if not self.usable:
            return "there is no Python here to run it with"
        walls = set(self.run("", checks=("1 == 1",)).walls)
        if walls >= STRONG:
            return "no network, no files, no other programs, little time and memory"
        if "limits" in walls:
            return "limits on time and memory, but this system gives it no walls of its own: weaker"
        return "a time limit and a check of the code, but no walls: this system offers none"

    def run(
        self, code: str, *, checks: Sequence[str] = (), modules: Mapping[str, str] | None = None, collect: bool = False
    ) -> Ran:
        """Run code, then each check, an expression that has to be True; `collect` runs its `test…` functions instead.

        `modules` are sources of ours that the code may import.
        """
        modules = modules or {}
        why = None if self._free else objection(code, frozenset(modules))
        if why is not None:
            return Ran(why=why)
        if self._python is None or not self._cell.exists():
            return Ran(why="there is no Python here to run it with")
        nonce = secrets.token_hex(16)
        task = {
            "nonce": nonce, "code": code, "checks": list(checks), "modules": dict(modules), "collect": collect,
            "seconds": SECONDS, "allowed": sorted(MODULES), "free": self._free,
        }  # fmt: skip
        return _read(_child([self._python, *FLAGS, str(self._cell)], json.dumps(task).encode(), self._wall_s), nonce)


def _child(command: list[str], task: bytes, wall_s: float) -> bytes | None:
    """Start the child, and take what it says; None when it had to be killed."""
    with tempfile.TemporaryDirectory(prefix="bursar-") as folder, _started(command, folder) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        late = threading.Event()
        clock = threading.Timer(wall_s, lambda: _end(child, late))
        clock.start()
        try:
            with contextlib.suppress(BrokenPipeError):
                child.stdin.write(task)
                child.stdin.close()
            said: bytes = child.stdout.read(ANSWER_BYTES + 1)
        finally:
            clock.cancel()
            _kill(child)
        return None if late.is_set() else said


@contextlib.contextmanager
def _started(command: list[str], folder: str) -> Iterator[subprocess.Popen[bytes]]:
    # Windows starts no Python without this one name; nothing else of the environment goes along.
    environment = {"SYSTEMROOT": r"C:\Windows"} if os.name == "nt" else {}
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder, env=environment,
        close_fds=True, start_new_session=True,
    )  # fmt: skip
    with child:
        try:
            yield child
        finally:
            _kill(child)


def _end(child: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    _kill(child)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "nt":
            child.kill()
        elif child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)


def _read(said: bytes | None, nonce: str) -> Ran:
    if said is None:
        return Ran(why="it did not come to an end")
    if len(said) > ANSWER_BYTES:
        return Ran(why="it printed too much")
    try:
        answer = json.loads(said.splitlines()[-1])
        known = isinstance(answer, dict) and answer.get("nonce") == nonce
    except (IndexError, ValueError):
        known = False
    if not known:
        return Ran(why="it ended before its checks")
    results = tuple(value is True for value in answer["results"])
    return Ran(results, str(answer["error"]), tuple(map(str, answer["walls"])))


def _python() -> str | None:
    """Find a Python: our own, or in a frozen bursar the system's."""
    if getattr(sys, "frozen", False):
        return shutil.which("python3", path=os.defpath)
    return sys.executable
