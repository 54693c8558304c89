"""The schema, step by step; steps are only added."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from budget import baselinetables, detailstable, historytable, m009_cachemisses, refused
from budget.schema import APPLICATION_ID, LOCAL_AMOUNTS, VERSION

# The labels of the first version; later ones are columns that a later step adds.
_LABELS = "session, agent, model_asked, task_class, tier, mode, band, reason, project, turn, dialect"
_LABEL_COLUMNS = ", ".join(f"{name} TEXT NOT NULL" for name in _LABELS.split(", ")) + ", attempt INTEGER NOT NULL"

_MOST = 2**60

ledger = Migrations("ledger")


def migrate(db: Database) -> None:
    """Bring a database to this version; a version that is already there changes nothing.

    All steps or none: a ledger that was left half way would be copied aside as if it were still the one of before.
    """
    with db.atomic():
        ledger.apply(db)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {VERSION}")


@ledger()
def m001_tables(db: Database) -> None:
    """Create the tables of the first version."""
    for statement in (_STATE, _DAYS, _HOLDS, _ENTRIES, _TOTALS, _ALERTS):
        db.execute(statement)


@ledger()
def m002_indexes(db: Database) -> None:
    """Create what looks entries up by request and by the entry they correct."""
    db.execute("CREATE INDEX entries_request ON entries (request_id)")
    db.execute("CREATE INDEX entries_corrects ON entries (corrects) WHERE corrects IS NOT NULL")


@ledger()
def m003_triggers(db: Database) -> None:
    """Forbid what must never happen: an entry changed, a hold changed, a hold gone without its entry."""
    for statement in _TRIGGERS:
        db.execute(statement)


@ledger()
def m004_local_cost(db: Database) -> None:
    """Keep what local work cost: energy only and in full (picodollars), millijoules, and how that is known.

    The cutoff counts none of it. No source means that nothing is known, as of all entries older than this.
    """
    for table in ("entries", "totals"):
        for column in LOCAL_AMOUNTS.split(", "):
            db.execute(f"ALTER TABLE {table} ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0 CHECK ({column} >= 0)")
        db.execute(f"ALTER TABLE {table} ADD COLUMN local_source TEXT NOT NULL DEFAULT ''")


@ledger()
def m005_baselines(db: Database) -> None:
    """Keep what each request would have cost at the model it asked for, and sums of it for reports.

    Entries older than this have no baseline, and nothing is made up for them.
    """
    for statement in baselinetables.FIRST:
        db.execute(statement)


@ledger()
def m006_outbox(db: Database) -> None:
    """Keep every kind of alert, and how it went with each destination; thresholds of before are not told any more."""
    db.execute("ALTER TABLE alerts RENAME TO thresholds")
    for statement in (_OUTBOX, _DELIVERIES):
        db.execute(statement)
    db.execute(
        "INSERT INTO alerts (kind, day, subject, at, facts, planned) "
        "SELECT 'threshold', day, threshold, at, '{}', coalesce(told, at) FROM thresholds ORDER BY id"
    )
    db.execute("DROP TABLE thresholds")


@ledger()
def m007_history(db: Database) -> None:
    """Keep what agents' own logs say of requests, apart from all that bursar metered itself."""
    for statement in historytable.FIRST:
        db.execute(statement)


@ledger()
def m008_tallies(db: Database) -> None:
    """Count what leaves no entry: requests refused, and those that went local although they are work for Claude."""
    db.execute(_TALLIES)


@ledger()
def m009_cache_misses(db: Database) -> None:
    """Keep which requests Claude could not read from its cache, why, and what that cost; older ones are not judged."""
    for statement in m009_cachemisses.STEPS:
        db.execute(statement)


@ledger()
def m011_details(db: Database) -> None:
    """Keep what an entry rests on beside it, for a set time, and say of each request whether a plan pays for it."""
    for statement in detailstable.FIRST:
        db.execute(statement)


@ledger()
def m012_refusals(db: Database) -> None:
    """Keep the newest requests that bursar itself refused, which leave no entry."""
    db.execute(refused.TABLE)


_STATE = """
CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    day TEXT NOT NULL,
    zone TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('observe', 'auto', 'cloud', 'local')),
    stopped_by TEXT CHECK (stopped_by IN ('person', 'cutoff')),
    stopped_since TEXT,
    synced INTEGER NOT NULL DEFAULT 0,
    CHECK ((stopped_by IS NULL) = (stopped_since IS NULL))
) STRICT
"""

# The entries of a day lie between its first and its last, perhaps with a few of other days: cheaper than an index.
_DAYS = f"""
CREATE TABLE days (
    day TEXT PRIMARY KEY,
    settled INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),
    likely INTEGER NOT NULL DEFAULT 0,
    requests INTEGER NOT NULL DEFAULT 0,
    first_entry INTEGER,
    last_entry INTEGER,
    budget INTEGER NOT NULL CHECK (budget >= 0),
    cutoff INTEGER NOT NULL CHECK (cutoff BETWEEN 0 AND {_MOST}),
    extra INTEGER NOT NULL DEFAULT 0 CHECK (extra BETWEEN 0 AND {_MOST})
) STRICT, WITHOUT ROWID
"""

_HOLDS = f"""
CREATE TABLE holds (
    id INTEGER PRIMARY KEY,
    day TEXT NOT NULL REFERENCES days (day),
    since TEXT NOT NULL,
    instance TEXT NOT NULL,
    request_id TEXT NOT NULL,
    upstream TEXT NOT NULL,
    model TEXT NOT NULL,
    is_local INTEGER NOT NULL CHECK (is_local IN (0, 1)),
    amount INTEGER NOT NULL CHECK (amount BETWEEN 0 AND {_MOST}),
    likely INTEGER NOT NULL CHECK (likely >= 0),
    terms TEXT NOT NULL,
    {_LABEL_COLUMNS},
    CHECK (is_local = 0 OR amount = 0)
) STRICT
"""

