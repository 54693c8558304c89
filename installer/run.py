"""Set up bursar in this folder, once, and run it: `python3 installer/run.py [bursar arguments…]`."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import environment as env

LOCK = env.ROOT / "installer" / "requirements.lock"


def main(arguments: list[str]) -> int:
    """Set up, then hand over to bursar."""
    try:
        env.check_python()
        python = env.ensure(env.ROOT / ".venv", LOCK)
        write_command(python)
    except env.SetupError as problem:
        env.say(str(problem))
        return 1
    # -P: a file called click.py in the folder where a person happens to stand must not be imported.
    return hand_over([str(python), "-P", "-m", "tray", *arguments])


def hand_over(command: list[str]) -> int:
    """Become the command; where the system cannot do that, run it and return its exit code."""
    if os.name == "nt":
        return subprocess.run(command, check=False).returncode
    return os.execv(command[0], command)


def write_command(python: Path) -> None:
    """Leave a `bursar` command in the environment that works from any folder."""
    packages = sysconfig.get_path("purelib", vars={"base": str(python.parent.parent)}, scheme="venv")
    _write(Path(packages) / "bursar.pth", f"{env.ROOT}\n")
    if os.name == "nt":
        _write(python.with_name("bursar.cmd"), f'@"{python}" -P -m tray %*\r\n')
    else:
        _write(python.with_name("bursar"), f'#!/bin/sh\nexec "{python}" -P -m tray "$@"\n', mode=0o755)


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    if not path.exists() or path.read_bytes() != text.encode():
        path.write_bytes(text.encode())
        path.chmod(mode)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
