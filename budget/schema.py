"""What the ledger's database is known by; apart from its migrations, whose tools take 80 ms to import."""

APPLICATION_ID = 0x62757273  # "burs"
VERSION = 1

# Columns that a hold has and its entry keeps.
LABELS = "session, agent, model_asked, task_class, tier, mode, band, reason, project, turn, dialect, attempt"
