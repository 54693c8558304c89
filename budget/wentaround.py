"""What went around bursar: requests in an agent's own logs that no entry of the ledger knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from budget.history import Reader
from budget.historybooks import Gathered

_BY_PROJECT = """
SELECT project, count(*), sum(picos), max(at) FROM main.history WHERE NOT through
GROUP BY project ORDER BY count(*) DESC, project"""


@dataclass(frozen=True, slots=True)
class WentAround:
    """The requests of one project that did not pass through bursar; `last` is the newest one's moment."""

    project: str
    requests: int
    picos: int
    last: datetime


def went_around(logs: Iterable[Path], reader: Reader, database: Path, since: datetime) -> list[WentAround]:
    """Compare logs with the ledger from a moment on: by project, most requests first. Raises LedgerUnavailable."""
    with Gathered() as gathered:
        for path in logs:
            gathered.add([row for row in reader.read(path) if row.at >= since])
        gathered.beside(database)
        found = gathered.connection.execute(_BY_PROJECT).fetchall()
    return [WentAround(name, number, picos, datetime.fromisoformat(last)) for name, number, picos, last in found]
