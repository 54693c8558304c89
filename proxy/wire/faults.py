"""Faults of our own in the log: where it broke, and never what it broke on."""

from __future__ import annotations

import logging
import traceback

FAULT = "this request failed inside bursar; its log says where"
"""What an agent is told of a fault of ours."""


def log_fault(log: logging.Logger, what: str, error: BaseException) -> None:
    """Log an exception's type and the places it passed; not its message, which may quote a prompt (FAULTS.md T08)."""
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s: %s\n%s", what, type(error).__name__, places)
