-- A ledger as the code before baselines left it: version 2, one entry of Claude, one local, a correction, an open hold.
PRAGMA application_id = 1651864179;
PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'ledger','m001_tables','2026-11-21 09:37:34.565461+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'ledger','m002_indexes','2026-11-21 09:37:34.588087+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'ledger','m003_triggers','2026-11-21 09:37:34.711519+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'ledger','m004_local_cost','2026-11-21 09:37:34.819876+00:00');
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY,
    day TEXT NOT NULL REFERENCES days (day),
    threshold INTEGER NOT NULL CHECK (threshold > 0),
    at TEXT NOT NULL,
    told TEXT,
    UNIQUE (day, threshold)
) STRICT
;
CREATE TABLE days (
    day TEXT PRIMARY KEY,
    settled INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),
    likely INTEGER NOT NULL DEFAULT 0,
    requests INTEGER NOT NULL DEFAULT 0,
    first_entry INTEGER,
    last_entry INTEGER,
    budget INTEGER NOT NULL CHECK (budget >= 0),
    cutoff INTEGER NOT NULL CHECK (cutoff BETWEEN 0 AND 1152921504606846976),
    extra INTEGER NOT NULL DEFAULT 0 CHECK (extra BETWEEN 0 AND 1152921504606846976)
) STRICT, WITHOUT ROWID
;
INSERT INTO "days" VALUES('2026-11-21',200000000000,1500000000000,200000000000,2,1,3,10000000000000,12000000000000,0);
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
    session TEXT NOT NULL, agent TEXT NOT NULL, model_asked TEXT NOT NULL, task_class TEXT NOT NULL, tier TEXT NOT NULL, mode TEXT NOT NULL, band TEXT NOT NULL, reason TEXT NOT NULL, project TEXT NOT NULL, turn TEXT NOT NULL, dialect TEXT NOT NULL, attempt INTEGER NOT NULL, local_marginal INTEGER NOT NULL DEFAULT 0 CHECK (local_marginal >= 0), local_full INTEGER NOT NULL DEFAULT 0 CHECK (local_full >= 0), joules_milli INTEGER NOT NULL DEFAULT 0 CHECK (joules_milli >= 0), local_source TEXT NOT NULL DEFAULT '',
    CHECK ((corrects IS NOT NULL) = (outcome = 'corrected')),
    CHECK ((hold_id IS NULL) = (outcome IN ('corrected', 'lost'))),
    CHECK (corrects IS NOT NULL OR charged >= 0 AND likely >= 0),
    CHECK (outcome <> 'voided' OR charged = 0 AND likely = 0)
) STRICT
;
INSERT INTO "entries" VALUES(1,1,NULL,'2026-11-21','2026-11-21T12:00:00.000+00:00','2026-11-21T12:00:00.000+00:00','6da276036b00db80','one','anthropic','claude',0,250000000000,250000000000,250000000000,'complete',10,0,0,0,5,0,'','{"input": 3}','',200,'','',NULL,NULL,'','s1','','','debugging','L2','','','','','','anthropic',0,0,0,0,'');
INSERT INTO "entries" VALUES(2,2,NULL,'2026-11-21','2026-11-21T12:00:00.000+00:00','2026-11-21T12:00:00.000+00:00','6da276036b00db80','two','ollama','qwen',1,0,0,0,'complete',1000,0,0,0,50,0,'','','',200,'','',NULL,NULL,'','s1','','','documentation','L0','','','','','','anthropic',0,10000000000,100000000000,7,'NVML');
INSERT INTO "entries" VALUES(3,NULL,1,'2026-11-21','2026-11-21T12:00:00.000+00:00','2026-11-21T12:00:00.000+00:00','6da276036b00db80','one','anthropic','claude',0,0,-50000000000,-50000000000,'corrected',0,0,0,0,0,0,'','{"input": 3}','',NULL,'','',NULL,NULL,'as billed','s1','','','debugging','L2','','','','','','anthropic',0,0,0,0,'');
CREATE TABLE holds (
    id INTEGER PRIMARY KEY,
    day TEXT NOT NULL REFERENCES days (day),
    since TEXT NOT NULL,
    instance TEXT NOT NULL,
    request_id TEXT NOT NULL,
    upstream TEXT NOT NULL,
    model TEXT NOT NULL,
    is_local INTEGER NOT NULL CHECK (is_local IN (0, 1)),
    amount INTEGER NOT NULL CHECK (amount BETWEEN 0 AND 1152921504606846976),
    likely INTEGER NOT NULL CHECK (likely >= 0),
    terms TEXT NOT NULL,
    session TEXT NOT NULL, agent TEXT NOT NULL, model_asked TEXT NOT NULL, task_class TEXT NOT NULL, tier TEXT NOT NULL, mode TEXT NOT NULL, band TEXT NOT NULL, reason TEXT NOT NULL, project TEXT NOT NULL, turn TEXT NOT NULL, dialect TEXT NOT NULL, attempt INTEGER NOT NULL,
    CHECK (is_local = 0 OR amount = 0)
) STRICT
;
INSERT INTO "holds" VALUES(3,'2026-11-21','2026-11-21T12:00:00.000+00:00','6da276036b00db80','three','anthropic','claude',0,1500000000000,10000000000,'{"input": 3}','s1','','','debugging','L2','','','','','','anthropic',0);
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
;
INSERT INTO "state" VALUES(1,'2026-11-21','Europe/Berlin','observe',NULL,NULL,3);
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
    web_searches INTEGER NOT NULL, local_marginal INTEGER NOT NULL DEFAULT 0 CHECK (local_marginal >= 0), local_full INTEGER NOT NULL DEFAULT 0 CHECK (local_full >= 0), joules_milli INTEGER NOT NULL DEFAULT 0 CHECK (joules_milli >= 0), local_source TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (day, upstream, model, is_local, tier, task_class)
) STRICT, WITHOUT ROWID
;
INSERT INTO "totals" VALUES('2026-11-21','anthropic','claude',0,'L2','debugging',1,0,200000000000,200000000000,10,0,0,0,5,0,0,0,0,'');
INSERT INTO "totals" VALUES('2026-11-21','ollama','qwen',1,'L0','documentation',1,0,0,0,1000,0,0,0,50,0,10000000000,100000000000,7,'NVML');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX entries_request ON entries (request_id);
CREATE INDEX entries_corrects ON entries (corrects) WHERE corrects IS NOT NULL;
CREATE TRIGGER entries_stay BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'an entry is never edited: correct it with another'); END;
CREATE TRIGGER entries_remain BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'an entry is never deleted'); END;
CREATE TRIGGER holds_stay BEFORE UPDATE ON holds BEGIN SELECT RAISE(ABORT, 'a hold is never changed'); END;
CREATE TRIGGER holds_end BEFORE DELETE ON holds WHEN NOT EXISTS (SELECT 1 FROM entries WHERE hold_id = old.id) BEGIN SELECT RAISE(ABORT, 'a hold ends only as an entry'); END;
CREATE TRIGGER holds_once BEFORE INSERT ON holds WHEN EXISTS (SELECT 1 FROM entries WHERE hold_id = new.id) BEGIN SELECT RAISE(ABORT, 'this hold has already ended'); END;
COMMIT;
