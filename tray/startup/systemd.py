"""Systemd: a user unit, for machines without a desktop. Sources: systemd.service(5), systemd.exec(5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from tray.startup.folders import config_home, made_for, make, noted, put, take_away, unmake
from tray.startup.program import Command, through_shell
from tray.startup.system import Tool

NAME = "bursar.service"
STOP_S = 45
"""How long a stop may take: answers under way may end first."""

_UNIT = """\
[Unit]
Description=bursar: keeps an AI coding bill under a daily budget
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=exec
ExecStart={command}
Restart=on-failure
RestartSec=2
# 2: wrong usage; 4: another bursar or program is in the way. Trying again would not help.
RestartPreventExitStatus=2 4
# Answers under way may end first.
KillSignal=SIGTERM
KillMode=mixed
TimeoutStopSec={stop_s}
UMask=0077
# Only what works without rights of a user's own service manager; what needs a namespace does not everywhere.
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native

[Install]
WantedBy=default.target
"""
# What systemd takes as a program's own name; any other goes through a shell.
_PLAIN = re.compile(r"/[^\x00-\x1f\x7f\"'\\$]*")
_QUOTED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "%": "%%"})


def file(environ: Mapping[str, str]) -> Path:
    """Say where the unit lies."""
    return config_home(environ) / "systemd" / "user" / NAME


def is_on(environ: Mapping[str, str]) -> bool:
    """Tell whether a person's own service manager starts bursar: a unit, ours or a package's, is wanted, not masked."""
    unit, wanted = file(environ), _wanted(environ)
    is_masked = unit.is_symlink() and not unit.is_file()
    return wanted.is_symlink() and wanted.is_file() and not is_masked


def starts(environ: Mapping[str, str], command: Command) -> bool:
    """Tell whether the unit, which is wanted, starts just this command."""
    return f"\nExecStart={_exec(command)}\n" in _wanted(environ).read_text(encoding="utf-8", errors="replace")


def turn_on(environ: Mapping[str, str], command: Command, run: Tool) -> None:
    """Write the unit and enable it, as `systemctl --user enable` does, for the next login; nothing is started now."""
    unit, wanted = file(environ), _wanted(environ)
    made = make(wanted.parent)
    put(unit, noted(text(command), unit, made))
    take_away(wanted)
    wanted.symlink_to(unit)
    _read_again(run)


def turn_off(environ: Mapping[str, str], run: Tool) -> None:
    """Take the unit away, and the folders that were made for it and are empty; one that runs goes on until stopped."""
    unit, wanted = file(environ), _wanted(environ)
    if unit.is_file() or wanted.is_symlink():
        made = made_for(unit)
        take_away(wanted)
        take_away(unit)
        unmake(wanted.parent, made)
        _read_again(run)


def text(command: Command) -> str:
    """Write a command down as a unit."""
    return _UNIT.format(command=_exec(command), stop_s=STOP_S)


def _exec(command: Command) -> str:
    program, *arguments = command if _PLAIN.fullmatch(command[0]) else through_shell(command)
    return " ".join([_quote(program), *(_quote(argument).replace("$", "$$") for argument in arguments)])


def _quote(word: str) -> str:
    """Write one word; in arguments, where a "$" begins a variable, it is doubled beside that."""
    return f'"{word.translate(_QUOTED)}"'


def _wanted(environ: Mapping[str, str]) -> Path:
    return file(environ).parent / "default.target.wants" / NAME


def _read_again(run: Tool) -> None:
    """Have the service manager read its files again, if one runs."""
    run(("systemctl", "--user", "daemon-reload"))
