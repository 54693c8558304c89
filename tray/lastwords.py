"""Last words: why bursar did not start, shown on the desktop when it was started by a click and no terminal is read."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from budget.instance import AlreadyRunning
from tray.backends.base import Note
from tray.browser import has_screen

log = logging.getLogger(__name__)


@contextmanager
def shown_on_screen(environ: Mapping[str, str], platform: str, terminal: TextIO | None) -> Iterator[None]:
    """Show a failure of what is inside as a note, too, unless a person reads the terminal; it is raised as ever."""
    try:
        yield
    except AlreadyRunning:
        raise
    except Exception as error:
        if has_screen(environ, platform) and not (terminal and terminal.isatty()):
            try:
                _show(environ, platform, str(error))
            except Exception:  # What is told stays the first failure.
                log.exception("it could not be shown on the desktop")
        raise


def _show(environ: Mapping[str, str], platform: str, why: str) -> None:
    from tray.backends.choose import choose_notifier

    notifier = choose_notifier(platform, environ, lambda action: None, None)
    if notifier and notifier.is_there():
        trouble = notifier.tell(Note("start", "bursar could not start", why, ""))
        if trouble:
            log.info("%s", trouble)
        notifier.close()
