"""Registry: what Windows starts at login. Unverified on Windows.

HKCU's Run key holds the command; beside it StartupApproved says what the Task Manager's page "Startup apps" turned
off: its first byte is odd then. Source: https://learn.microsoft.com/windows/win32/setupapi/run-and-runonce-registry-keys
(260 characters at most); StartupApproved is documented nowhere and read as Autoruns reads it.
"""

from __future__ import annotations

import subprocess
from contextlib import suppress

from tray.startup.program import Command
from tray.startup.system import Winreg

RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
APPROVED = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
NAME = "bursar"
LONGEST = 260


def is_on(winreg: Winreg) -> bool:
    """Tell whether Windows starts bursar: the command is there, and the Task Manager did not turn it off."""
    approved = _read(winreg, APPROVED)
    is_off = isinstance(approved, bytes) and bool(approved[:1]) and approved[0] % 2 == 1
    return bool(_read(winreg, RUN)) and not is_off


def starts(winreg: Winreg, command: Command) -> bool:
    """Tell whether the value is just this command."""
    return _read(winreg, RUN) == subprocess.list2cmdline(command)


def turn_on(winreg: Winreg, command: Command) -> None:
    """Write the command, and take away what the Task Manager says of it; raises OSError if it is too long."""
    line = subprocess.list2cmdline(command)
    if len(line) > LONGEST:
        raise OSError(f"Windows starts no command longer than {LONGEST} characters; this one has {len(line)}: {line}")
    with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, RUN, 0, winreg.KEY_SET_VALUE) as key:
        winreg.SetValueEx(key, NAME, 0, winreg.REG_SZ, line)
    _delete(winreg, APPROVED)


def turn_off(winreg: Winreg) -> None:
    """Take both away."""
    _delete(winreg, RUN)
    _delete(winreg, APPROVED)


def _read(winreg: Winreg, path: str) -> object:
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, path, 0, winreg.KEY_QUERY_VALUE) as key:
            return winreg.QueryValueEx(key, NAME)[0]
    except FileNotFoundError:
        return None


def _delete(winreg: Winreg, path: str) -> None:
    with (
        suppress(FileNotFoundError),
        winreg.OpenKey(winreg.HKEY_CURRENT_USER, path, 0, winreg.KEY_SET_VALUE) as key,
    ):
        winreg.DeleteValue(key, NAME)
