"""The database file: opened, created, checked, copied. One connection writes; all others are read-only."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from budget.files import open_private, private_folder, sync, sync_folder
from budget.folder import Folder
from budget.posting import teach
from budget.schema import APPLICATION_ID, VERSION
from budget.trouble import LedgerUnavailable, Trouble

_HEADER = 100
_MAGIC = b"SQLite format 3\0"

# A full check reads every page; beyond this size it runs beside the work instead of before it.
CHECKED_AT_OPEN = 48 * 2**20
_CANNOT_WRITE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
_LOG = "PRAGMA journal_mode = WAL"
_SMALL_TABLES = ("state", "days", "holds", "alerts", "totals")

_MIXED = """
SELECT count(*) FROM (SELECT * FROM days {days})
LEFT JOIN (SELECT day, sum(charged) AS charged FROM entries {since} GROUP BY day) USING (day)
LEFT JOIN (SELECT day, sum(amount) AS amount FROM holds GROUP BY day) USING (day)
WHERE settled <> coalesce(charged, 0) OR held <> coalesce(amount, 0)
"""


class Unusable(Exception):
    """The file is not a ledger of ours, or no longer; `why` is one word for its new name."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def open_writer(path: Path) -> sqlite3.Connection:
    """Open the one connection that writes. Raises Unusable if the file is no sound ledger, sqlite3.Error otherwise."""
    _examine(path)
    connection = sqlite3.connect(
        _uri(path, "rw"), uri=True, timeout=0.25, isolation_level=None, check_same_thread=False
    )
    try:
        _prepare(connection)
        _check_quickly(connection, path)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version < VERSION:
            _keep(connection, Folder(path.parent), version)
            _migrate(connection)
        teach(connection)
    except sqlite3.DatabaseError as error:
        connection.close()
        if is_damage(error):
            raise Unusable("damaged") from error
        raise
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def open_reader(path: Path) -> Iterator[sqlite3.Connection]:
    """Lend a read-only connection: it can look while the writer writes, and can never be a second writer.

    What a killed writer left half written, only a writer can mend; then a copy is mended, and the copy is lent.
    """
    with closing(sqlite3.connect(_uri(path, "ro"), uri=True, timeout=1.0, isolation_level=None)) as connection:
        if not _needs_a_writer(connection, path):
            yield connection
            return
    with _mended_copy(path) as copy:
        yield copy


def create(path: Path) -> None:
    """Build an empty ledger aside and rename it into place: there is never half of one."""
    aside = _begin_aside(path)
    with closing(sqlite3.connect(aside, isolation_level=None)) as connection:
        _migrate(connection)
        connection.execute(_LOG)
    put_in_place(aside, path)


def put_copy_in_place(backup: Path, path: Path) -> None:
    """Give a copy of a backup the ledger's name."""
    aside = _begin_aside(path)
    shutil.copyfile(backup, aside)
    with closing(sqlite3.connect(aside, isolation_level=None)) as connection:
        connection.execute(_LOG)
    put_in_place(aside, path)


