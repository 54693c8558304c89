"""A desktop without a screen: a D-Bus of its own, and a panel that shows tray icons and clicks on them.

The panel is a StatusNotifierWatcher, a host and a com.canonical.dbusmenu client in one, written from the protocols and
not from our side of them. It keeps the menu as a panel does: read once, then changed by what it is told.
"""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jeepney
from jeepney import HeaderFields, MessageType
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
PROPERTIES = "org.freedesktop.DBus.Properties"
CONFIG = """<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
    <allow user="*"/>
  </policy>
</busconfig>
"""
SOON_S = 60.0


def until(true: Callable[[], Any], what: str = "it") -> Any:
    """Wait until something is so, and give it."""
    end = time.monotonic() + SOON_S
    while not (found := true()):
        assert time.monotonic() < end, f"{what} never was so"
        time.sleep(0.005)
    return found


class PrivateBus:
    """A dbus-daemon that starts no services; it can be stopped, and started again at the same address."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bus")
        self.folder = Path(self._folder.name)
        self.address = f"unix:path={self.folder / 'bus'}"
        self._config = self.folder / "bus.conf"
        self._config.write_text(CONFIG.format(socket=self.folder / "bus"))
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        command = ["dbus-daemon", f"--config-file={self._config}", "--nofork", "--nopidfile", "--print-address=1"]
        self._daemon = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self._daemon.stdout
        assert self._daemon.stdout.readline()

    def stop(self) -> None:
        """End it; everybody on it is cut off."""
        if self._daemon:
            self._daemon.kill()
            self._daemon.wait()
            assert self._daemon.stdout
            self._daemon.stdout.close()
            self._daemon = None
            (self.folder / "bus").unlink(missing_ok=True)

    def close(self) -> None:
        """End it and take its folder away."""
        self.stop()
        self._folder.cleanup()


@dataclass
class Line:
    """A line of the menu as a panel has it."""

    id: int
    properties: dict[str, Any]
    lines: list[Line] = field(default_factory=list)

    @property
    def label(self) -> str:
        """What a person reads."""
        return self.properties.get("label", "-" if self.properties.get("type") == "separator" else "")

    def all(self) -> list[Line]:
        """This line and all under it."""
        return [self, *(found for line in self.lines for found in line.all())]


class Panel:
    """A panel on a bus; `told` is every signal of the icon and its menu, in order: (member, body)."""

    def __init__(self, address: str, *, is_host: bool = True) -> None:
        self.told: list[tuple[str, tuple[Any, ...]]] = []
        self.items: list[str] = []
        self.revision = 0
        self._is_host = is_host
        self._answers: dict[int, jeepney.Message] = {}
        self._answered = threading.Condition()
        self._sending = threading.Lock()
        self._closed = False
        self._connection = open_dbus_connection(address)
        self._thread = threading.Thread(target=self._receive)
        self._thread.start()
        self._bus(message_bus.AddMatch(f"type='signal',interface='{ITEM}'"))
        self._bus(message_bus.AddMatch(f"type='signal',interface='{MENU}'"))
        assert self._bus(message_bus.RequestName(WATCHER, 4)) == (1,)

    # What a person does.

    def read(self) -> Line:
        """Read the whole menu."""
        self.revision, layout = self.menu_call("GetLayout", "iias", (0, -1, []))
        return _line(layout)

    def labels(self) -> list[str]:
        """Give what a person sees, indented under its line; marks first."""
        return [text for line in self.read().lines for text in _shown(line)]

    def line(self, label: str) -> Line:
        """Find a line by its label."""
        return next(line for line in self.read().all() if line.label == label)

    def click(self, label: str) -> None:
        """Click on a line, as dbusmenu clients say it."""
        self.menu_call("Event", "isvu", (self.line(label).id, "clicked", ("s", ""), 0))

    def open(self) -> bool:
        """Open the menu; tells whether the icon asks to have it read again."""
        (again,) = self.menu_call("AboutToShow", "i", (0,))
        self.menu_call("Event", "isvu", (0, "opened", ("s", ""), 0))
        return bool(again)

    def property(self, name: str) -> Any:
        """Ask the icon for one of its properties."""
        (value,) = self._item_call(PROPERTIES, "Get", "ss", (ITEM, name))
        return value[1]

    def properties(self) -> dict[str, Any]:
        """Ask the icon for all of them."""
        (values,) = self._item_call(PROPERTIES, "GetAll", "s", (ITEM,))
        return {name: value[1] for name, value in values.items()}

    def item_call(self, member: str, signature: str = "", body: tuple[Any, ...] = ()) -> tuple[Any, ...]:
        """Call a method of the icon."""
        return self._item_call(ITEM, member, signature, body)

    def menu_call(self, member: str, signature: str, body: tuple[Any, ...]) -> tuple[Any, ...]:
        """Call a method of the menu."""
        return self.call(self.item(), self.property("Menu"), MENU, member, signature, body)

    def item(self) -> str:
        """Give the bus name of the icon, once it is there."""
        return until(lambda: self.items and self.items[-1], "an icon")

    def heard(self, member: str) -> list[tuple[Any, ...]]:
        """Give the bodies of the signals of that name."""
        return [body for name, body in list(self.told) if name == member]

    def show_icons(self) -> None:
        """Become a host, as a panel's tray does when it is loaded late."""
        self._is_host = True
        where = jeepney.DBusAddress("/StatusNotifierWatcher", interface=WATCHER)
        self._send(jeepney.new_signal(where, "StatusNotifierHostRegistered"))

    def call(
        self, name: str, path: str, interface: str, member: str, signature: str = "", body: tuple[Any, ...] = ()
    ) -> tuple[Any, ...]:
        """Call any method; raises LookupError with the error's name and text."""
        address = jeepney.DBusAddress(path, bus_name=name, interface=interface)
        return self._bus(jeepney.new_method_call(address, member, signature or None, body))

    def close(self) -> None:
        """Leave the bus, as a panel that crashed."""
        self._closed = True
        self._thread.join()
        self._connection.close()

    # The bus.

    def _item_call(self, interface: str, member: str, signature: str, body: tuple[Any, ...]) -> tuple[Any, ...]:
        return self.call(self.item(), "/StatusNotifierItem", interface, member, signature, body)

    def _bus(self, message: jeepney.Message) -> tuple[Any, ...]:
        serial = self._send(message)
        with self._answered:
            assert self._answered.wait_for(lambda: serial in self._answers, SOON_S), "no answer"
            answer = self._answers.pop(serial)
        if answer.header.message_type is MessageType.error:
            raise LookupError(answer.header.fields[HeaderFields.error_name], *answer.body)
        return answer.body

    def _send(self, message: jeepney.Message) -> int:
        with self._sending:
            serial = next(self._connection.outgoing_serial)
            self._connection.send(message, serial=serial)
        return serial

    def _receive(self) -> None:
        while not self._closed:
            try:
                self._take(self._connection.receive(timeout=0.02))
            except TimeoutError:
                continue
            except OSError:  # The bus is gone.
                return

    def _take(self, message: jeepney.Message) -> None:
        fields = message.header.fields
        match message.header.message_type:
            case MessageType.method_call:
                self._send(self._watch(message, fields[HeaderFields.member], fields[HeaderFields.sender]))
            case MessageType.signal:
                self.told.append((fields[HeaderFields.member], message.body))
            case _:
                with self._answered:
                    self._answers[fields[HeaderFields.reply_serial]] = message
                    self._answered.notify_all()

    def _watch(self, call: jeepney.Message, member: str, sender: str) -> jeepney.Message:
        """Be the watcher."""
        match member, call.body:
            case "RegisterStatusNotifierItem", (name,):
                self.items.append(name if not name.startswith("/") else sender)
                return jeepney.new_method_return(call)
            case "Get", (_, "IsStatusNotifierHostRegistered"):
                return jeepney.new_method_return(call, "v", (("b", self._is_host),))
        return jeepney.new_error(call, "org.freedesktop.DBus.Error.UnknownMethod")


def _line(node: tuple[int, dict[str, Any], list[Any]]) -> Line:
    number, properties, children = node
    return Line(number, {name: value[1] for name, value in properties.items()}, [_line(child[1]) for child in children])


def _shown(line: Line) -> list[str]:
    if not line.properties.get("visible", True):
        return []
    marks = {"radio": "(o) " if line.properties.get("toggle-state") else "( ) "}
    marks["checkmark"] = "[x] " if line.properties.get("toggle-state") else "[ ] "
    mark = marks.get(line.properties.get("toggle-type", ""), "")
    grey = "" if line.properties.get("enabled", True) else " (grey)"
    more = " >" if line.properties.get("children-display") == "submenu" else ""
    return [mark + line.label + more + grey, *(f"    {text}" for under in line.lines for text in _shown(under))]
