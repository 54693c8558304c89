"""bursar lets go of its lock and its ledger at the end, whatever its desktop does."""

import threading
from contextlib import ExitStack
from typing import Any, cast

import pytest

from tray.app import App
from tray.signals import Signals


class Served:
    """A server that has nothing under way."""

    def drain(self, seconds: float) -> None:
        """Wait for nobody."""

    def cut(self, is_cut: object) -> None:
        """Cut nothing off."""


class Broken:
    """A desktop that went away without a word."""

    def leaving(self) -> None:
        """Say nothing."""

    def stop(self) -> None:
        """Fail, as a window that is not there any more does."""
        raise OSError("no such window")


def test_a_desktop_that_fails_at_the_end_keeps_nothing_from_being_let_go():
    let_go: list[str] = []
    end = ExitStack()
    end.callback(let_go.append, "the lock")
    nothing: Any = None
    served = cast("Any", Served())
    app = App(nothing, served, served, end, (), nothing, nothing, nothing, Signals())
    app.signals.leave()
    with pytest.raises(OSError, match="no such window"):
        app._leave_when_asked(cast("Any", Broken()))
    assert let_go == ["the lock"]
    app.signals.leave()
    for waiting in (thread for thread in threading.enumerate() if thread.name == "hurry"):
        waiting.join(10)  # It waits for a second request to leave.
    for end_of_pair in (app.signals._read, app.signals._write):
        end_of_pair.close()
