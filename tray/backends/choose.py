"""Which backend shows the tray, and which one shows notes, on this system. The only place that knows all of them.

Each is imported when it is chosen: some cost much, and some have side effects.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from tray.backends.base import Notifier, Tray, Wiring

if TYPE_CHECKING:
    from tray.icon import Look  # Brings Pillow, which only a desktop needs.

SYSTEM_PYTHON = "/usr/bin/python3"


def choose(platform: str, environ: Mapping[str, str], wiring: Wiring) -> Tray | None:
    """Make the tray of this system (`sys.platform`), not running yet; None where there is no desktop."""
    if platform == "linux" or "bsd" in platform:
        return _on_linux(environ, wiring)
    if platform == "win32":
        from tray.backends.windows import WindowsTray

        return WindowsTray(wiring)
    if platform == "darwin":
        return _on_a_mac(wiring)
    return None


def choose_notifier(
    platform: str, environ: Mapping[str, str], clicked: Callable[[str], None], tray: Tray | None
) -> Notifier | None:
    """Make what shows notes on this desktop, with or without a tray; None where nothing does.

    `clicked` is handed the action of a note that was clicked, on a thread that may take its time.
    """
    if platform == "linux" or "bsd" in platform:
        return _notes_on_linux(environ, clicked)
    if platform == "win32":
        from tray.backends.windows import WindowsNotifier, WindowsTray

        return WindowsNotifier(tray) if isinstance(tray, WindowsTray) else None
    if platform == "darwin":
        from tray.backends.macos import MacNotifier

        return MacNotifier()
    return None


def look_of(platform: str, environ: Mapping[str, str]) -> Look:
    """Say which panel the icon lies on now; asked each time that one is drawn.

    GNOME's panel is always dark. The others take the colour of a theme that no program can ask for.
    """
    if platform == "darwin":
        return "template"
    if platform == "win32":
        from tray.backends.windows_look import look_of_taskbar

        return look_of_taskbar(import_module("winreg"))
    return "dark" if "GNOME" in environ.get("XDG_CURRENT_DESKTOP", "").split(":") else "any"


def _on_linux(environ: Mapping[str, str], wiring: Wiring) -> Tray | None:
    """Where there is an X server, look for a tray of its old kind, too, if no panel of the new kind shows the icon."""
    from tray.backends.address import bus_addresses
    from tray.backends.linux import LinuxTray

    def on_bus(wiring: Wiring) -> Tray:
        return LinuxTray(lambda: bus_addresses(environ), wiring)

    if environ.get("DISPLAY"):
        from tray.backends.fallback import FallbackTray
        from tray.backends.xembed import XEmbed

        return FallbackTray(on_bus, XEmbed(_pythons(), environ, wiring), wiring)
    return on_bus(wiring) if bus_addresses(environ) else None


def _on_a_mac(wiring: Wiring) -> Tray | None:
    from tray.backends.macos_session import has_window_server

    if not has_window_server():
        return None
    from tray.backends.macos import MacTray

    return MacTray(wiring)


def _pythons() -> list[str]:
    """Name the Pythons that may have GTK: this one, unless it is packaged, and the system's."""
    own = [] if getattr(sys, "frozen", False) else [sys.executable]
    return [*own, SYSTEM_PYTHON]


def _notes_on_linux(environ: Mapping[str, str], clicked: Callable[[str], None]) -> Notifier | None:
    from tray.backends.address import bus_addresses
    from tray.backends.notifications import Notifications

    return Notifications(lambda: bus_addresses(environ), clicked) if bus_addresses(environ) else None
