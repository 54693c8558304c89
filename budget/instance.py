"""One at a time: an OS file lock that dies with its process, and a note of who holds it and where it listens."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from budget.files import open_private, private_folder, write_durably


class AlreadyRunning(RuntimeError):
    """Another process holds the lock; `owner` is what it wrote about itself, if that can be read."""

    def __init__(self, owner: Owner | None) -> None:
        who = f"process {owner.pid}" if owner else "another process"
        super().__init__(f"bursar is already running ({who})")
        self.owner = owner


@dataclass(frozen=True, slots=True)
class Owner:
    """Who runs, and on which ports."""

    pid: int
    ports: dict[str, int]


class FileLock:
    """An exclusive lock on a file of its own; the system lets go of it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def acquire(self) -> bool:
        """Take the lock without waiting; False if someone else has it."""
        fd = open_private(self._path)
        try:
            _lock(fd)
        except OSError:
            os.close(fd)
            return False
        self._fd = fd
        return True

    def release(self) -> None:
        """Let go; letting go twice is harmless. The file stays: removing it would let two processes lock two files."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


class InstanceLock:
    """The program's own lock, with `run.json` beside it for whoever comes second."""

    def __init__(self, folder: Path) -> None:
        self._lock = FileLock(private_folder(folder) / "instance.lock")
        self._note = folder / "run.json"

    def acquire(self) -> InstanceLock:
        """Take the lock, or raise AlreadyRunning naming the owner."""
        if not self._lock.acquire():
            raise AlreadyRunning(owner(self._note))
        return self

    def announce(self, ports: Mapping[str, int]) -> None:
        """Write down who we are and where we listen."""
        write_durably(self._note, json.dumps({"pid": os.getpid(), "ports": dict(ports)}).encode())

    def release(self) -> None:
        """Take the note away, then let go."""
        self._note.unlink(missing_ok=True)
        self._lock.release()

    def __enter__(self) -> InstanceLock:
        return self.acquire()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def owner(note: Path) -> Owner | None:
    """Read who wrote `run.json`; None if it is missing or not ours."""
    try:
        fields = json.loads(note.read_text("utf-8"))
        return Owner(int(fields["pid"]), {str(name): int(port) for name, port in fields["ports"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _lock(fd: int) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
    else:
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