def copy_to(source: sqlite3.Connection, target: Path) -> None:
    """Copy through SQLite's backup API, check the copy, and only then give it its name. Unusable if it is not sound."""
    aside = _begin_aside(target)
    with closing(sqlite3.connect(aside, isolation_level=None)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        if faults(copy):
            raise Unusable("damaged")
    put_in_place(aside, target)


def _migrate(connection: sqlite3.Connection) -> None:
    from sqlite_utils import Database  # Takes 80 ms, and a ledger of this version never needs it.

    from budget.migrations import migrate

    migrate(Database(connection, execute_plugins=False, recursive_triggers=False))


def _keep(connection: sqlite3.Connection, folder: Folder, version: int) -> None:
    """Copy the ledger before its tables are changed, for whoever goes back to the bursar of before; it stays there."""
    private_folder(folder.backups)
    copy_to(connection, folder.backups / f"of-version-{version}.db")


def _begin_aside(path: Path) -> Path:
    """Begin a database beside the one whose name it will get, with nothing left of one that a kill ended."""
    aside = path.with_name(path.name + ".new")
    for suffix in ("", "-journal", "-wal", "-shm"):
        aside.with_name(aside.name + suffix).unlink(missing_ok=True)
    os.close(open_private(aside))
    return aside


def put_in_place(aside: Path, path: Path) -> None:
    """Sync a finished file and rename it."""
    fd = open_private(aside)
    try:
        sync(fd)
    finally:
        os.close(fd)
    aside.replace(path)
    sync_folder(path.parent)


def faults(connection: sqlite3.Connection) -> list[str]:
    """Read the whole database and list what SQLite finds wrong; empty when it is sound."""
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(10)")]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [] if found == ["ok"] else found


def is_mixed(connection: sqlite3.Connection, *, has_all_days: bool = True) -> bool:
    """Say whether days differ from the sums of their entries and holds, as when parts of two copies were put together.

    Otherwise only the last day is looked at: there may be millions of entries.
    """
    since = "" if has_all_days else "WHERE id >= (SELECT first_entry FROM days ORDER BY day DESC LIMIT 1)"
    days = "" if has_all_days else "WHERE day = (SELECT max(day) FROM days)"
    found = connection.execute(_MIXED.format(since=since, days=days)).fetchone()
    return bool(found[0])


def is_damage(error: sqlite3.Error) -> bool:
    """Say whether an error means that the file's contents are wrong, not its surroundings."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def _examine(path: Path) -> None:
    """Look at the first bytes before SQLite does: it would take an empty file for a new database."""
    if path.is_symlink():
        raise Unusable("link")
    with path.open("rb") as file:
        header = file.read(_HEADER)
    if not header:
        raise Unusable("empty")
    if len(header) < _HEADER or not header.startswith(_MAGIC):
        raise Unusable("damaged")
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise Unusable("foreign")


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute(_LOG)
    for pragma in (
        "synchronous = NORMAL",
        "fullfsync = ON",
        "checkpoint_fullfsync = ON",
        "wal_autocheckpoint = 4000",
        "trusted_schema = OFF",
        "cell_size_check = ON",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")
    if connection.execute("PRAGMA user_version").fetchone()[0] > VERSION:
        raise LedgerUnavailable(Trouble.of("newer"))


def _needs_a_writer(connection: sqlite3.Connection, path: Path) -> bool:
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as error:
        # It is not there, or it is damaged: who asks something of it learns that.
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _CANNOT_WRITE and path.exists()
    return False


@contextmanager
def _mended_copy(path: Path) -> Iterator[sqlite3.Connection]:
    """Copy a ledger that nobody runs, with its log or journal, where only we can read it, and open the copy."""
    with tempfile.TemporaryDirectory(prefix="bursar-", ignore_cleanup_errors=True) as place:
        for suffix in ("", "-wal", "-journal"):
            part = path.with_name(path.name + suffix)
            if part.exists():
                shutil.copyfile(part, Path(place) / part.name)
        with closing(sqlite3.connect(Path(place) / path.name, isolation_level=None)) as connection:
            yield connection


def _check_quickly(connection: sqlite3.Connection, path: Path) -> None:
    if path.stat().st_size <= CHECKED_AT_OPEN:
        found = faults(connection)
    else:
        found = [
            str(row[0])
            for table in _SMALL_TABLES
            for row in connection.execute(f"PRAGMA quick_check({table})")
            if row[0] != "ok"
        ]
    if found:
        raise Unusable("damaged")
    if is_mixed(connection, has_all_days=path.stat().st_size <= CHECKED_AT_OPEN):
        raise Unusable("mixed")


def _uri(path: Path, mode: str) -> str:
    return f"{path.absolute().as_uri()}?mode={mode}"
