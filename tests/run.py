"""Set up all that the tests need, and run them: `python3 tests/run.py [--fast | --prove] [pytest arguments…]`.

    (nothing)   lint, types, and every test
    --fast      lint, types, and the tests that take no real agent or model server
    --prove     the long proofs instead, with their figures: killed over and over, a day replayed, the power cut

The closing line is pytest's; the exit code is the first that was not zero.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "installer"))

import environment as env

FAST = "not slow and not prove and not network"
MOST_TRIED_ALONE = 8
KEPT = env.CACHE / "pytest"  # what the last whole run found

# what tests start or load -> the Debian package that brings it
COMMANDS = {"npm": "npm", "git": "git", "openssl": "openssl"}
LINUX_COMMANDS = {"dbus-daemon": "dbus"}  # the desktop's bus, for the tray
# what only the proofs start: a screen that nobody sees, a mouse, and the panels of three desktops
PANELS = {"Xvfb": "xvfb"} | {name: name for name in ("xdotool", "openbox", "xfce4-panel", "lxqt-panel")}
PANELS |= {"tint2": "tint2", "gnome-shell": "gnome-shell"}
# what only the proofs of packages start
PACKAGES = {"debootstrap": "debootstrap", "lintian": "lintian", "desktop-file-validate": "desktop-file-utils"}
PACKAGES |= {"man": "man-db", "makensis": "nsis", "wine": "wine64"}
FAULTS = {"fiu-run": "fiu-utils"}  # what only the proofs make the system's calls fail with
# what has no command, and is missing if the panel is that needs it
BESIDE = {"tint2": ["python3-gi", "gir1.2-gtk-3.0"], "gnome-shell": ["gnome-shell-extension-appindicator"]}
BROWSER = "chromium-headless-shell"  # any Chromium or Chrome will do
LIBRARIES = {"libgomp.so.1": "libgomp1"}  # llama.cpp


def main(arguments: list[str]) -> int:
    """Set up and run; see the module's first lines."""
    fast, prove = "--fast" in arguments, "--prove" in arguments
    rest = [argument for argument in arguments if argument not in ("--fast", "--prove")]
    try:
        env.check_python()
        python = env.ensure(env.ROOT / ".venv", HERE / "requirements.lock")
        if not fast:
            set_up_agents_and_servers(python)
        if prove:
            panels_and_packages()
    except env.SetupError as problem:
        env.say(str(problem))
        return 1
    if prove:
        return run(python, "pytest", "-s", "-m", "prove", *rest)
    return check(python, ["-m", FAST, *rest] if fast else rest, is_whole=not rest)


def set_up_agents_and_servers(python: Path) -> None:
    """Fetch what is run for real: agents, a browser, an old Anthropic SDK, a llama.cpp server; and schemathesis."""
    system_packages()
    npm_packages("agents", "Claude Code and opencode")
    npm_packages("browser", "what checks pages for who cannot see them well")
    env.ensure_target(env.CACHE / "old_sdk", HERE / "old_sdk.lock", python)
    env.ensure_target(env.CACHE / "schemathesis", HERE / "schemathesis.lock", python)
    llama = env.ensure(env.CACHE / "llama", HERE / "llama.lock")
    tried = subprocess.run([llama, "-c", "import xllamacpp"], capture_output=True, text=True, check=False)
    if tried.returncode:
        raise env.SetupError(f"the llama.cpp server cannot be loaded; --fast does without it.\n{tried.stderr[-2000:]}")


def system_packages() -> None:
    """Install the missing ones of the commands that the tests start and the libraries that they load."""
    from kit.browser import find

    commands = COMMANDS | LINUX_COMMANDS if sys.platform == "linux" else COMMANDS
    missing = [package for command, package in commands.items() if shutil.which(command) is None]
    missing += [] if find() else [BROWSER]
    if sys.platform == "linux":
        missing += [package for library, package in LIBRARIES.items() if not is_loadable(library)]
    if missing:
        env.debian_packages(missing)


def panels_and_packages() -> None:
    """Install what the tray, packages and a failing disk are tried with, on Linux; elsewhere that is skipped."""
    missing = [package for command, package in (PANELS | PACKAGES | FAULTS).items() if shutil.which(command) is None]
    missing += [package for panel in missing for package in BESIDE.get(panel, [])]
    if sys.platform == "linux" and missing:
        env.debian_packages(missing)


def is_loadable(library: str) -> bool:
    """Tell whether a shared library is installed."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def npm_packages(name: str, what: str) -> None:
    """Fetch a folder's packages as npm's lock file pins them; no program of theirs is run by Node.

    opencode is fetched for Linux on x64 alone, in the build that runs on every such processor: the wrapper around its
    builds brings two of 177 MB. Elsewhere npm leaves it out, and its journeys are skipped.
    """
    folder, source = env.CACHE / name, HERE / name
    lock = source / "package-lock.json"
    if not env.changed(folder, lock):
        return
    env.say(f"fetching {what} for the tests, once")
    folder.mkdir(parents=True, exist_ok=True)
    for file in ("package.json", "package-lock.json"):
        shutil.copyfile(source / file, folder / file)
    # Install scripts would only copy the native programs, which the tests start where they lie.
    command = [str(shutil.which("npm")), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise env.SetupError(f"npm could not fetch {what}; --fast does without it.\n{done.stderr[-2000:]}")
    env.remember(folder, lock)


def check(python: Path, tests: list[str], *, is_whole: bool) -> int:
    """Run the checks in turn, all of them even when one fails; a run of chosen tests skips lint and types."""
    if not is_whole:
        return run(python, "pytest", *tests)
    codes = [run(python, *command) for command in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"])]
    return first_failure([*codes, side_by_side(python, tests)])


def side_by_side(python: Path, tests: list[str]) -> int:
    """Run all tests beside each other, a file at a time: they wait for servers and agents more than they compute.

    On a starved machine a server can miss a limit. The few that failed are named and run again, alone: what is wrong
    fails again. Many failures are not tried twice.
    """
    beside = ["-n", str((os.cpu_count() or 1) + 1), "--dist", "loadfile", "--no-loadscope-reorder", "--durations", "25"]
    code = run(python, "pytest", *beside, "-o", f"cache_dir={KEPT}", "--cache-clear", *tests)
    failed = failures() if code == 1 else []
    if not 0 < len(failed) <= MOST_TRIED_ALONE:
        return code
    env.say("\n".join(["failed beside the others, and run again alone:", *failed]))
    return run(python, "pytest", *failed)


def failures() -> list[str]:
    """Read which tests failed in the last run, as pytest keeps them."""
    kept = KEPT / "v" / "cache" / "lastfailed"
    return sorted(json.loads(kept.read_text(encoding="utf-8"))) if kept.exists() else []


def first_failure(codes: list[int]) -> int:
    """Give the first exit code that is not zero."""
    return next((code for code in codes if code), 0)


def run(python: Path, module: str, *arguments: str) -> int:
    """Run one tool of the environment from the project's folder."""
    print(f"$ {module} {' '.join(arguments)}".rstrip(), flush=True)
    # Some hundred processes are started, each of which would take half as long again to begin without its bytecode.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [str(python), "-m", module, *arguments]
    return subprocess.run(command, cwd=env.ROOT, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
