"""Shells: the lines that tell one shell's programs of bursar, and old such lines in the files that shells read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tray.agents.agent import Environ, home_of
from tray.agents.detours import excepting, proxied

VARIABLES = ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_BASE", "OPENAI_BASE_URL", "OPENAI_API_BASE")
SHELLS = ("sh", "fish", "powershell")
FILES = (
    *(
        ".bashrc",
        ".bash_profile",
        ".bash_login",
        ".profile",
        ".zshrc",
        ".zshenv",
        ".zprofile",
        ".config/fish/config.fish",
    ),
    ".config/powershell/Microsoft.PowerShell_profile.ps1",
    "Documents/PowerShell/Microsoft.PowerShell_profile.ps1",
    "Documents/WindowsPowerShell/Microsoft.PowerShell_profile.ps1",
    ".config/environment.d/bursar.conf",
)
_SET = re.compile(
    rf"(?<![\w#])({'|'.join(VARIABLES)})\s*[=\s]\s*[\"']?(https?://(?:127\.0\.0\.1|localhost|\[::1\])(?::([0-9]+))?[^\s\"';#]*)"
)


@dataclass(frozen=True, slots=True)
class Export:
    """A line of a shell's file that sends programs to a port of this machine."""

    path: Path
    line: int
    variable: str
    address: str
    port: int


def shell_of(environ: Environ) -> str:
    """Tell which shell a person uses: by SHELL, else PowerShell where that set its own variable."""
    name = Path(environ.get("SHELL", "")).name
    if name == "fish":
        return "fish"
    if not name and environ.get("PSModulePath"):
        return "powershell"
    return "powershell" if name in ("pwsh", "powershell") else "sh"


def lines_for(shell: str, environ: Environ, port: int) -> list[str]:
    """Write the lines that send this shell's agents to bursar."""
    wanted = {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}"}
    if proxied(environ):
        name, value = excepting(environ)
        wanted[name] = value
    form = {"sh": "export {}='{}'", "fish": "set -gx {} '{}'", "powershell": "$env:{} = '{}'"}[shell]
    return [form.format(name, value.replace("'", "")) for name, value in wanted.items()]


def exports(environ: Environ) -> Iterator[Export]:
    """Find the lines of shells' files that send agents to a port of this machine."""
    home = home_of(environ)
    named = [Path(environ[name]) / ".zshrc" for name in ("ZDOTDIR",) if environ.get(name)]
    for path in (*(home / name for name in FILES), *named):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if line.lstrip().startswith("#"):
                continue
            for found in _SET.finditer(line):
                yield Export(path, number, found[1], found[2], _port(found[3] or "80"))


def _port(digits: str) -> int:
    """Read a port; what is none is 0."""
    return int(digits) if len(digits) <= 5 else 0
