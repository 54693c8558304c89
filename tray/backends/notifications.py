"""Notifications: notes on a Linux desktop, through whatever answers to org.freedesktop.Notifications on its bus.

Source: https://specifications.freedesktop.org/notification-spec/latest/
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from html import escape

from tray.backends.base import Note
from tray.backends.bus import DAEMON, Bus, NoBus, open_bus
from tray.backends.doorbell import Doorbell
from tray.backends.menulayout import plain
from tray.backends.wire import Message, Place

log = logging.getLogger(__name__)

NOTES = Place("/org/freedesktop/Notifications", "org.freedesktop.Notifications", "org.freedesktop.Notifications")
NORMAL = 1
AS_USUAL = -1  # The desktop decides how long a note stays.
PATIENCE_S = 5.0
NOBODY = "this desktop shows no notes: {}"

Waiting = tuple[Note, "Future[str]"]


class Notifications:
    """A `Notifier`. Its connection is made for the first note, and kept to hear a click on it."""

    def __init__(self, addresses: Callable[[], Sequence[str]], clicked: Callable[[str], None]) -> None:
        self._addresses, self._clicked = addresses, clicked
        self._line: _Line | None = None
        self._making = threading.Lock()

    def is_there(self) -> bool:
        """Tell whether there is a bus to ask."""
        try:
            self._connected()
        except NoBus:
            return False
        return True

    def tell(self, note: Note) -> str:
        """Show a note; a desktop that answers neither yes nor no within seconds has not shown it."""
        try:
            return self._connected().told(note)
        except NoBus as error:
            return NOBODY.format(error)

    def close(self) -> None:
        """Leave the bus."""
        with self._making:
            if self._line is not None:
                self._line.end()
                self._line = None

    def _connected(self) -> _Line:
        with self._making:
            if self._line is None or not self._line.is_up:
                self._line = _Line(open_bus(self._addresses()), self._clicked)
            return self._line


class _Line:
    """One connection and the thread that has it to itself."""

    def __init__(self, bus: Bus, clicked: Callable[[str], None]) -> None:
        self._bus, self._clicked = bus, clicked
        self._bell = Doorbell()
        self._waiting: queue.SimpleQueue[Waiting] = queue.SimpleQueue()
        self._shown: dict[str, tuple[int, str]] = {}  # By topic: the desktop's number for the note, and its action.
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="notes", daemon=True)
        self._thread.start()

    @property
    def is_up(self) -> bool:
        """Tell whether the bus still listens."""
        return self._thread.is_alive() and not self._ended

    def told(self, note: Note) -> str:
        """Have the thread show a note, and wait for what came of it."""
        answer: Future[str] = Future()
        self._waiting.put((note, answer))
        self._bell.ring()
        try:
            return answer.result(PATIENCE_S)
        except TimeoutError:
            return NOBODY.format("it does not answer")

    def end(self) -> None:
        """Leave the bus."""
        self._ended = True
        self._bell.ring()
        self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        try:
            self._begin()
            while not self._ended:
                if self._bell.wait(None, self._bus.socket):
                    for message in self._bus.read():
                        self._heard(message)
                while not self._waiting.empty():
                    self._show(*self._waiting.get())
        except NoBus as error:
            log.info("notes: %s", error)
        except Exception:  # The top of a thread: notes are lost, alerts are not.
            log.exception("showing notes failed")
        finally:
            self._ended = True
            self._bus.close()
            self._bell.close()

    def _begin(self) -> None:
        rule = f"type='signal',interface='{NOTES.interface}',path='{NOTES.path}'"
        self._bus.ask(DAEMON, "AddMatch", "s", (rule,))

    def _show(self, note: Note, answer: Future[str]) -> None:
        """Ask first what the desktop understands: another program may answer today than did before."""

        def answered(got: Message) -> None:
            if got.kind == "error":
                answer.set_result(NOBODY.format(*got.body[:1] or ("it gives no reason",)))
                return
            self._shown[note.topic] = (got.body[0], note.action)
            answer.set_result("")

        def understood(got: Message) -> None:
            has_markup = got.kind == "return" and "body-markup" in got.body[0]
            text = escape(note.text, quote=False) if has_markup else note.text
            replaces, _ = self._shown.get(note.topic, (0, ""))
            hints = {"urgency": ("y", NORMAL), "desktop-entry": ("s", "bursar")}
            actions = ["default", "Open"] if note.action else []
            body = ("bursar", replaces, "", plain(note.title), plain(text), actions, hints, AS_USUAL)
            self._bus.ask(NOTES, "Notify", "susssasa{sv}i", body, answered=answered)

        self._bus.ask(NOTES, "GetCapabilities", answered=understood)

    def _heard(self, signal: Message) -> None:
        match signal.interface, signal.member, signal.body:
            case NOTES.interface, "ActionInvoked", (number, "default"):
                for action in [action for shown, action in self._shown.values() if shown == number]:
                    threading.Thread(target=self._clicked, args=(action,), name="note-clicked", daemon=True).start()
            case NOTES.interface, "NotificationClosed", (number, _):
                self._shown = {topic: kept for topic, kept in self._shown.items() if kept[0] != number}
