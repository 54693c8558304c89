"""WindowsIcon: pystray's icon for Windows, every call of which is made on the thread of its window.

What pystray 0.19.5 does otherwise: a change destroys the menu that is on the screen, and a click in it could mean
another line; an icon that the taskbar did not take is never tried again; it is drawn for 32 pixels and shrunk.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from PIL import Image
from pystray import _win32  # type: ignore[import-untyped]
from pystray._util import win32  # type: ignore[import-untyped]

from tray.backends.base import Note
from tray.backends.seen import Seen
from tray.backends.texts import cut
from tray.backends.windows_menu import menu_of
from tray.backends.windows_screen import icon_handle, icon_size
from tray.menu import Face, IconKey

MOST_TIP, MOST_TEXT, MOST_TITLE = 127, 255, 63
"""UTF-16 units that NOTIFYICONDATA has room for; more raise an error in ctypes."""

WM_SETTINGCHANGE, WM_TIMER, WM_DPICHANGED, WM_RBUTTONDOWN = 0x001A, 0x0113, 0x02E0, 0x0204
NIN_BALLOONUSERCLICK = win32.WM_USER + 5
WM_FACE, WM_NOTE = win32.WM_USER + 20, win32.WM_USER + 21
NIIF_INFO, NIIF_RESPECT_QUIET_TIME = 0x1, 0x80
TIMER, TIMER_MS = 1, 1000


class WindowsIcon(_win32.Icon):  # type: ignore[misc]
    """An icon in the taskbar; `loop` shows it. `post_…` may be called from any thread, between `ready(icon)` and
    `ready(None)`."""

    _icon_handle: int | None

    def __init__(
        self,
        title: str,
        face: Face,
        *,
        draw: Callable[[IconKey, int], Image.Image],
        clicked: Callable[[str], None],
        activated: Callable[[], None],
        opening: Callable[[], None],
        ready: Callable[[WindowsIcon | None], None],
        seen: Seen,
        unseen: Callable[[], None],
    ) -> None:
        self._face, self._posted = face, face
        self._note: Note | None = None
        self._notes: list[Note] = []
        self._draw_key, self._clicked, self._activated, self._opening = draw, clicked, activated, opening
        self._ready, self._seen, self._unseen = ready, seen, unseen
        self._size = icon_size()
        self._is_open = self._is_menu_old = False
        self.is_added = False
        super().__init__(title, draw(face.icon, self._size), cut(face.tooltip, MOST_TIP), menu_of(face.items, clicked))
        self._message_handlers.update(
            {
                WM_FACE: lambda *_: self._take_face(),
                WM_NOTE: lambda *_: self._take_notes(),
                WM_TIMER: lambda *_: self._look_again(),
                WM_SETTINGCHANGE: self._on_display_change,
                WM_DPICHANGED: self._on_display_change,
            }
        )

    def loop(self) -> None:
        """Show the icon until `post_stop`. pystray's `run` would show it from a second thread."""
        try:
            self._run()
        finally:
            self._running = self._visible = self.is_added = False
            self._release_icon()  # Else pystray does it when the object goes, on whichever thread that is.

    def post_face(self, face: Face) -> None:
        """Have this shown soon."""
        self._posted = face
        win32.PostMessage(self._hwnd, WM_FACE, 0, 0)

    def post_note(self, note: Note) -> None:
        """Have this said soon."""
        self._notes.append(note)
        win32.PostMessage(self._hwnd, WM_NOTE, 0, 0)

    def post_stop(self) -> None:
        """End `loop` soon."""
        self._stop()

    # On the window's thread.

    def _mark_ready(self) -> None:
        self._running = True
        self.update_menu()
        self.visible = True
        win32.windll.user32.SetTimer(self._hwnd, TIMER, TIMER_MS, None)
        self._ready(self)

    def _mainloop(self) -> None:
        try:
            super()._mainloop()
        finally:
            self._ready(None)

    def _take_face(self) -> None:
        old, self._face = self._face, self._posted
        self.title = cut(self._face.tooltip, MOST_TIP)
        if self._face.icon != old.icon:
            self.icon = self._draw_key(self._face.icon, self._size)
        if self._face.items != old.items:
            self.menu = menu_of(self._face.items, self._clicked)

    def _take_notes(self) -> None:
        while self._notes:
            self._note = self._notes.pop(0)
            self._notify(self._note.text, self._note.title)

    def _look_again(self) -> None:
        """Offer the icon again to a taskbar that did not take it, as it may at login."""
        if not self.is_added:
            self._show()
        if self._seen.is_missed(self.is_added):
            self._unseen()
        if self.is_added:
            win32.windll.user32.KillTimer(self._hwnd, TIMER)

    def __call__(self) -> None:
        self._activated()

    def _update_menu(self) -> None:
        self._is_menu_old = self._is_open
        if not self._is_open:
            super()._update_menu()

    def _on_notify(self, wparam: int, lparam: int) -> None:
        if lparam == WM_RBUTTONDOWN:
            self._opening()  # The menu opens when the button comes up; by then the figures may be there.
        elif lparam == NIN_BALLOONUSERCLICK and self._note:
            self._clicked(self._note.action)
        elif lparam == win32.WM_RBUTTONUP and not self._is_open:
            self._open(wparam, lparam)
        elif lparam == win32.WM_LBUTTONUP:
            self()

    def _open(self, wparam: int, lparam: int) -> None:
        """Show the menu until it is closed; Windows goes on handing us messages meanwhile."""
        self._is_open = True
        try:
            super()._on_notify(wparam, lparam)
        finally:
            self._is_open = False
            if self._is_menu_old:
                self.update_menu()

    def _on_display_change(self, wparam: int, lparam: int) -> None:
        """Draw it anew: another size, or a taskbar of another colour."""
        self._size = icon_size()
        self.icon = self._draw_key(self._face.icon, self._size)

    def _on_taskbarcreated(self, wparam: int, lparam: int) -> None:
        self.is_added = False
        win32.windll.user32.SetTimer(self._hwnd, TIMER, TIMER_MS, None)
        self._on_display_change(wparam, lparam)
        super()._on_taskbarcreated(wparam, lparam)

    def _show(self) -> None:
        """Add the icon. After a time-out it may be there all the same, and can then be changed."""
        self._assert_icon_handle()
        flags = win32.NIF_MESSAGE | win32.NIF_ICON | win32.NIF_TIP
        values = {"uCallbackMessage": win32.WM_NOTIFY, "hIcon": self._icon_handle, "szTip": self.title}
        self.is_added = any(self._message(code, flags, **values) for code in (win32.NIM_ADD, win32.NIM_MODIFY))

    def _notify(self, message: str, title: str | None = None) -> None:
        self._message(
            win32.NIM_MODIFY,
            win32.NIF_INFO,
            szInfo=cut(message or title or "", MOST_TEXT),
            szInfoTitle=cut(title or self.title, MOST_TITLE),
            dwInfoFlags=NIIF_INFO | NIIF_RESPECT_QUIET_TIME,
        )

    def _message(self, code: int, flags: int, **values: Any) -> bool:
        size = ctypes.sizeof(win32.NOTIFYICONDATAW)
        data = win32.NOTIFYICONDATAW(cbSize=size, hWnd=self._hwnd, uFlags=flags, **values)
        return bool(win32.Shell_NotifyIcon(code, data))

    def _assert_icon_handle(self) -> None:
        if not self._icon_handle:
            self._icon_handle = icon_handle(self.icon)
