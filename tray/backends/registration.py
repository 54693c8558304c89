"""Registration: keeps the icon known to the desktop's StatusNotifierWatcher, whenever one comes, goes or comes back."""

from __future__ import annotations

import logging

from tray.backends.bus import DAEMON, PROPERTIES, Bus
from tray.backends.wire import Message, Place

log = logging.getLogger(__name__)

WATCHER_NAME = "org.kde.StatusNotifierWatcher"  # Every desktop's, not only KDE's.
WATCHER = Place("/StatusNotifierWatcher", WATCHER_NAME, WATCHER_NAME)
HOST_SHOWN = "IsStatusNotifierHostRegistered"


class Registration:
    """One connection's dealings with the watcher: all that it asks is answered through the bus's `read`.

    `has_host` tells whether a panel that shows icons is there.
    """

    def __init__(self, bus: Bus) -> None:
        self.has_host = False
        self._bus = bus
        watched = f"type='signal',sender='{DAEMON.owner}',member='NameOwnerChanged',arg0='{WATCHER_NAME}'"
        bus.ask(DAEMON, "AddMatch", "s", (watched,))
        bus.ask(DAEMON, "AddMatch", "s", (f"type='signal',sender='{WATCHER_NAME}',interface='{WATCHER.interface}'",))
        bus.ask(DAEMON, "NameHasOwner", "s", (WATCHER_NAME,), answered=self._looked)

    def heard(self, signal: Message) -> None:
        """Take a signal from the bus or the watcher."""
        match signal.interface, signal.member, signal.body:
            case DAEMON.interface, "NameOwnerChanged", (name, _, owner) if name == WATCHER_NAME:
                self._watcher_is(bool(owner))
            case WATCHER.interface, "StatusNotifierHostRegistered" | "StatusNotifierHostUnregistered", _:
                self._ask_for_host()

    def _looked(self, answer: Message) -> None:
        self._watcher_is(answer.kind == "return" and bool(answer.body[0]))

    def _watcher_is(self, there: bool) -> None:
        self.has_host = False
        if there:
            # Our connection's own name: of any other one, GNOME's extension watches the owner, and now and then forgets
            # the icon when it first hears of him.
            self._bus.ask(WATCHER, "RegisterStatusNotifierItem", "s", (self._bus.name,), answered=_registered)
            self._ask_for_host()

    def _ask_for_host(self) -> None:
        asked = (WATCHER.interface, HOST_SHOWN)
        self._bus.ask(Place(WATCHER.path, PROPERTIES, WATCHER.owner), "Get", "ss", asked, answered=self._host_is)

    def _host_is(self, answer: Message) -> None:
        self.has_host = answer.kind == "return" and bool(answer.body[0][1])


def _registered(answer: Message) -> None:
    if answer.kind == "error":
        log.warning("the desktop does not take the tray icon: %s", answer.body)
