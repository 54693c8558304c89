"""Downgrade: an older bursar does not begin on what a newer one left, and says which one that was."""

from __future__ import annotations

from budget.folder import Folder
from budget.peek import version_of
from budget.schema import VERSION as TABLES
from tray import VERSION
from tray.files import UnsafeFileError, read_private, write_private
from tray.paths import Paths
from tray.settings import SettingsError

LONGEST = 40


class Downgraded(RuntimeError):
    """What is here was left by a newer bursar; the message says which one, and what to do. Nothing was changed."""


def refuse(paths: Paths) -> None:
    """Raise Downgraded if the ledger's tables are newer than this bursar knows."""
    if version_of(paths.ledger) <= TABLES:
        return
    newer = newer_one(paths)
    kept = Folder(paths.ledger).backups / f"of-version-{TABLES}.db"
    copy = f"; the ledger as this one left it is kept as {kept}" if kept.exists() else ""
    raise Downgraded(
        f"the ledger in {paths.ledger} was made by {newer or 'a newer bursar'}, and this older one ({VERSION}) cannot "
        f"go on with it: install {newer or 'the newer one'} again{copy}"
    )


def explained(error: SettingsError, paths: Paths) -> SettingsError:
    """Add to what is wrong with the settings that a newer bursar may know them, if one ran here last."""
    newer = newer_one(paths)
    if not newer:
        return error
    hint = f"{newer} ran here last, and this is {VERSION}: what it does not know may be a newer setting"
    return SettingsError(paths.config_file.name, (*error.problems, hint))


def newer_one(paths: Paths) -> str:
    """Name the bursar that ran here last if it is newer than this one; empty if it is not, or nobody knows."""
    try:
        last = read_private(paths.version_mark)[:LONGEST].decode("ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError, UnsafeFileError):
        return ""
    return f"bursar {last}" if is_newer(last, VERSION) else ""


def note(paths: Paths) -> None:
    """Write down that this bursar runs here."""
    write_private(paths.version_mark, f"{VERSION}\n".encode())


def is_newer(one: str, other: str) -> bool:
    """Compare versions of numbers and dots; any other is not newer."""
    try:
        return _numbers(one) > _numbers(other)
    except ValueError:
        return False


def _numbers(version: str) -> tuple[int, ...]:
    found = [int(part) for part in version.removeprefix("v").split(".")]
    while found and not found[-1]:
        found.pop()
    return tuple(found)
