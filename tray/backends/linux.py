"""LinuxTray: the tray on Linux: an icon and a menu over D-Bus, for any panel that speaks StatusNotifierItem.

It is no subclass of pystray's `Icon`: that one knows one picture, menu lines without ids and lines that are functions,
which is what makes a panel close the open menu on each change; and it is not loaded here at all.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from tray.backends.base import State, Wiring
from tray.backends.bus import Bus, NoBus, open_bus
from tray.backends.dbusmenu import DbusMenu
from tray.backends.doorbell import Doorbell
from tray.backends.errands import Errands
from tray.backends.exported import Exported, Signal, answer
from tray.backends.registration import Registration
from tray.backends.seen import UNSEEN_AFTER_S, Seen
from tray.backends.statusitem import StatusItem
from tray.backends.wire import Message
from tray.menu import DEFAULT_ACTION, Face, Item

log = logging.getLogger(__name__)

RETRY_S, RETRY_MOST_S = 1.0, 60.0  # From one look for a lost bus to the next: doubled each time, to a minute.


class LinuxTray:
    """A `Tray` for Linux. `run` is its own loop; only that thread touches the bus.

    `addresses` says where the bus may be, asked again at each try. `run` needs no bus: it looks for one until `stop`.
    """

    def __init__(
        self,
        addresses: Callable[[], Sequence[str]],
        wiring: Wiring,
        *,
        title: str = "bursar",
        unseen_after_s: float = UNSEEN_AFTER_S,
        retry_s: float = RETRY_S,
    ) -> None:
        self._addresses = addresses
        self._wiring = wiring
        self._title = title
        self._retry_s = retry_s
        self._bell = Doorbell()
        self._face: Face | None = None
        self._state: State = "no-bus"
        self._stopped = False
        self._seen = Seen(unseen_after_s)

    @property
    def state(self) -> State:
        """Say whether a panel shows the icon just now."""
        return self._state

    def show(self, face: Face) -> None:
        """Show this from now on; of faces that come faster than they can be sent, the last one counts."""
        self._face = face
        self._bell.ring()

    def stop(self) -> None:
        """End `run`; the icon goes."""
        self._stopped = True
        self._bell.ring()

    def run(self) -> None:
        """Keep the icon on the bus, or look for a bus, until `stop`. The first face is waited for."""
        errands = Errands()
        wait_s = self._retry_s
        while self._face is None and not self._stopped:
            self._bell.wait(None)
        while self._face is not None and not self._stopped:
            if self._on_bus(self._face, errands):
                wait_s = self._retry_s
            self._rest(wait_s)
            wait_s = min(wait_s * 2, RETRY_MOST_S)
        errands.end()
        self._bell.close()

    def _rest(self, rest_s: float) -> None:
        """Wait that long, whatever face comes meanwhile; `stop` ends it."""
        until = time.monotonic() + rest_s
        while not self._stopped and (left_s := until - time.monotonic()) > 0:
            self._bell.wait(left_s)

    def _on_bus(self, face: Face, errands: Errands) -> bool:
        """Stay on the bus for as long as it lasts; tells whether all went well there."""
        try:
            bus = open_bus(self._addresses())
        except NoBus as why:
            log.info("no desktop bus: %s", why)
            return False
        try:
            self._serve(bus, face, errands)
        except NoBus as why:
            log.warning("the desktop's bus is lost: %s", why)
        except Exception:  # A fault in what we show or answer: the icon comes back, each time after a longer rest.
            log.exception("the tray failed")
            return False
        finally:
            self._state = "no-bus"
            bus.close()
        return True

    def _serve(self, bus: Bus, face: Face, errands: Errands) -> None:
        item, menu = self._objects(face, errands)
        registration = Registration(bus)
        self._state = "no-host"
        while not self._stopped:
            if self._bell.wait(self._seen.left_s(), bus.socket):
                for message in bus.read():
                    self._handle(bus, message, registration, (item, menu))
            self._state = "host" if registration.has_host else "no-host"
            if self._seen.is_missed(registration.has_host):
                errands.give(self._wiring.unseen)
            face, shown = self._face or face, face
            if face is not shown:
                _tell(bus, menu, menu.show(face.items))
                _tell(bus, item, item.show(face))

    def _objects(self, face: Face, errands: Errands) -> tuple[StatusItem, DbusMenu]:
        def clicked(item: Item) -> None:
            errands.give(lambda: self._wiring.clicked(item.action))

        def activated() -> None:
            errands.give(lambda: self._wiring.clicked(DEFAULT_ACTION))

        menu = DbusMenu(face.items, clicked, lambda: errands.give_if_idle(self._wiring.opening))
        return StatusItem(self._title, menu.place.path, face, self._wiring.draw, activated), menu

    @staticmethod
    def _handle(bus: Bus, message: Message, registration: Registration, objects: Sequence[Exported]) -> None:
        if message.kind == "signal":
            registration.heard(message)
        else:
            bus.answer(message, answer(message, objects))


def _tell(bus: Bus, thing: Exported, signals: Sequence[Signal]) -> None:
    for signal in signals:
        bus.emit(thing.place, signal.member, signal.signature, signal.body)
