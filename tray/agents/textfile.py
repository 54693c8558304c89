"""A settings file of somebody else's: read as it is, written whole or not at all, and never without need."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from budget.files import sync, sync_folder, write_all

BOM = "\ufeff"
MOST_BYTES = 4 * 2**20
COPY = ".before-bursar"
"""What the name of the copy ends in that is kept beside a changed file."""


class CannotEdit(ValueError):
    """A file cannot be changed, or should not be; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file as it was read: the path that its program knows, and what is there; None where there is no file."""

    path: Path
    content: bytes | None

    @property
    def text(self) -> str:
        """Give the text without its byte order mark."""
        return (self.content or b"").decode("utf-8").removeprefix(BOM)

    @property
    def fingerprint(self) -> str:
        """Give a short name of what is in the file; empty where there is none."""
        return "" if self.content is None else sha256(self.content).hexdigest()

    def with_text(self, text: str) -> TextFile:
        """Give the file with another text, the byte order mark kept."""
        mark = BOM if (self.content or b"").startswith(BOM.encode()) else ""
        return TextFile(self.path, (mark + text).encode("utf-8"))


def read(path: Path) -> TextFile:
    """Read a file that may be missing; raises CannotEdit for what is no text in UTF-8, and OSError."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return TextFile(path, None)
    except IsADirectoryError:
        raise CannotEdit(f"{path} is a folder") from None
    except PermissionError:
        raise CannotEdit(f"{path} cannot be read; look at who may: ls -l '{path}'") from None
    if len(content) > MOST_BYTES:
        raise CannotEdit(f"{path} is larger than {MOST_BYTES >> 20} MB; that is no settings file")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CannotEdit(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8, then try again") from None
    return TextFile(path, content)


def replace(before: TextFile, after: TextFile) -> None:
    """Put another content in the place of what was read; None takes the file away.

    A link stays, and what it leads to is changed; mode and owner stay. Raises CannotEdit if the file has changed since
    it was read, or is read-only.
    """
    check_same(before)
    target = Path(os.path.realpath(before.path))
    _check_writable(before.path, target)
    if after.content is None:
        target.unlink(missing_ok=True)
        return
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        _write(target, after.content)
    except PermissionError:
        raise CannotEdit(
            f"nothing can be written in {target.parent}; look at who may: ls -ld '{target.parent}'"
        ) from None


def check_same(before: TextFile) -> None:
    """Raise CannotEdit if a file has changed since it was read."""
    if read(before.path).content != before.content:
        raise CannotEdit(f"{before.path} was changed meanwhile; nothing was written, try again")


def keep_copy(file: TextFile, place: Path) -> None:
    """Write a copy beside the file, as private as the file is; an older one is replaced."""
    assert file.content is not None
    _write(place, file.content, like=file.path)


def _check_writable(path: Path, target: Path) -> None:
    try:
        found = target.stat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(found.st_mode):
        raise CannotEdit(f"{path} is no plain file")
    if not found.st_mode & stat.S_IWUSR:
        raise CannotEdit(f"{path} is read-only, so bursar leaves it alone; to let it: chmod u+w '{target}'")


def _write(target: Path, content: bytes, like: Path | None = None) -> None:
    """Write aside in the same folder, then rename: after any crash either the old or the new content is there."""
    aside = target.with_name(f".{target.name}.{os.getpid()}.bursar")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    fd = os.open(aside, flags, 0o600)
    try:
        try:
            _become_like(fd, aside, like or target)
            write_all(fd, content)
            sync(fd)
        finally:
            os.close(fd)
        aside.replace(target)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def _become_like(fd: int, aside: Path, model: Path) -> None:
    try:
        found = model.stat()
    except FileNotFoundError:
        return
    aside.chmod(stat.S_IMODE(found.st_mode))
    if hasattr(os, "fchown") and (found.st_uid, found.st_gid) != (os.geteuid(), os.getegid()):
        os.fchown(fd, found.st_uid, found.st_gid)
