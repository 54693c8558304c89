"""A Windows that pystray and our tray can be run on anywhere: its windows, messages, menus and taskbar, as documented.

`ctypes` is given libraries whose functions are ours; pystray's own declarations and structures are the real ones. Every
call is written down with its thread, and the calls of anything but `PostMessage` on a thread other than the window's
are errors, as they are what crashes or hangs on a real one.
"""

# ruff: noqa: N802  The functions have the names that Windows gives them.

from __future__ import annotations

import ctypes
import importlib
import queue
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

HANDLES = count(1000)  # Never the same twice, as pystray keeps its windows in a table of the class.
FROM_ANY_THREAD = {"PostMessageW", "GetModuleHandleW"}
SECONDS = 10.0
NIM_ADD, NIM_MODIFY, NIM_DELETE = 0, 1, 2
NIF_ICON, NIF_TIP, NIF_INFO = 2, 4, 16
WM_QUIT = 0x0012


@dataclass
class MenuLine:
    """A line of a menu, as InsertMenuItem was told."""

    number: int
    text: str
    state: int
    kind: int
    submenu: int | None

    def __str__(self) -> str:
        if self.kind & 0x800:
            return "-"
        mark = ("(o) " if self.kind & 0x200 else "[x] ") if self.state & 8 else ""
        return mark + self.text + (" >" if self.submenu else "") + (" (grey)" if self.state & 3 else "")


@dataclass
class Taskbar:
    """What the taskbar shows; `is_there` is not so while Explorer restarts."""

    is_there: bool = True
    has_icon: bool = False
    tip: str = ""
    icon: int = 0
    said: list[tuple[str, str]] = field(default_factory=list)


