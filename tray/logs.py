"""Logs: configured once; whatever looks like a credential is taken out where the text is written."""

from __future__ import annotations

import faulthandler
import logging
import os
import re
import sys
import threading
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Any

MOST_BYTES = 2_000_000
KEPT = 3
MOST_CAUSES = 8
_SHOWN = {"\n": "\n    ", "\t": " "}
"""Lines after a message's first are set in: none of them can be taken for a record of its own."""
FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"

_SECRETS = re.compile(
    r"""(?ix)
    (?P<name> \b(?:x-api-key|authorization|proxy-authorization|cookie|api[_-]?key|token)\b
        ["']? \s* [:=,] \s* (?:b?["'])? )
    (?:(?:bearer|basic)\s+)? [^\s"',;)}\]]+
    | \b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}
    | \b(?:sk|pk|rk|ghp|gho|github_pat|xox[bap]|glpat)[-_][A-Za-z0-9_-]{8,}
    | (?<=://) [^/\s:@]+ : [^/\s@]+ (?=@)
    """
)


def redacted(text: str) -> str:
    """Take out API keys, bearer tokens, passwords in URLs; the name before one stays."""
    return _SECRETS.sub(lambda found: f"{found['name'] or ''}[redacted]", text)


def told(error: BaseException) -> str:
    """Tell an exception and those before it: where each passed and of what kind it was.

    What it says is kept only where the system or the database says it: any other message may quote a prompt.
    """
    parts: list[str] = []
    at: BaseException | None = error
    while at is not None and len(parts) < MOST_CAUSES:
        said = f": {at}" if isinstance(at, OSError) or type(at).__module__ == "sqlite3" else ""
        places = "".join(traceback.format_tb(at.__traceback__))
        parts.append(f"Traceback (most recent call last):\n{places}{type(at).__name__}{said}")
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return "\n\nwhich led to\n\n".join(reversed(parts))


class RedactingFormatter(logging.Formatter):
    """Formats a record, its traceback included, without credentials and without what an exception quotes."""

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """Tell an exception without its message."""
        return told(ei[1]) if ei[1] else ""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Make a message one that a terminal shows as it is: a name in it may be a stranger's."""
        record.message = "".join(char if char.isprintable() else _SHOWN.get(char, "�") for char in record.message)
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        """Format, then redact: nothing is written that did not pass here."""
        return redacted(super().format(record))


class PrivateRotatingFile(RotatingFileHandler):
    """A log file that only its owner can read, cut off at a size, a few old ones kept."""

    def _open(self) -> IO[Any]:  # type: ignore[override]
        return open(self.baseFilename, self.mode, encoding="utf-8", opener=_privately)


def configure(log_file: Path, crash_file: Path, *, on_screen: logging.Formatter | None) -> None:
    """Send all logging to the file, and warnings to stderr in the form given, if somebody reads it there.

    What no thread catches is logged as well.
    """
    file = PrivateRotatingFile(log_file, maxBytes=MOST_BYTES, backupCount=KEPT, delay=True)
    file.setFormatter(RedactingFormatter(FORM))
    handlers: list[logging.Handler] = [file]
    if on_screen:
        screen = logging.StreamHandler(sys.stderr)
        screen.setLevel(logging.WARNING)
        screen.setFormatter(on_screen)
        handlers.append(screen)
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    _catch_the_rest(crash_file)


def _catch_the_rest(crash_file: Path) -> None:
    log = logging.getLogger("bursar")

    def of_thread(got: threading.ExceptHookArgs) -> None:
        if got.exc_value is not None and not isinstance(got.exc_value, SystemExit):
            name = got.thread.name if got.thread else "?"
            log.critical("thread %s died", name, exc_info=got.exc_value)

    threading.excepthook = of_thread
    try:
        # Stays open for as long as the process lives: the interpreter writes its last words there.
        faulthandler.enable(open_privately(crash_file))
    except OSError as error:
        log.warning("%s is not used: %s", crash_file, error.strerror)


def open_privately(path: Path) -> IO[str]:
    """Open a file of ours to write at its end."""
    return open(path, "a", encoding="utf-8", opener=_privately)


def _privately(path: str, flags: int) -> int:
    """Open a file that only its owner can read; no link is followed."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)
