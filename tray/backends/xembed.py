"""XEmbed: an icon for the trays of i3bar, tint2 and older panels, shown by a small GTK program beside bursar.

It is a process of its own because GTK ends the one that it is in, when the screen goes; and because PyGObject is often
there for the system's Python and not for ours. pystray's backend for GTK makes another menu for each change, where this
one changes the open menu.
"""

from __future__ import annotations

import base64
import io
import json
import logging
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from tray.backends.base import Wiring
from tray.backends.doorbell import Doorbell
from tray.backends.errands import Errands
from tray.backends.menulayout import is_clickable
from tray.menu import DEFAULT_ACTION, Face, IconKey, Item

log = logging.getLogger(__name__)

CHILD = Path(__file__).with_name("xembed_child.py")
SIZES = (16, 22, 24, 32, 48)
OURS_ALONE = ("LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH")
"""Of a packaged bursar, and no help to another Python."""
LOOK_S = 2.0
PATIENCE_S = 5.0  # With a helper that takes nothing.
NO_GTK, NO_TRAY = 3, 4

Ending = Literal["no-gtk", "no-tray", "unwanted", "failed"]


class XEmbed:
    """The icon; `attend` shows it on the thread that calls it. `is_shown` tells whether a tray has it."""

    def __init__(
        self, pythons: Sequence[str], environ: Mapping[str, str], wiring: Wiring, *, child: Path = CHILD
    ) -> None:
        self._pythons, self._child, self._wiring = list(pythons), child, wiring
        self._environ = {name: value for name, value in environ.items() if name not in OURS_ALONE}
        self._face: Face | None = None
        self._told: Face | None = None
        self._drawn: IconKey | None = None
        self._items: dict[int, Item] = {}
        self._bell = Doorbell()
        self._is_stopped = False
        self.is_shown = False

    def show(self, face: Face) -> None:
        """Show this from now on."""
        self._face = face
        self._bell.ring()

    def stop(self) -> None:
        """End `attend`, and let nothing be shown any more."""
        self._is_stopped = True
        self._bell.ring()

    def close(self) -> None:
        """Let go of what was held, after the last `attend`."""
        self._bell.close()

    def attend(self, is_wanted: Callable[[], bool]) -> Ending:
        """Show the icon for as long as it is wanted; tells why it is not shown any more."""
        while self._pythons:
            ending = self._run(self._pythons[0], is_wanted)
            if ending != "no-gtk":
                return ending
            self._pythons.pop(0)
        return "no-gtk"

    def _run(self, python: str, is_wanted: Callable[[], bool]) -> Ending:
        ours, theirs = socket.socketpair()
        ours.settimeout(PATIENCE_S)
        with ours:
            with theirs:
                try:
                    child = subprocess.Popen(
                        [python, "-I", str(self._child)],
                        stdin=theirs.fileno(),
                        stdout=theirs.fileno(),
                        stderr=subprocess.DEVNULL,
                        env=self._environ,
                        start_new_session=True,  # Ctrl-C in the terminal is for bursar.
                    )
                except OSError:
                    return "no-gtk"
            errands = Errands()
            try:
                if not self._talk(ours, is_wanted, errands):
                    return "unwanted"
            finally:
                self.is_shown = False
                ours.close()  # Which the helper reads as the end.
                code = _ended(child)
                errands.end()
        return {NO_GTK: "no-gtk", NO_TRAY: "no-tray"}.get(code, "failed")  # type: ignore[return-value]

    def _talk(self, ours: socket.socket, is_wanted: Callable[[], bool], errands: Errands) -> bool:
        """Send faces and hear clicks until one side ends; tells whether it was the helper."""
        self._told, self._drawn, rest = None, None, b""
        while is_wanted() and not self._is_stopped:
            face = self._face
            if face is not None and face is not self._told:
                self._told = face
                if not self._send(ours, face):
                    return True
            if self._bell.wait(LOOK_S, ours):
                data = _received(ours)
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._hear(json.loads(line), errands)
                if not data:
                    return True
        return False

    def _send(self, ours: socket.socket, face: Face) -> bool:
        message: dict[str, Any] = {"tooltip": face.tooltip, "items": [_described(item) for item in face.items]}
        if face.icon != self._drawn:
            message["pictures"] = {size: _png(self._wiring, face.icon, size) for size in SIZES}
        self._drawn = face.icon
        self._items = dict(_all(face.items))
        try:
            ours.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            return False
        return True

    def _hear(self, said: Mapping[str, Any], errands: Errands) -> None:
        match said:
            case {"shown": bool(shown)}:
                self.is_shown = shown
            case {"opening": _}:
                errands.give_if_idle(self._wiring.opening)
            case {"activated": _}:
                errands.give(lambda: self._wiring.clicked(DEFAULT_ACTION))
            case {"clicked": int(number)} if number in self._items:
                action = self._items[number].action
                errands.give(lambda: self._wiring.clicked(action))
                self._told = None  # Sent once more, as GTK moved the mark by itself.
            case _:
                log.warning("the tray's helper says what nobody understands")


def _described(item: Item) -> dict[str, Any]:
    known = {"id": item.id, "label": item.label, "kind": item.kind, "checked": item.checked, "visible": item.visible}
    return {**known, "enabled": is_clickable(item), "items": [_described(under) for under in item.items]}


def _all(items: Sequence[Item]) -> list[tuple[int, Item]]:
    return [pair for item in items for pair in ((item.id, item), *_all(item.items))]


def _png(wiring: Wiring, key: IconKey, size: int) -> str:
    file = io.BytesIO()
    wiring.draw(key, size).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def _received(sock: socket.socket) -> bytes:
    try:
        return sock.recv(65536)
    except OSError:
        return b""


def _ended(child: subprocess.Popen[bytes]) -> int:
    try:
        return child.wait(2.0)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()