class Windows:
    """One session of a person at a Windows."""

    def __init__(self, dpi: int = 96) -> None:
        self.dpi = dpi
        self.taskbar = Taskbar()
        self.calls: list[tuple[str, int]] = []
        self.wrong: list[str] = []
        self.menus: dict[int, list[MenuLine]] = {}
        self.icons: dict[int, tuple[int, int]] = {}
        self.open_menu: int | None = None
        self.timer_ms = 0
        self.is_aware = False
        self._classes: dict[int, Any] = {}
        self._windows: dict[int, tuple[int, Any]] = {}  # Its thread and its procedure.
        self._queues: dict[int, queue.Queue[tuple[int, int, int, int]]] = {}
        self._chosen = 0

    # What a person and the system do.

    @property
    def window(self) -> int:
        """The icon's window, which is the first one made."""
        return min(self._windows)

    def send(self, message: int, lparam: int = 0) -> None:
        """Have the system post a message to the icon's window."""
        self._post(self.window, message, 0, lparam)

    def choose(self, text: str) -> None:
        """Click on a line of the open menu, wherever in it."""
        assert self.open_menu
        self._chosen = self._line(self.open_menu, text).number
        self._post(self.window, 0, 0, 0)

    def escape(self) -> None:
        """Close the open menu."""
        self._chosen = -1
        self._post(self.window, 0, 0, 0)

    def shown(self, menu: int | None = None) -> list[str]:
        """Read a menu; the open one if none is named."""
        menu = menu or self.open_menu
        assert menu is not None
        return [
            text
            for line in self.menus[menu]
            for text in (str(line), *(f"  {under}" for under in (self.shown(line.submenu) if line.submenu else ())))
        ]

    def threads(self) -> set[int]:
        """The threads that called anything that has to be called on one."""
        return {thread for name, thread in self.calls if name not in FROM_ANY_THREAD}

    # The functions, by their names in the libraries.

    def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Do what a function does."""
        here = threading.get_ident()
        self.calls.append((name, here))
        owners = {thread for thread, _ in self._windows.values()}
        if name not in FROM_ANY_THREAD and owners and here not in owners:
            self.wrong.append(f"{name} on another thread than the window's")
        return getattr(self, f"_{name}", lambda *_: 1)(*arguments)

    def _RegisterWindowMessageW(self, name: str) -> int:
        return 0xC0DE

    def _RegisterClassExW(self, described: Any) -> int:
        atom = next(HANDLES)
        self._classes[atom] = described.lpfnWndProc
        return atom

    def _CreateWindowExW(self, style: int, atom: int, *rest: Any) -> int:
        if not self.is_aware:
            self.wrong.append("a window before the awareness of dots")
        here, handle = threading.get_ident(), next(HANDLES)
        self._queues.setdefault(here, queue.Queue())
        procedure = self._classes[atom]
        assert procedure(handle, 0x81, 0, 0), "WM_NCCREATE is refused"
        assert procedure(handle, 0x01, 0, 0) == 0, "WM_CREATE is refused"
        self._windows[handle] = here, procedure
        return handle

    def _DestroyWindow(self, handle: int) -> int:
        return int(self._windows.pop(handle, None) is not None)

    def _PostMessageW(self, handle: int, message: int, wparam: int, lparam: int) -> int:
        return int(self._post(handle, message, wparam, lparam))

    def _PostQuitMessage(self, code: int) -> None:
        self._queues[threading.get_ident()].put((0, WM_QUIT, 0, 0))

    def _GetMessageW(self, into: Any, *rest: Any) -> int:
        message = into._obj
        message.hWnd, message.message, message.wParam, message.lParam = self._next()
        return int(message.message != WM_QUIT)

    def _DispatchMessageW(self, given: Any) -> int:
        message = given._obj
        return self._dispatch((message.hWnd, message.message, message.wParam or 0, message.lParam or 0))

    def _DefWindowProcW(self, *rest: Any) -> int:
        return 0

    def _CreatePopupMenu(self) -> int:
        handle = next(HANDLES)
        self.menus[handle] = []
        return handle

    def _InsertMenuItemW(self, menu: int, at: int, by_position: bool, given: Any) -> int:
        told = given._obj
        line = MenuLine(told.wID, told.dwTypeData or "", told.fState, told.fType, told.hSubMenu)
        self.menus[menu].insert(at, line)
        return 1

    def _DestroyMenu(self, menu: int) -> int:
        """A menu goes with all under it, and from the screen."""
        if menu not in self.menus:
            return 0
        if menu == self.open_menu:
            self.wrong.append("the open menu was destroyed")
            self._chosen = -1
        for line in self.menus.pop(menu):
            if line.submenu:
                self._DestroyMenu(line.submenu)
        return 1

    def _TrackPopupMenuEx(self, menu: int, *rest: Any) -> int:
        """Show a menu until it is closed; messages to the thread's windows are handled meanwhile."""
        self.open_menu, self._chosen = menu, 0
        while not self._chosen:
            message = self._next()
            if message[1] == WM_QUIT:
                self._queues[threading.get_ident()].put(message)
                break
            self._dispatch(message)
        self.open_menu = None
        return max(0, self._chosen)

    def _EndMenu(self) -> int:
        self._chosen = self._chosen or -1
        return 1

    def _Shell_NotifyIconW(self, code: int, data: Any) -> int:
        for text, most in ((data.szTip, 127), (data.szInfo, 255), (data.szInfoTitle, 63)):
            if len(text.encode("utf-16-le")) // 2 > most:
                raise ValueError("string too long")  # What ctypes says where a character has two bytes.
        bar = self.taskbar
        if not bar.is_there or (code == NIM_ADD) == bar.has_icon:
            return 0
        bar.has_icon = code != NIM_DELETE
        if data.uFlags & NIF_TIP:
            bar.tip = data.szTip
        if data.uFlags & NIF_ICON:
            assert data.hIcon in self.icons, "an icon that is destroyed"
            bar.icon = data.hIcon
        if data.uFlags & NIF_INFO:
            bar.said.append((data.szInfoTitle, data.szInfo))
        return 1

    def _CreateIconFromResourceEx(
        self, data: bytes, size: int, is_icon: bool, version: int, width: int, height: int, flags: int
    ) -> int:
        head, wide, high, _, bits = struct.unpack_from("<IiiHH", data)
        assert (head, wide, high, bits, version) == (40, width, 2 * height, 32, 0x30000), "no icon's resource"
        handle = next(HANDLES)
        self.icons[handle] = (width, height)
        return handle

    def _DestroyIcon(self, icon: int) -> int:
        return int(self.icons.pop(icon, None) is not None)

    def _SetProcessDpiAwarenessContext(self, context: Any) -> int:
        self.is_aware = not self._windows
        return 1

    def _FindWindowW(self, name: str, title: str | None) -> int:
        return 7 if name == "Shell_TrayWnd" and self.taskbar.is_there else 0

    def _GetDpiForWindow(self, window: int) -> int:
        return self.dpi if window == 7 and self.is_aware else 96

    def _GetSystemMetricsForDpi(self, what: int, dpi: int) -> int:
        return 16 * dpi // 96 if what == 49 else 0

    def _GetSystemMetrics(self, what: int) -> int:
        return 16 if what == 49 else 0

    def _SetTimer(self, window: int, timer: int, pause_ms: int, procedure: Any) -> int:
        self.timer_ms = pause_ms
        return timer

    def _KillTimer(self, window: int, timer: int) -> int:
        self.timer_ms = 0
        return 1

    # Inside.

    def _post(self, handle: int, message: int, wparam: int, lparam: int) -> bool:
        owner = self._windows.get(handle)
        if owner:
            self._queues[owner[0]].put((handle, message, wparam, lparam))
        return owner is not None

    def _next(self) -> tuple[int, int, int, int]:
        return self._queues[threading.get_ident()].get(timeout=SECONDS)

    def _dispatch(self, message: tuple[int, int, int, int]) -> int:
        owner = self._windows.get(message[0])
        return int(owner[1](*message)) if owner else 0

    def _line(self, menu: int, text: str) -> MenuLine:
        lines = [line for line in self.menus[menu] if line.text == text]
        return lines[0] if lines else next(self._line(line.submenu, text) for line in self.menus[menu] if line.submenu)


class Machine:
    """Where the tray is loaded once; each test has a `windows` of its own."""

    def __init__(self) -> None:
        self.windows = Windows()

    def library(self, name: str) -> Any:
        """Stand for ctypes.WinDLL."""
        return Library(self)


class Library:
    """A DLL: a function for each name that is asked for."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def __getattr__(self, name: str) -> Function:
        if name.startswith("__"):
            raise AttributeError(name)
        made = Function(self._machine, name)
        setattr(self, name, made)
        return made


class Function:
    """A function as ctypes has it, with its declarations; `errcheck` is heard as ctypes hears it."""

    def __init__(self, machine: Machine, name: str) -> None:
        self._machine, self._name = machine, name
        self.errcheck: Any = None

    def __call__(self, *arguments: Any) -> Any:
        result = self._machine.windows.call(self._name, arguments)
        return self.errcheck(result, self, arguments) if self.errcheck else result


@contextmanager
def loaded() -> Iterator[tuple[Machine, Any]]:
    """Give a machine and our module for Windows, loaded on it: once in a process."""
    machine = Machine()
    in_ctypes = {
        "WinDLL": machine.library,
        "WINFUNCTYPE": ctypes.CFUNCTYPE,
        "HRESULT": ctypes.c_long,
        "WinError": lambda: OSError("Windows says no"),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSTRAY_BACKEND", "dummy")
        for name, value in in_ctypes.items():
            patch.setattr(ctypes, name, value, raising=False)
        yield machine, importlib.import_module("tray.backends.windows")
