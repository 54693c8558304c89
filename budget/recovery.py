"""A ledger that cannot be used is set aside, whole, and the newest good backup takes its place."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from budget.book import Book
from budget.database import Unusable, copy_to, create, faults, is_mixed, open_writer, put_copy_in_place
from budget.files import sync_folder
from budget.folder import Folder
from budget.trouble import Trouble

_WHY = {
    "empty": "was empty",
    "damaged": "was damaged",
    "foreign": "was not bursar's",
    "link": "was a symbolic link",
    "missing": "was missing",
    "mixed": "was put together from two copies",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """The writing connection; `restored` when what it shows may be older than what was spent."""

    connection: sqlite3.Connection
    restored: bool
    notices: tuple[str, ...] = ()


def open_or_recover(folder: Folder, now: datetime, *, known: bool) -> Opened:
    """Open the ledger, making the first one or recovering an unusable one; `known`: there was a ledger here before.

    Raises OSError or sqlite3.Error when the surroundings do not allow it: no space, no permission, a lock.
    """
    if not folder.database.exists() and not folder.database.is_symlink() and not known:
        folder.set_aside("stray", now)
        create(folder.database)
        return Opened(open_writer(folder.database), restored=False)
    try:
        return Opened(open_writer(folder.database), restored=False)
    except FileNotFoundError:
        return _recover(folder, now, "missing")
    except Unusable as error:
        return _recover(folder, now, error.why)


def _recover(folder: Folder, now: datetime, why: str) -> Opened:
    aside = folder.set_aside(why, now)
    kept = f"; it is kept as {aside.name}" if aside else ""
    backup = next((path for path in newest_backups(folder) if _is_good(path)), None)
    if backup is None:
        create(folder.database)
        return Opened(open_writer(folder.database), True, (f"the ledger {_WHY[why]}{kept}; there was no backup",))
    put_copy_in_place(backup, folder.database)
    return Opened(open_writer(folder.database), True, (f"the ledger {_WHY[why]}{kept}; restored from {backup.name}",))


def rescue(book: Book, trouble: Trouble | None) -> tuple[str, ...]:
    """Save what can be saved before a book is opened anew: all of it, if its file was only deleted or swapped."""
    match trouble.kind if trouble and book.is_open else None:
        case "gone":
            return _write_anew(book)
        case "damaged" if faults(book.connection):
            return _give_up(book)
        case _:
            return ()


def _give_up(book: Book) -> tuple[str, ...]:
    """Take the damaged file away, so that opening finds it missing and restores a backup."""
    book.close()
    aside = book.folder.set_aside("damaged", book.now)
    return (f"the ledger was damaged; it is kept as {aside.name}",) if aside else ()


def _write_anew(book: Book) -> tuple[str, ...]:
    folder, saved = book.folder, book.folder.database.with_name("ledger.rescued.db")
    copy_to(book.connection, saved)
    # SQLite removes the log by its name when it closes, so it must close before the rescued file takes the name.
    book.close()
    aside = folder.set_aside("swapped", book.now)
    saved.replace(folder.database)
    sync_folder(folder.path)
    kept = f"; what lay in its place is kept as {aside.name}" if aside else ""
    return (f"the ledger was removed or replaced under us and written anew{kept}",)


def newest_backups(folder: Folder) -> list[Path]:
    """List the backups, newest first."""
    return sorted(folder.backups.glob("ledger-*.db"), reverse=True)


def _is_good(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            is_whole = not faults(connection) and not is_mixed(connection)
            return is_whole and connection.execute("SELECT count(*) FROM state").fetchone()[0] == 1
    except sqlite3.Error:
        return False
