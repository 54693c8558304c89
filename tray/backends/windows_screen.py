"""What Windows says of its screen: how large an icon in the taskbar is, and a picture as such an icon."""

from __future__ import annotations

import ctypes
import io
from ctypes import wintypes
from typing import Any

from PIL import Image
from pystray._util import win32  # type: ignore[import-untyped]

PER_MONITOR_V2 = -4  # DPI_AWARENESS_CONTEXT_PER_MONITOR_AWARE_V2
SM_CXSMICON = 49
TASKBAR = "Shell_TrayWnd"
ICON_VERSION = 0x00030000
FILE_HEAD = 6 + 16  # An .ico file's head and its one entry; a resource begins after them.


def know_dots() -> None:
    """Ask for real pixels, before the first window: else Windows draws everything small and blows it up."""
    user32 = win32.windll.user32
    try:
        user32.SetProcessDpiAwarenessContext(ctypes.c_void_p(PER_MONITOR_V2))
    except AttributeError:  # Before Windows 10, 1703.
        user32.SetProcessDPIAware()


def icon_size() -> int:
    """Give the pixels of an icon in the taskbar where the taskbar is: 16 at 100 %, 32 at 200 %."""
    user32 = win32.windll.user32
    try:
        find = _typed(user32.FindWindowW, wintypes.HWND, wintypes.LPCWSTR, wintypes.LPCWSTR)
        dpi = _typed(user32.GetDpiForWindow, wintypes.UINT, wintypes.HWND)(find(TASKBAR, None))
        size = user32.GetSystemMetricsForDpi(SM_CXSMICON, dpi) if dpi else 0
    except AttributeError:  # Before Windows 10, 1607.
        size = 0
    return int(size or user32.GetSystemMetrics(SM_CXSMICON) or 16)


def icon_handle(picture: Image.Image) -> int:
    """Make an icon of exactly the picture's size; who takes it destroys it. Raises OSError."""
    file = io.BytesIO()
    picture.save(file, "ICO", sizes=[picture.size], bitmap_format="bmp")
    resource = file.getvalue()[FILE_HEAD:]
    create = _typed(
        win32.windll.user32.CreateIconFromResourceEx,
        wintypes.HICON,
        *(ctypes.c_char_p, wintypes.DWORD, wintypes.BOOL, wintypes.DWORD, ctypes.c_int, ctypes.c_int, wintypes.UINT),
    )
    made = create(resource, len(resource), True, ICON_VERSION, picture.width, picture.height, 0)
    if not made:
        raise OSError(f"Windows makes no icon of {picture.width} pixels")
    return int(made)


def _typed(function: Any, result: Any, *arguments: Any) -> Any:
    """Tell ctypes how wide things are: a handle has 64 bits, and an int would be cut."""
    function.restype, function.argtypes = result, arguments
    return function
