"""MacIcon: pystray's icon for macOS, made, changed and taken away on the main thread.

What pystray 0.19.5 does otherwise: a second thread makes the icon visible, which newer systems end the program for; a
change makes another menu, so that the open one is old and a click in it may mean another line; the picture is drawn for
one size and keeps its colours on a dark menu bar; a second handler of SIGINT ends the program without our own.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from PIL import Image
from pystray import _darwin  # type: ignore[import-untyped]

from tray.backends.macos_menu import MacMenu
from tray.menu import Face, IconKey

POINTS = 18
"""Of the menu bar's 22 points, what an icon takes; of pixels there are one or two in a point."""
SCALES = (1, 2)
ACCESSORY = 1  # NSApplicationActivationPolicyAccessory: no icon in the Dock, no menu of an application.


class MacIcon(_darwin.Icon):  # type: ignore[misc]
    """An icon in the menu bar; all of it on the main thread."""

    def __init__(
        self,
        title: str,
        face: Face,
        *,
        draw: Callable[[IconKey, int], Image.Image],
        clicked: Callable[[str], None],
        opening: Callable[[], None],
    ) -> None:
        super().__init__(title, title=face.tooltip)
        self._app.setActivationPolicy_(ACCESSORY)
        self._face = face
        self._draw_key = draw
        self._opening = opening
        self._lines = MacMenu(title, self._delegate, self._MENU_ITEM_SELECTOR, clicked)
        self._watcher = MenuWatcher.alloc().init()  # Kept here: a menu does not keep its delegate.
        self._watcher.opening = opening
        self._lines.menu.setDelegate_(self._watcher)

    def loop(self) -> None:
        """Show the icon until `end`. pystray's `run` would show it from a second thread and take SIGINT."""
        self._running = True
        self.update_menu()
        self.icon = self._face.icon
        self.visible = True
        try:
            self._app.run()
        finally:
            self._running = self._visible = False
            self._status_bar.removeStatusItem_(self._status_item)

    def show(self, face: Face) -> None:
        """Show this from now on; in the open menu, too."""
        old, self._face = self._face, face
        self.title = face.tooltip
        if face.icon != old.icon:
            self.icon = face.icon
        if face.items != old.items:
            self.update_menu()

    def end(self) -> None:
        """End `loop`."""
        self._lines.menu.cancelTracking()
        self._stop()

    def _update_menu(self) -> None:
        if self._lines.show(self._face.items):
            self._status_item.setMenu_(self._lines.menu)
        self._menu_handle = (self._lines.menu, self._lines.handlers)  # Where pystray's delegate looks.

    def _update_icon(self) -> None:
        self._icon_image = None
        self._assert_image()
        self._icon_valid = True

    def _assert_image(self) -> None:
        """Hand over the picture for plain and for dense screens; a template, to which macOS gives its colour."""
        if self._icon_image:
            return
        image = _darwin.AppKit.NSImage.alloc().initWithSize_((POINTS, POINTS))
        for scale in SCALES:
            image.addRepresentation_(_representation(self._draw_key(self._face.icon, POINTS * scale)))
        image.setTemplate_(True)
        self._icon_image = image
        self._status_item.button().setImage_(image)


class MenuWatcher(_darwin.Foundation.NSObject):  # type: ignore[misc]
    """Hears that the menu is about to be opened."""

    opening: Callable[[], None]

    def menuWillOpen_(self, menu: Any) -> None:  # noqa: N802  AppKit's name for it.
        """Be told by AppKit."""
        self.opening()


def _representation(picture: Image.Image) -> Any:
    file = io.BytesIO()
    picture.save(file, "PNG")
    data = file.getvalue()
    kept = _darwin.Foundation.NSData.dataWithBytes_length_(data, len(data))
    made = _darwin.AppKit.NSBitmapImageRep.imageRepWithData_(kept)
    made.setSize_((POINTS, POINTS))
    return made
