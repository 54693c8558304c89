"""The colour of the taskbar, from Windows' settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tray.icon import Look

PERSONALIZE = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"
LIGHT = "SystemUsesLightTheme"


def look_of_taskbar(winreg: Any) -> Look:
    """Read it from the registry by the module `winreg`, or one like it; dark where nothing is said, as it is by itself.

    Source: Windows writes this value when a person chooses a colour in Settings; Microsoft documents it nowhere.
    """
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, PERSONALIZE, 0, winreg.KEY_QUERY_VALUE) as key:
            return "light" if winreg.QueryValueEx(key, LIGHT)[0] else "dark"
    except OSError:
        return "dark"
