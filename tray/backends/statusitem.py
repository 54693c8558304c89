"""StatusItem: the icon itself, as org.kde.StatusNotifierItem: its pictures, its tooltip, and a click on it.

Source: https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tray.backends.exported import Method, Property, Signal
from tray.backends.menulayout import plain
from tray.backends.pixmap import Pixmap, pixmap
from tray.backends.wire import Place, Reply, Variant
from tray.menu import Face, IconKey

if TYPE_CHECKING:
    from PIL import Image

SIZES = (16, 22, 24, 32, 48, 64)  # The panels' usual ones, and twice the smaller for dense screens.
SCROLLED = Method("is", lambda amount, way: Reply())
AT_A_POINT = "ii"


class StatusItem:
    """What a panel asks of an icon. Pictures are drawn when a panel asks for them, and kept until the icon changes."""

    place = Place("/StatusNotifierItem", "org.kde.StatusNotifierItem")

    def __init__(
        self,
        title: str,
        menu: str,
        face: Face,
        draw: Callable[[IconKey, int], Image.Image],
        activated: Callable[[], None],
    ) -> None:
        self._title = title
        self._menu = menu
        self._face = face
        self._draw = draw
        self._activated = activated
        self._pixmaps: list[Pixmap] = []
        self.methods: Mapping[str, Method] = {
            "Activate": Method(AT_A_POINT, self._activate),
            "SecondaryActivate": Method(AT_A_POINT, self._activate),
            "ContextMenu": Method(AT_A_POINT, lambda x, y: Reply()),  # Panels open the menu themselves.
            "Scroll": SCROLLED,
        }
        self.properties: Mapping[str, Property] = {
            "Category": lambda: ("s", "ApplicationStatus"),
            "Id": lambda: ("s", self._title),
            "Title": lambda: ("s", self._title),
            "Status": lambda: ("s", status(self._face)),
            "WindowId": lambda: ("i", 0),
            "ItemIsMenu": lambda: ("b", False),
            "Menu": lambda: ("o", self._menu),
            "ToolTip": self._tooltip,
            "IconThemePath": lambda: ("s", ""),
            "IconName": lambda: ("s", ""),
            "IconPixmap": self._icon,
            "IconAccessibleDesc": self._spoken,  # Not of the protocol: GNOME's extension asks for it.
            "AttentionIconName": lambda: ("s", ""),
            "AttentionIconPixmap": self._icon,
            "AttentionAccessibleDesc": self._spoken,
            "AttentionMovieName": lambda: ("s", ""),
            "OverlayIconName": lambda: ("s", ""),
            "OverlayIconPixmap": lambda: ("a(iiay)", []),
        }

    def show(self, face: Face) -> list[Signal]:
        """Take a new face; gives what to tell the panels: only what changed."""
        old, self._face = self._face, face
        signals = []
        if face.icon != old.icon:
            self._pixmaps = []
            signals += [Signal("NewIcon"), Signal("NewAttentionIcon")]
        if face.tooltip != old.tooltip:
            signals += [Signal("NewToolTip")]
        if status(face) != status(old):
            signals += [Signal("NewStatus", "s", (status(face),))]
        return signals

    def _activate(self, x: int, y: int) -> Reply:
        self._activated()
        return Reply()

    def _tooltip(self) -> Variant:
        return "(sa(iiay)ss)", ("", [], plain(self._face.tooltip), "")

    def _spoken(self) -> Variant:
        return "s", plain(self._face.tooltip)

    def _icon(self) -> Variant:
        if not self._pixmaps:
            self._pixmaps = [pixmap(self._draw(self._face.icon, size)) for size in SIZES]
        return "a(iiay)", self._pixmaps


def status(face: Face) -> str:
    """Say in the protocol's words whether a panel that hides icons should show this one."""
    return "NeedsAttention" if face.icon.shape == "alert" else "Active"
