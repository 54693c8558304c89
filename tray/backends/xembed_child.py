"""The icon on trays that speak only XEmbed: a small GTK program, which bursar starts and talks with by JSON lines.

It imports nothing of bursar's, so that any Python with PyGObject can run it, such as the system's own. It reads faces
from its standard input and ends with it; it says on its standard output what happens: {"clicked": id},
{"activated": true}, {"opening": true}, {"shown": true or false}. It ends with 3 where there is no GTK 3 for Python, and
with 4 where there is no tray.
"""

from __future__ import annotations

import base64
import ctypes
import json
import os
import sys
from collections.abc import Callable
from typing import Any

NO_GTK, NO_TRAY = 3, 4


def main() -> int:
    """Show the icon until nobody talks to us any more."""
    if not has_tray():
        return NO_TRAY
    try:
        import gi  # type: ignore[import-not-found, import-untyped, unused-ignore]

        gi.require_version("Gtk", "3.0")
        from gi.repository import GdkPixbuf, GLib, Gtk  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except (ImportError, ValueError):
        return NO_GTK
    if not Gtk.init_check()[0]:
        return NO_TRAY
    icon = Icon(Gtk, GdkPixbuf, say)
    lines = Lines(icon.show, Gtk.main_quit)
    GLib.io_add_watch(0, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, lambda *_: lines.read())
    Gtk.main()
    return 0


def has_tray() -> bool:
    """Tell whether a window of this X server takes icons, before GTK costs its memory.

    Source: https://specifications.freedesktop.org/systemtray-spec/latest/
    """
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return False
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XInternAtom.restype = x11.XGetSelectionOwner.restype = ctypes.c_ulong
    x11.XInternAtom.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    x11.XGetSelectionOwner.argtypes = [ctypes.c_void_p, ctypes.c_ulong]
    x11.XDefaultScreen.argtypes = x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    display = x11.XOpenDisplay(None)
    if not display:
        return False
    name = f"_NET_SYSTEM_TRAY_S{x11.XDefaultScreen(display)}"
    owner = x11.XGetSelectionOwner(display, x11.XInternAtom(display, name.encode(), False))
    x11.XCloseDisplay(display)
    return bool(owner)


def say(what: dict[str, Any]) -> None:
    """Tell bursar something."""
    os.write(1, json.dumps(what).encode() + b"\n")


class Lines:
    """What bursar sends, a JSON object a line, cut anywhere."""

    def __init__(self, take: Callable[[dict[str, Any]], None], ended: Callable[[], None]) -> None:
        self._take, self._ended = take, ended
        self._rest = b""

    def read(self) -> bool:
        """Take what has come; tells whether more may come."""
        data = os.read(0, 65536)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(json.loads(line))
        if not data:
            self._ended()
        return bool(data)


class Icon:
    """A GtkStatusIcon with a menu whose lines are made once and changed in place."""

    def __init__(self, gtk: Any, pixbuf: Any, say: Callable[[dict[str, Any]], None]) -> None:
        self._gtk, self._pixbuf, self._say = gtk, pixbuf, say
        self._pictures: dict[int, bytes] = {}
        self._lines: dict[int, Any] = {}
        self._menu = gtk.Menu.new()
        self._is_told = False
        self._icon = gtk.StatusIcon.new()
        self._icon.connect("activate", lambda icon: say({"activated": True}))
        self._icon.connect("popup-menu", self._open)
        self._icon.connect("size-changed", lambda icon, size: self._draw(size))
        self._icon.connect("notify::embedded", lambda icon, _: say({"shown": icon.is_embedded()}))

    def show(self, face: dict[str, Any]) -> None:
        """Show a face: "tooltip", "items", and "pictures" if they are others."""
        self._icon.set_tooltip_text(face["tooltip"])
        if "pictures" in face:
            self._pictures = {int(size): base64.b64decode(data) for size, data in face["pictures"].items()}
            self._draw(self._icon.get_size())
        self._is_told = True  # What is set from here on is no click.
        self._fill(self._menu, face["items"])
        self._is_told = False

    def _draw(self, wanted: int) -> bool:
        """Take the smallest picture that is large enough; GTK makes it smaller."""
        if self._pictures:
            size = min((size for size in self._pictures if size >= wanted), default=max(self._pictures))
            loader = self._pixbuf.PixbufLoader.new_with_type("png")
            loader.write(self._pictures[size])
            loader.close()
            self._icon.set_from_pixbuf(loader.get_pixbuf())
        return False

    def _fill(self, menu: Any, items: list[dict[str, Any]]) -> None:
        for item in items:
            if item["id"] not in self._lines:
                self._lines[item["id"]] = self._made(item)
                menu.append(self._lines[item["id"]])
            line = self._lines[item["id"]]
            self._dress(line, item)
            if item["items"]:
                self._fill(line.get_submenu(), item["items"])

    def _made(self, item: dict[str, Any]) -> Any:
        if item["kind"] == "separator":
            return self._gtk.SeparatorMenuItem.new()
        if item["kind"] in ("radio", "check"):
            line = self._gtk.CheckMenuItem.new_with_label("")
            line.set_draw_as_radio(item["kind"] == "radio")
        else:
            line = self._gtk.MenuItem.new_with_label("")
        if item["items"]:
            line.set_submenu(self._gtk.Menu.new())
        else:
            line.connect("activate", lambda _: self._clicked(item["id"]))
        return line

    def _dress(self, line: Any, item: dict[str, Any]) -> None:
        if item["kind"] != "separator":
            line.set_label(item["label"])
            line.set_sensitive(item["enabled"])
        if item["kind"] in ("radio", "check"):
            line.set_active(item["checked"])
        line.set_visible(item["visible"])

    def _clicked(self, number: int) -> None:
        if not self._is_told:
            self._say({"clicked": number})

    def _open(self, icon: Any, button: int, at: int) -> None:
        self._say({"opening": True})
        self._menu.popup(None, None, self._gtk.StatusIcon.position_menu, icon, button, at)


if __name__ == "__main__":
    sys.exit(main())
