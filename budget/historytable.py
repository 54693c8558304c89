"""The table of imported history: what agents' own logs say of requests; never part of a day's spend or its limits."""

from __future__ import annotations

COUNTS = "input, cache_write_5m, cache_write_1h, cache_read, output, web_searches"

COLUMNS = (
    "message_id, request_id, at, day, session, agent, project, model, turn, tier, task_class, "
    f"{COUNTS}, picos, provisional, tools, edited, through"
)
"""What a row has: its ids, when and where it was, what it was taken for, its tokens by class, and what they cost.

`turn` is the id of the line with which it began, never its words. `tools` counts the calls that the answer made,
`edited` says which file of its turn it edited, by a number from 1. `provisional`: something had no price. `through`:
the request came through bursar and has an entry of its own.
"""

_TEXTS = "at, day, session, agent, project, model, turn, tier, task_class"
_NUMBERS = f"{COUNTS}, picos, tools, edited"

_TABLE = f"""
CREATE TABLE history (
    message_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    {", ".join(f"{name} TEXT NOT NULL" for name in _TEXTS.split(", "))},
    {", ".join(f"{name} INTEGER NOT NULL CHECK ({name} >= 0)" for name in _NUMBERS.split(", "))},
    provisional INTEGER NOT NULL CHECK (provisional IN (0, 1)),
    through INTEGER NOT NULL CHECK (through IN (0, 1)),
    PRIMARY KEY (message_id, request_id)
) STRICT, WITHOUT ROWID
"""

FIRST = (_TABLE, "CREATE INDEX history_day ON history (day)")
