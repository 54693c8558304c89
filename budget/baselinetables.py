"""The tables of baselines as the migration makes them; later changes are migrations of their own."""

from __future__ import annotations

# The highest version of an entry's baseline is the one that counts. `low`, `likely` and `high` are picodollars at list
# price. `part` is what the entry is to savings; `basis` "actual": the baseline is what Claude charged, nothing for
# what never was Claude's; "simulated": its tokens by class times `rates`, in picodollars each, are `likely`; "none":
# it is not known and all three are zero. `predicted`: what the simulator alone would have said of the answer that
# Claude really gave. `would`: where mode auto would have sent it, in mode observe.
_BASELINES = """
CREATE TABLE baselines (
    entry_id INTEGER NOT NULL REFERENCES entries (id),
    version INTEGER NOT NULL CHECK (version >= 0),
    at TEXT NOT NULL,
    part TEXT NOT NULL CHECK (part IN ('kept', 'cold', 'moved', 'swapped', 'attempt', 'void')),
    basis TEXT NOT NULL CHECK (basis IN ('actual', 'simulated', 'none')),
    low INTEGER NOT NULL CHECK (low >= 0),
    likely INTEGER NOT NULL CHECK (likely >= low),
    high INTEGER NOT NULL CHECK (high >= likely),
    input INTEGER NOT NULL CHECK (input >= 0),
    cache_write_5m INTEGER NOT NULL CHECK (cache_write_5m >= 0),
    cache_write_1h INTEGER NOT NULL CHECK (cache_write_1h >= 0),
    cache_read INTEGER NOT NULL CHECK (cache_read >= 0),
    output INTEGER NOT NULL CHECK (output >= 0),
    rates TEXT NOT NULL,
    predicted INTEGER CHECK (predicted >= 0),
    local_idle INTEGER NOT NULL CHECK (local_idle >= 0),
    is_plan INTEGER NOT NULL CHECK (is_plan IN (0, 1)),
    would TEXT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (entry_id, version),
    CHECK (basis <> 'none' OR high = 0)
) STRICT, WITHOUT ROWID
"""

_VALUES = """
    requests INTEGER NOT NULL,
    low INTEGER NOT NULL,
    likely INTEGER NOT NULL,
    high INTEGER NOT NULL,
    cloud INTEGER NOT NULL,
    local_marginal INTEGER NOT NULL,
    local_full INTEGER NOT NULL,
    local_idle INTEGER NOT NULL,
    predicted_requests INTEGER NOT NULL,
    predicted INTEGER NOT NULL,
    predicted_actual INTEGER NOT NULL,
    predicted_off INTEGER NOT NULL,
    would_requests INTEGER NOT NULL,
    would_likely INTEGER NOT NULL,
"""

_TOTALS = f"""
CREATE TABLE baseline_totals (
    day TEXT NOT NULL REFERENCES days (day),
    mode TEXT NOT NULL,
    tier TEXT NOT NULL,
    task_class TEXT NOT NULL,
    model_asked TEXT NOT NULL,
    model TEXT NOT NULL,
    is_local INTEGER NOT NULL,
    project TEXT NOT NULL,
    agent TEXT NOT NULL,
    is_plan INTEGER NOT NULL,
    part TEXT NOT NULL,
    basis TEXT NOT NULL,
    {_VALUES}
    PRIMARY KEY (day, mode, tier, task_class, model_asked, model, is_local, project, agent, is_plan, part, basis)
) STRICT, WITHOUT ROWID
"""

_SESSIONS = f"""
CREATE TABLE baseline_sessions (
    session TEXT NOT NULL,
    day TEXT NOT NULL REFERENCES days (day),
    is_plan INTEGER NOT NULL,
    part TEXT NOT NULL,
    basis TEXT NOT NULL,
    project TEXT NOT NULL,
    since TEXT NOT NULL,
    until TEXT NOT NULL,
    {_VALUES}
    PRIMARY KEY (session, day, is_plan, part, basis)
) STRICT, WITHOUT ROWID
"""

# Entries up to this one have their baselines, or never get any.
_STATE = """
CREATE TABLE baseline_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    complete_to INTEGER NOT NULL
) STRICT
"""

_TRIGGERS = (
    "CREATE TRIGGER baselines_stay BEFORE UPDATE ON baselines "
    "BEGIN SELECT RAISE(ABORT, 'a baseline is never edited: a better figure is its next version'); END",
    "CREATE TRIGGER baselines_remain BEFORE DELETE ON baselines "
    "BEGIN SELECT RAISE(ABORT, 'a baseline is never deleted'); END",
    "CREATE TRIGGER baselines_in_turn BEFORE INSERT ON baselines "
    "WHEN new.version <> (SELECT coalesce(max(version) + 1, 0) FROM baselines WHERE entry_id = new.entry_id) "
    "BEGIN SELECT RAISE(ABORT, 'this version of the baseline is there already'); END",
)

FIRST = (
    _BASELINES,
    *_TRIGGERS,
    _TOTALS,
    _SESSIONS,
    "CREATE INDEX baseline_sessions_day ON baseline_sessions (day)",
    _STATE,
    "INSERT INTO baseline_state SELECT 1, coalesce(max(id), 0) FROM entries",
)
