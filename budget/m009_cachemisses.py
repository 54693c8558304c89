"""The tables of cache misses as the migration makes them; later changes are migrations of their own."""

from __future__ import annotations

# One row for each request that Claude answered and whose prompt was known. `day` stands here too, so that old rows can
# go without their entries.
_LOOKED = """
CREATE TABLE cache_looked (
    entry_id INTEGER PRIMARY KEY REFERENCES entries (id),
    day TEXT NOT NULL,
    pause_ms INTEGER CHECK (pause_ms >= 0),
    prefix INTEGER NOT NULL CHECK (prefix >= 0),
    marked INTEGER NOT NULL CHECK (marked >= 0),
    life TEXT NOT NULL CHECK (life IN ('', '5m', '1h')),
    local_between INTEGER NOT NULL CHECK (local_between >= 0),
    if_5m INTEGER CHECK (if_5m >= 0),
    if_1h INTEGER CHECK (if_1h >= 0),
    is_plan INTEGER NOT NULL CHECK (is_plan IN (0, 1)),
    CHECK ((if_5m IS NULL) = (if_1h IS NULL))
) STRICT
"""

# `rates` are picodollars a token as [input, 5-minute write, 1-hour write, read]; `picos` is what the tokens were
# charged at them, less what reading them would have been.
_MISSES = """
CREATE TABLE cache_misses (
    entry_id INTEGER NOT NULL REFERENCES cache_looked (entry_id),
    number INTEGER NOT NULL CHECK (number >= 0),
    day TEXT NOT NULL,
    kind TEXT NOT NULL,
    what TEXT NOT NULL,
    how TEXT NOT NULL,
    place INTEGER CHECK (place >= 0),
    back INTEGER,
    input INTEGER NOT NULL CHECK (input >= 0),
    cache_write_5m INTEGER NOT NULL CHECK (cache_write_5m >= 0),
    cache_write_1h INTEGER NOT NULL CHECK (cache_write_1h >= 0),
    rates TEXT NOT NULL,
    picos INTEGER NOT NULL CHECK (picos >= 0),
    pause_ms INTEGER CHECK (pause_ms >= 0),
    PRIMARY KEY (entry_id, number)
) STRICT, WITHOUT ROWID
"""

# What stays when the rows above are let go of.
_DAYS = """
CREATE TABLE cache_days (
    day TEXT NOT NULL,
    agent TEXT NOT NULL,
    model TEXT NOT NULL,
    is_plan INTEGER NOT NULL,
    kind TEXT NOT NULL,
    what TEXT NOT NULL,
    misses INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    picos INTEGER NOT NULL,
    PRIMARY KEY (day, agent, model, is_plan, kind, what)
) STRICT, WITHOUT ROWID
"""

# `compared` of the requests have figures for both lifetimes; `compared_cloud` is what these really cost.
_LIVES = """
CREATE TABLE cache_lives (
    day TEXT NOT NULL,
    agent TEXT NOT NULL,
    model TEXT NOT NULL,
    is_plan INTEGER NOT NULL,
    life TEXT NOT NULL,
    requests INTEGER NOT NULL,
    cloud INTEGER NOT NULL,
    compared INTEGER NOT NULL,
    compared_cloud INTEGER NOT NULL,
    if_5m INTEGER NOT NULL,
    if_1h INTEGER NOT NULL,
    PRIMARY KEY (day, agent, model, is_plan, life)
) STRICT, WITHOUT ROWID
"""

STEPS = (
    _LOOKED,
    _MISSES,
    _DAYS,
    _LIVES,
    "CREATE INDEX cache_looked_day ON cache_looked (day)",
    "CREATE INDEX cache_misses_day ON cache_misses (day)",
)