_ENTRIES = f"""
CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    hold_id INTEGER UNIQUE,
    corrects INTEGER REFERENCES entries (id),
    day TEXT NOT NULL REFERENCES days (day),
    at TEXT NOT NULL,
    since TEXT NOT NULL,
    instance TEXT NOT NULL,
    request_id TEXT NOT NULL,
    upstream TEXT NOT NULL,
    model TEXT NOT NULL,
    is_local INTEGER NOT NULL CHECK (is_local IN (0, 1)),
    held INTEGER NOT NULL CHECK (held >= 0),
    charged INTEGER NOT NULL,
    likely INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN
        ('complete', 'voided', 'unknown', 'interrupted', 'client_left', 'orphaned', 'flagged', 'corrected', 'lost')),
    input INTEGER NOT NULL CHECK (input >= 0),
    cache_write_5m INTEGER NOT NULL CHECK (cache_write_5m >= 0),
    cache_write_1h INTEGER NOT NULL CHECK (cache_write_1h >= 0),
    cache_read INTEGER NOT NULL CHECK (cache_read >= 0),
    output INTEGER NOT NULL CHECK (output >= 0),
    web_searches INTEGER NOT NULL CHECK (web_searches >= 0),
    raw_usage TEXT NOT NULL,
    terms TEXT NOT NULL,
    rates TEXT NOT NULL,
    status INTEGER,
    upstream_id TEXT NOT NULL,
    flags TEXT NOT NULL,
    duration_ms INTEGER,
    first_byte_ms INTEGER,
    note TEXT NOT NULL,
    {_LABEL_COLUMNS},
    CHECK ((corrects IS NOT NULL) = (outcome = 'corrected')),
    CHECK ((hold_id IS NULL) = (outcome IN ('corrected', 'lost'))),
    CHECK (corrects IS NOT NULL OR charged >= 0 AND likely >= 0),
    CHECK (outcome <> 'voided' OR charged = 0 AND likely = 0)
) STRICT
"""

# What a week's report reads instead of a million entries.
_TOTALS = """
CREATE TABLE totals (
    day TEXT NOT NULL REFERENCES days (day),
    upstream TEXT NOT NULL,
    model TEXT NOT NULL,
    is_local INTEGER NOT NULL CHECK (is_local IN (0, 1)),
    tier TEXT NOT NULL,
    task_class TEXT NOT NULL,
    requests INTEGER NOT NULL,
    voided INTEGER NOT NULL,
    charged INTEGER NOT NULL,
    likely INTEGER NOT NULL,
    input INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    output INTEGER NOT NULL,
    web_searches INTEGER NOT NULL,
    PRIMARY KEY (day, upstream, model, is_local, tier, task_class)
) STRICT, WITHOUT ROWID
"""

# `told` is when the alert left the house: until then it stands in the outbox.
_ALERTS = """
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY,
    day TEXT NOT NULL REFERENCES days (day),
    threshold INTEGER NOT NULL CHECK (threshold > 0),
    at TEXT NOT NULL,
    told TEXT,
    UNIQUE (day, threshold)
) STRICT
"""

# Until `planned`, nobody has chosen who is told.
_OUTBOX = """
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    day TEXT NOT NULL,
    subject TEXT NOT NULL,
    at TEXT NOT NULL,
    facts TEXT NOT NULL,
    planned TEXT,
    UNIQUE (kind, day, subject)
) STRICT
"""

# `due` is when it is tried next; with neither `due` nor `told` it was given up.
_DELIVERIES = """
CREATE TABLE deliveries (
    alert INTEGER NOT NULL REFERENCES alerts (id),
    destination TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    due TEXT,
    told TEXT,
    trouble TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (alert, destination),
    CHECK (due IS NULL OR told IS NULL)
) STRICT, WITHOUT ROWID
"""

_TALLIES = """
CREATE TABLE tallies (
    day TEXT NOT NULL REFERENCES days (day),
    what TEXT NOT NULL CHECK (what IN ('refused', 'degraded')),
    tier TEXT NOT NULL,
    why TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number > 0),
    PRIMARY KEY (day, what, tier, why)
) STRICT, WITHOUT ROWID
"""

_TRIGGERS = (
    "CREATE TRIGGER entries_stay BEFORE UPDATE ON entries "
    "BEGIN SELECT RAISE(ABORT, 'an entry is never edited: correct it with another'); END",
    "CREATE TRIGGER entries_remain BEFORE DELETE ON entries "
    "BEGIN SELECT RAISE(ABORT, 'an entry is never deleted'); END",
    "CREATE TRIGGER holds_stay BEFORE UPDATE ON holds BEGIN SELECT RAISE(ABORT, 'a hold is never changed'); END",
    "CREATE TRIGGER holds_end BEFORE DELETE ON holds "
    "WHEN NOT EXISTS (SELECT 1 FROM entries WHERE hold_id = old.id) "
    "BEGIN SELECT RAISE(ABORT, 'a hold ends only as an entry'); END",
    "CREATE TRIGGER holds_once BEFORE INSERT ON holds "
    "WHEN EXISTS (SELECT 1 FROM entries WHERE hold_id = new.id) "
    "BEGIN SELECT RAISE(ABORT, 'this hold has already ended'); END",
)
