"""What the ledger's database is known by; apart from its migrations, whose tools take 80 ms to import."""

APPLICATION_ID = 0x62757273  # "burs"
VERSION = 2

# Columns that a hold has and its entry keeps.
LABELS = "session, agent, model_asked, task_class, tier, mode, band, reason, project, turn, dialect, attempt"

# What local work cost, on entries and totals: picodollars of energy alone, picodollars with everything, millijoules.
LOCAL_AMOUNTS = "local_marginal, local_full, joules_milli"
LOCAL = f"{LOCAL_AMOUNTS}, local_source"
