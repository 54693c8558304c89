"""Program: the command that starts this very bursar again, however it was installed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tray.paths import HOME

Command = tuple[str, ...]

TRAY: Command = ("serve", "--background")
"""What is started with a desktop. Nobody reads what it prints."""
SERVICE: Command = ("serve", "--no-tray")
"""What is started without one; what it prints goes to the journal."""

_WINDOWED = "bursar-tray"
"""The packaged executable that opens no console, beside the one that does."""
_ANYWHERE = "import sys, runpy; sys.path.insert(0, {root!r}); runpy.run_module('tray', run_name='__main__')"


@dataclass(frozen=True)
class Program:
    """What is running: the executable, whether bursar is packaged into it, and the folder of the source otherwise."""

    executable: Path
    is_frozen: bool
    root: Path

    @classmethod
    def this(cls) -> Program:
        """Say what is running now."""
        is_frozen = bool(getattr(sys, "frozen", False))
        return cls(Path(sys.executable), is_frozen, Path(__file__).resolve().parents[2])


def command(program: Program, environ: Mapping[str, str], platform: str, arguments: Command) -> Command:
    """Give the whole command: the program, `--home` where this bursar has one of its own, then the arguments."""
    chosen = environ.get(HOME)
    home = ("--home", str(Path(chosen).expanduser().absolute())) if chosen else ()
    return (*_start(program, platform, has_console=arguments != TRAY), *home, *arguments)


def through_shell(words: Command) -> Command:
    """Give a command that does the same, for who starts no program with such a name as this one's."""
    return ("/bin/sh", "-c", 'exec "$0" "$@"', *words)


def _start(program: Program, platform: str, *, has_console: bool) -> Command:
    """Choose what is run: the packaged program, the command beside Python, or Python itself with the source."""
    end = ".exe" if platform == "win32" else ""
    if program.is_frozen:
        windowed = program.executable.with_name(_WINDOWED + end)
        return (str(program.executable if has_console or not windowed.is_file() else windowed),)
    beside = [program.executable.with_name(name) for name in ("bursar", "bursar.exe", "bursar.cmd")]
    installed = next((path for path in beside if path.is_file()), None)
    if installed and platform != "win32":
        return (str(installed),)
    python = str(_python(program, platform))
    # -P: a file called click.py in the folder that it happens to start in must not be imported.
    if installed:
        return (python, "-P", "-m", "tray")
    return (python, "-P", "-c", _ANYWHERE.format(root=str(program.root)))


def _python(program: Program, platform: str) -> Path:
    """Choose the Python: on Windows the one that opens no console."""
    quiet = program.executable.with_name("pythonw.exe")
    return quiet if platform == "win32" and quiet.is_file() else program.executable
