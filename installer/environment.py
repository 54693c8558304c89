"""Environments: folders of Python packages, made once and filled from a hash-pinned lock file.

Standard library only, and written so that a Python too old for bursar still reaches `check_python`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
OLDEST = (3, 11)


class SetupError(Exception):
    """Set-up cannot go on; the text says what a person can do about it."""


def check_python() -> None:
    """Raise SetupError when this Python is too old to run bursar."""
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        raise SetupError(f"bursar needs Python 3.11 or newer, and this is {found} ({sys.executable}).")


def ensure(folder: Path, lock: Path) -> Path:
    """Make the virtual environment if needed, fill it from the lock file, and return its Python.

    Costs a few milliseconds when nothing has changed.
    """
    python = python_of(folder)
    if not python.exists():
        say(f"setting up {shown(folder)}: once, about half a minute")
        create(folder)
    if changed(folder, lock):
        pip(python, "--no-deps", "--requirement", str(lock))
        remember(folder, lock)
    return python


def ensure_target(folder: Path, lock: Path, python: Path) -> Path:
    """Fill a plain folder with a lock file's packages, for a program that needs other versions; return it."""
    if changed(folder, lock):
        shutil.rmtree(folder, ignore_errors=True)
        pip(python, "--no-deps", "--target", str(folder), "--requirement", str(lock))
        remember(folder, lock)
    return folder


def python_of(folder: Path) -> Path:
    """Say where a virtual environment keeps its Python."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def create(folder: Path) -> None:
    """Make an empty virtual environment, installing Debian's venv package first where it is missing."""
    command = [sys.executable, "-m", "venv", "--clear", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode == 0:
        return
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    debian_packages([f"python{version}-venv"])
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    if again.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        raise SetupError(f"Python could not make a virtual environment: {(again.stdout + again.stderr).strip()}")


def debian_packages(names: list[str]) -> None:
    """Install system packages on a Debian-like system, or raise SetupError with the command that would."""
    wanted = " ".join(names)
    apt = shutil.which("apt-get")
    if apt is None:
        raise SetupError(f"something that Debian calls {wanted} is missing; please install it for your system.")
    prefix = as_root()
    if prefix is None:
        raise SetupError(f"please run this once, then try again:\n  sudo apt-get install -y {wanted}")
    say(f"installing {wanted} with apt-get")
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    install = [*prefix, apt, "install", "-y", "-q", "--no-install-recommends", *names]
    for command in ([*prefix, apt, "update", "-q"], install):
        done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SetupError(f"`{' '.join(command)}` failed:\n{(done.stdout + done.stderr)[-2000:]}")


def as_root() -> list[str] | None:
    """Say what to put before a command that needs root: nothing, a sudo that asks no password, or None."""
    if getattr(os, "geteuid", lambda: -1)() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None


def pip(python: Path, *arguments: str) -> None:
    """Install with pip, every file checked against its hash; nothing is built from source."""
    options = ["-qq", "--disable-pip-version-check", "--require-hashes", "--only-binary=:all:"]
    done = subprocess.run([str(python), "-m", "pip", "install", *options, *arguments], check=False)
    if done.returncode:
        raise SetupError("pip could not install what bursar needs (above); is the package index reachable?")


def changed(folder: Path, lock: Path) -> bool:
    """Tell whether the folder was last filled from another version of the lock file."""
    stamp = _stamp(folder, lock)
    return not stamp.exists() or stamp.read_text(encoding="utf-8") != _digest(lock)


def remember(folder: Path, lock: Path) -> None:
    """Note which version of the lock file the folder was filled from."""
    _stamp(folder, lock).write_text(_digest(lock), encoding="utf-8")


def shown(path: Path) -> str:
    """Name a path as seen from the project's folder."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def say(text: str) -> None:
    """Tell the person at the terminal what takes the time."""
    print(f"bursar set-up: {text}", file=sys.stderr, flush=True)


def _stamp(folder: Path, lock: Path) -> Path:
    return folder / f".filled-from-{lock.parent.name}-{lock.stem}"


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()
