"""What the ledger's database is known by; apart from its migrations, whose tools take 80 ms to import."""

APPLICATION_ID = 0x62757273  # "burs"
VERSION = 9

# Columns that a hold has and its entry keeps.
LABELS = "session, agent, model_asked, task_class, tier, mode, band, reason, project, turn, dialect, attempt, is_plan"

# What local work cost, on entries and totals: picodollars of energy alone, picodollars with everything, millijoules.
LOCAL_AMOUNTS = "local_marginal, local_full, joules_milli"
LOCAL = f"{LOCAL_AMOUNTS}, local_source"

# What baselines are summed up by, and what of them is summed up.
BASELINE_KEY = "day, mode, tier, task_class, model_asked, model, is_local, project, agent, is_plan, part, basis"
BASELINE_SESSION_KEY = "session, day, is_plan, part, basis"
BASELINE_VALUES = (
    "requests, low, likely, high, cloud, local_marginal, local_full, local_idle, "
    "predicted_requests, predicted, predicted_actual, predicted_off, would_requests, would_likely"
)
