"""WindowsTray: the tray on Windows: pystray's icon, with what it does wrong put right.

Source of what Windows does: https://learn.microsoft.com/windows/win32/api/shellapi/nf-shellapi-shell_notifyiconw
"""

from __future__ import annotations

import threading
from functools import partial

from tray.backends.base import Note, State, Wiring
from tray.backends.errands import Errands
from tray.backends.seen import UNSEEN_AFTER_S, Seen
from tray.backends.windows_icon import WindowsIcon
from tray.backends.windows_screen import know_dots
from tray.menu import DEFAULT_ACTION, Face


class WindowsTray:
    """A `Tray` for Windows. Only the thread of `run` touches Windows; others post it a message."""

    def __init__(self, wiring: Wiring, *, title: str = "bursar", unseen_after_s: float = UNSEEN_AFTER_S) -> None:
        self._wiring = wiring
        self._title = title
        self._unseen_after_s = unseen_after_s
        self._face: Face | None = None
        self._icon: WindowsIcon | None = None
        self._stopped = False
        self._change = threading.Condition()

    @property
    def state(self) -> State:
        """Say whether the taskbar shows the icon just now."""
        icon = self._icon
        if icon is None:
            return "no-bus"
        return "host" if icon.is_added else "no-host"

    def show(self, face: Face) -> None:
        """Show this from now on; a menu on the screen stays as it is until it is closed."""
        with self._change:
            self._face = face
            self._change.notify_all()
            if self._icon:
                self._icon.post_face(face)

    def tell(self, note: Note) -> str:
        """Show a note; Windows has one for an icon, so that a new one takes the place of the last."""
        with self._change:
            if self._icon is None or not self._icon.is_added:
                return "the taskbar shows no icon of bursar"
            self._icon.post_note(note)
        return ""

    def run(self) -> None:
        """Keep the icon in the taskbar until `stop`. The first face is waited for."""
        with self._change:
            self._change.wait_for(lambda: self._face is not None or self._stopped)
            face = self._face
        if face is None or self._stopped:
            return
        errands = Errands()
        try:
            know_dots()
            self._run(face, errands)
        finally:
            errands.end()

    def stop(self) -> None:
        """End `run`; the icon goes, and so does its menu."""
        with self._change:
            self._stopped = True
            self._change.notify_all()
            if self._icon:
                self._icon.post_stop()

    def _run(self, face: Face, errands: Errands) -> None:
        def clicked(action: str) -> None:
            errands.give(partial(self._wiring.clicked, action))

        def unseen() -> None:
            errands.give(self._wiring.unseen)

        icon = WindowsIcon(
            self._title,
            face,
            draw=self._wiring.draw,
            clicked=clicked,
            activated=lambda: clicked(DEFAULT_ACTION),
            opening=lambda: errands.give_if_idle(self._wiring.opening),
            ready=self._ready,
            seen=Seen(self._unseen_after_s),
            unseen=unseen,
        )
        try:
            icon.loop()
        finally:
            self._ready(None)

    def _ready(self, icon: WindowsIcon | None) -> None:
        """Take the icon that can be posted to from now on, or none; what came while it was made is not lost."""
        with self._change:
            self._icon = icon
            if icon and self._stopped:
                icon.post_stop()
            elif icon and self._face:
                icon.post_face(self._face)


class WindowsNotifier:
    """A `Notifier`: what the taskbar shows beside the icon. A click on it goes where a click in the menu goes."""

    def __init__(self, tray: WindowsTray) -> None:
        self._tray = tray
        self._is_closed = False

    def is_there(self) -> bool:
        """Tell whether the icon is there, without which Windows shows nothing."""
        return self._tray.state == "host" and not self._is_closed

    def tell(self, note: Note) -> str:
        """Show a note; gives why it was not shown."""
        return "bursar is ending" if self._is_closed else self._tray.tell(note)

    def close(self) -> None:
        """Show no more; the icon's end takes what is shown with it."""
        self._is_closed = True
