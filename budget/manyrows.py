"""Many rows in one statement: each statement lets other threads in, which takes longer than to add a row to it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

MOST = 64
"""Rows of one statement; SQLite takes some 32,000 values, and compiles a statement of each number of rows once."""


def insert(connection: sqlite3.Connection, into: str, rows: Sequence[tuple[Any, ...]], then: str = "") -> None:
    """Insert rows of one width, in their order: `into` is what comes before VALUES, `then` what comes after them."""
    for part in _parts(rows):
        places = f"({', '.join('?' * len(part[0]))})"
        values = ", ".join([places] * len(part))
        connection.execute(f"{into} VALUES {values} {then}", tuple(chain.from_iterable(part)))


def select(
    connection: sqlite3.Connection, columns: Sequence[str], source: str, given: Iterable[int]
) -> list[list[Any]]:
    """Read rows in one step: `source` is all after the columns, in which `json_each(?)` stands for what is `given`."""
    query = f"SELECT json_group_array(json_array({', '.join(columns)})) {source}"
    return json.loads(connection.execute(query, (json.dumps(list(given)),)).fetchone()[0])  # type: ignore[no-any-return]


def _parts(rows: Sequence[tuple[Any, ...]]) -> Iterator[Sequence[tuple[Any, ...]]]:
    for begin in range(0, len(rows), MOST):
        yield rows[begin : begin + MOST]
