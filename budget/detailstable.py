"""The tables of details as the migration makes them: what stands beside entries for a set time, and who pays."""

from __future__ import annotations

# An entry of before this has its details in its own row, for good.
_DETAILS = """
CREATE TABLE details (
    entry_id INTEGER PRIMARY KEY REFERENCES entries (id),
    raw_usage TEXT NOT NULL,
    terms TEXT NOT NULL,
    rates TEXT NOT NULL
) STRICT
"""

FIRST = (
    *(
        f"ALTER TABLE {table} ADD COLUMN is_plan INTEGER NOT NULL DEFAULT 0 CHECK (is_plan IN (0, 1))"
        for table in ("holds", "entries")
    ),
    _DETAILS,
    "CREATE TRIGGER details_stay BEFORE UPDATE ON details "
    "BEGIN SELECT RAISE(ABORT, 'details are never edited; old ones go'); END",
)
