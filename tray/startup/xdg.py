"""XDG: a desktop entry among those that Linux desktops start at login.

Source: https://specifications.freedesktop.org/autostart-spec/0.5/ and desktop-entry-spec/1.5. Seen to start it: GLib,
systemd's generator, and LXQt 1.2.1, which alone, against the standard, leaves "%%" as it is and fills in "$NAME".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from tray.startup.folders import config_home, made_for, make, noted, put, take_away, unmake
from tray.startup.program import Command, through_shell

_ENTRY = """\
[Desktop Entry]
Type=Application
Version=1.0
Name=bursar
Comment=Keeps an AI coding bill under a daily budget
TryExec={program}
Exec={command}
Icon=bursar
Terminal=false
StartupNotify=false
X-GNOME-Autostart-enabled=true
"""
_OFF_BY_DESKTOP = re.compile(r"X-[A-Za-z]+-Autostart-enabled")
_QUOTED = str.maketrans({char: f"\\{char}" for char in '\\"`$'})
_ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})


def file(environ: Mapping[str, str]) -> Path:
    """Say where the entry lies."""
    return config_home(environ) / "autostart" / "bursar.desktop"


def is_on(environ: Mapping[str, str]) -> bool:
    """Tell whether the desktop starts bursar: the entry is there, and no settings of the desktop turned it off."""
    try:
        keys = _keys(file(environ).read_text(encoding="utf-8", errors="replace"))
    except (FileNotFoundError, NotADirectoryError):
        return False
    off = [name for name, value in keys.items() if _OFF_BY_DESKTOP.fullmatch(name) and value == "false"]
    return keys.get("Hidden") != "true" and not off


def starts(environ: Mapping[str, str], command: Command) -> bool:
    """Tell whether the entry, which is there, starts just this command."""
    return _keys(file(environ).read_text(encoding="utf-8", errors="replace")).get("Exec") == _exec(command)


def turn_on(environ: Mapping[str, str], command: Command) -> None:
    """Write the entry, over one that was turned off."""
    path = file(environ)
    made = make(path.parent)
    put(path, noted(entry(command), path, made))


def turn_off(environ: Mapping[str, str]) -> None:
    """Take the entry away, and the folders that were made for it, if nothing else lies in them."""
    path = file(environ)
    made = made_for(path)
    take_away(path)
    unmake(path.parent, made)


def entry(command: Command) -> str:
    """Write a command down as a desktop entry.

    A desktop passes it over when the program is there no more (TryExec).
    """
    return _ENTRY.format(program=command[0].translate(_ESCAPED), command=_exec(command))


def _exec(command: Command) -> str:
    # GLib looks for the program before it undoes "%%", and does not find it.
    words = through_shell(command) if "%" in command[0] else command
    return " ".join(_quote(word) for word in words).translate(_ESCAPED)


def _quote(argument: str) -> str:
    """Write one argument as an Exec line has it, before the escapes that every value of a desktop entry gets."""
    return f'"{argument.translate(_QUOTED)}"'.replace("%", "%%")


def _keys(text: str) -> dict[str, str]:
    """Read the keys of the entry's own group, without its actions'."""
    _, _, after = text.partition("[Desktop Entry]")
    group = re.split(r"^\[", after, maxsplit=1, flags=re.M)[0]
    pairs = (line.partition("=") for line in group.split("\n") if not line.startswith("#"))
    return {name.strip(): value.strip() for name, found, value in pairs if found}
