"""A desktop's notification service on a D-Bus, by its specification: keeps what is shown, and clicks on it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import jeepney
from jeepney import HeaderFields, MessageType
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"


@dataclass
class Shown:
    """A note as a person sees it; `times` counts how often it was shown, the first and each that took its place."""

    title: str
    text: str
    actions: list[str]
    hints: dict[str, Any]
    times: int = 1


@dataclass
class NoteService:
    """The service; `shown` is what stands on the screen, by the service's number for it."""

    address: str
    capabilities: tuple[str, ...] = ("body", "actions", "body-markup")
    shown: dict[int, Shown] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._closed = False
        self._sending = threading.Lock()
        self._connection = open_dbus_connection(self.address)
        self._connection.send_and_get_reply(message_bus.RequestName(NAME, 4))
        self._thread = threading.Thread(target=self._receive)
        self._thread.start()

    def click(self, number: int) -> None:
        """Click on a note; it goes away."""
        self._signal("ActionInvoked", "us", (number, "default"))
        self.dismiss(number)

    def dismiss(self, number: int) -> None:
        """Take a note away."""
        self.shown.pop(number)
        self._signal("NotificationClosed", "uu", (number, 2))

    def close(self) -> None:
        """Leave the bus."""
        self._closed = True
        self._thread.join()
        self._connection.close()

    def _receive(self) -> None:
        while not self._closed:
            try:
                self._take(self._connection.receive(timeout=0.02))
            except TimeoutError:
                continue
            except OSError:  # The bus is gone.
                return

    def _take(self, message: jeepney.Message) -> None:
        if message.header.message_type is MessageType.method_call:
            self._send(self._answer(message, message.header.fields[HeaderFields.member]))

    def _answer(self, call: jeepney.Message, member: str) -> jeepney.Message:
        match member, call.body:
            case "GetCapabilities", ():
                return jeepney.new_method_return(call, "as", (list(self.capabilities),))
            case "Notify", ("bursar", replaces, _, title, text, actions, hints, _):
                return jeepney.new_method_return(call, "u", (self._show(replaces, title, text, actions, hints),))
        return jeepney.new_error(call, "org.freedesktop.DBus.Error.UnknownMethod")

    def _show(self, replaces: int, title: str, text: str, actions: list[str], hints: dict[str, Any]) -> int:
        before = self.shown.get(replaces)
        number = replaces or max(self.shown, default=0) + 1
        self.shown[number] = Shown(title, text, actions, hints, before.times + 1 if before else 1)
        return number

    def _signal(self, member: str, signature: str, body: tuple[Any, ...]) -> None:
        self._send(jeepney.new_signal(jeepney.DBusAddress(PATH, interface=NAME), member, signature, body))

    def _send(self, message: jeepney.Message) -> None:
        with self._sending:
            self._connection.send(message, serial=next(self._connection.outgoing_serial))
