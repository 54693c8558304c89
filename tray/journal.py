"""Journal: how to log where systemd's journal takes what a service prints, with its own moments and colours.

Source: systemd.exec(5) on JOURNAL_STREAM, sd-daemon(3) on the levels.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping

from tray.logs import FORM, RedactingFormatter

_LEVELS = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))


def form_on_screen(environ: Mapping[str, str], fd: int = 2) -> logging.Formatter:
    """Choose how to log to a file descriptor (stderr): for the journal, if it reads there, else for a person."""
    return JournalFormatter() if goes_to_journal(environ, fd) else RedactingFormatter(FORM)


def goes_to_journal(environ: Mapping[str, str], fd: int) -> bool:
    """Tell whether the journal reads what is written to a file descriptor: it names its device and inode."""
    try:
        found = os.fstat(fd)
    except OSError:
        return False
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


class JournalFormatter(RedactingFormatter):
    """Formats a record without a moment, which the journal has itself; each line begins with its level."""

    def __init__(self) -> None:
        super().__init__("%(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Put the level before every line, as the journal takes each for an entry of its own."""
        level = next((number for least, number in _LEVELS if record.levelno >= least), 7)
        return "\n".join(f"<{level}>{line}" for line in super().format(record).split("\n"))
