"""Killing at a chosen call: a child that dies at its n-th write, sync, rename, lock, or call on a socket.

The library that counts (kill_shim.c) must be loaded before Python: `with_shim` starts the program anew under it.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SOURCE = Path(__file__).with_name("kill_shim.c")
LOADED = "BURSAR_KILL_SHIM"

Deed = Callable[[Path, Callable[[str], object]], object]
"""Does something in a folder; calls the second with what a person or a provider was promised, a line at a time."""


class CannotKill(RuntimeError):
    """This machine cannot count calls; the text says why."""


@dataclass(frozen=True)
class Life:
    """How a life ended: the calls that it got to, and what it had promised by then."""

    killed: bool
    calls: list[str]
    said: list[str]
    exit_code: int

    @property
    def point(self) -> str:
        """Name the call in which it died."""
        return self.calls[-1] if self.killed and self.calls else "its end"


def with_shim(module: str, arguments: Sequence[str]) -> int:
    """Run a module under the shim, in a process of its own. Raises CannotKill."""
    compiler = shutil.which("cc")
    if not sys.platform.startswith("linux") or compiler is None:
        raise CannotKill("counting calls needs Linux and a C compiler")
    with tempfile.TemporaryDirectory() as place:
        shim = Path(place) / "kill.so"
        command = [compiler, "-O1", "-w", "-shared", "-fPIC", "-o", str(shim), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True)
        environ = {**os.environ, "LD_PRELOAD": str(shim), LOADED: "1"}
        return subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, env=environ, check=False).returncode


def is_loaded() -> bool:
    """Say whether this process runs under the shim."""
    return os.environ.get(LOADED) == "1"


def arm(folder: Path, at: int, log: int, *, torn: bool = False, upstream: int = 0) -> None:
    """Count from now on what this process does below a folder, and die at call `at`; 0: only count."""
    ctypes.CDLL(None).kill_arm(str(folder).encode(), ctypes.c_long(at), int(torn), upstream, log)


def live(folder: Path, at: int, deed: Deed, *, torn: bool = False) -> Life:
    """Let a child do a deed and die at its call `at`, or at its end."""
    with tempfile.TemporaryFile() as log, tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                arm(folder, at, log.fileno(), torn=torn)
                deed(folder, lambda line: os.write(said.fileno(), f"{line}\n".encode()))
                code = 0
            finally:
                os._exit(code)
        status = os.waitpid(child, 0)[1]
        return Life(
            os.WIFSIGNALED(status), _lines(log.fileno()), _lines(said.fileno()), os.waitstatus_to_exitcode(status)
        )


def _lines(fd: int) -> list[str]:
    os.lseek(fd, 0, os.SEEK_SET)
    with os.fdopen(os.dup(fd), "rb") as file:
        return file.read().decode(errors="replace").splitlines()
