"""MacTray: the tray on macOS: pystray's icon, with what it does wrong put right."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence
from functools import partial

from PyObjCTools import AppHelper  # type: ignore[import-not-found, import-untyped, unused-ignore]

from tray.backends.base import Note, State, Wiring
from tray.backends.errands import Errands
from tray.backends.macos_icon import MacIcon
from tray.menu import Face

SCRIPT = """on run argv
    display notification (item 2 of argv) with title (item 1 of argv)
end run
"""
OSASCRIPT_S = 10.0


class MacTray:
    """A `Tray` for macOS. AppKit is touched on the main thread only, which has to be the one that calls `run`."""

    def __init__(self, wiring: Wiring, *, title: str = "bursar") -> None:
        self._wiring = wiring
        self._title = title
        self._face: Face | None = None
        self._icon: MacIcon | None = None
        self._is_asked = False
        self._stopped = False
        self._change = threading.Condition()

    @property
    def state(self) -> State:
        """Say whether the menu bar shows the icon; macOS does not tell whether there was room for it."""
        return "host" if self._icon else "no-bus"

    def show(self, face: Face) -> None:
        """Show this from now on, in an open menu too; of faces that come faster than they are shown the last counts."""
        with self._change:
            self._face = face
            self._change.notify_all()
            self._ask()

    def run(self) -> None:
        """Keep the icon in the menu bar until `stop`; on the main thread. The first face is waited for."""
        with self._change:
            self._change.wait_for(lambda: self._face is not None or self._stopped)
            face = self._face
        if face is None or self._stopped:
            return
        errands = Errands()
        icon = MacIcon(
            self._title,
            face,
            draw=self._wiring.draw,
            clicked=lambda action: errands.give(partial(self._wiring.clicked, action)),
            opening=lambda: errands.give_if_idle(self._wiring.opening),
        )
        try:
            self._is(icon)
            icon.loop()
        finally:
            self._is(None)
            errands.end()

    def stop(self) -> None:
        """End `run`; the icon goes."""
        with self._change:
            self._stopped = True
            self._change.notify_all()
            if self._icon:
                AppHelper.callAfter(self._end)

    def _is(self, icon: MacIcon | None) -> None:
        with self._change:
            self._icon = icon
            self._ask()
            if icon and self._stopped:
                AppHelper.callAfter(self._end)

    def _ask(self) -> None:
        """Have the main thread take the newest face; asking once is enough until it does."""
        if self._icon and not self._is_asked:
            self._is_asked = True
            AppHelper.callAfter(self._take)

    # On the main thread.

    def _take(self) -> None:
        with self._change:
            self._is_asked = False
            icon, face = self._icon, self._face
        if icon and face:
            icon.show(face)

    def _end(self) -> None:
        if self._icon:
            self._icon.end()


class MacNotifier:
    """A `Notifier` by AppleScript, which needs no rights of its own; a click on such a note opens nothing of ours."""

    def __init__(self, command: Sequence[str] = ("/usr/bin/osascript",), timeout_s: float = OSASCRIPT_S) -> None:
        self._command = command
        self._timeout_s = timeout_s

    def is_there(self) -> bool:
        """Tell that macOS has notes everywhere."""
        return True

    def tell(self, note: Note) -> str:
        """Show a note; gives why it was not shown. What it says is given as arguments and is no script."""
        try:
            done = subprocess.run(
                [*self._command, "-", note.title, note.text],
                input=SCRIPT,
                capture_output=True,
                text=True,
                timeout=self._timeout_s,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired, ValueError) as error:
            return f"AppleScript could not be run: {error}"
        return done.stderr.strip() or "AppleScript failed" if done.returncode else ""

    def close(self) -> None:
        """Nothing is heard of clicks."""
