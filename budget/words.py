"""Words for a person: what a mode means, how a request ended, and that something is made up."""

from __future__ import annotations

MEANS = {
    "observe": "every request goes where the agent sent it; bursar meters and keeps the cutoff",
    "auto": "safe and routine work goes local, the rest to Claude while the budget lasts",
    "cloud": "Claude only, within the cutoff",
    "local": "local models only; not one byte to Claude",
}

SIMULATED = "SIMULATED: a made-up day, no money was spent"
"""What is said first of everything in a folder of `bursar demo`."""

ENDS = {
    "voided": "failed",
    "unknown": "done, cost not known",
    "interrupted": "broken off",
    "client_left": "agent hung up",
    "orphaned": "cut off when bursar ended",
    "flagged": "done, count doubtful",
    "corrected": "correction",
    "lost": "lost from the ledger",
    "complete": "done",
}
"""How a request ended; JSON has the ledger's words."""


def end(outcome: str) -> str:
    """Say how a request ended."""
    return ENDS.get(outcome, outcome) or "under way"
