"""The licences of what a packaged bursar has inside: their texts in its `licenses` folder, and a list of them.

Packages are those that bursar runs with, as the build's environment has them; for shared libraries of the system,
dpkg-query is asked where there is one.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import environment as env

# Run with the build's Python: names each package, its licence, and where the texts lie.
ASK = """
import importlib.metadata as m, json
found = []
for d in m.distributions():
    files = [str(d.locate_file(f)) for f in d.files or () if "licen" in f.name.lower() or "copying" in f.name.lower()
             or "notice" in f.name.lower()]
    meta = d.metadata
    kinds = [c.split(" :: ")[-1] for c in meta.get_all("Classifier") or () if c.startswith("License ::")]
    said = meta.get("License-Expression") or ", ".join(kinds) or (meta.get("License") or "").split(chr(10))[0]
    found.append([meta["Name"], d.version, said, [f for f in files if not f.endswith((".py", ".pyc"))]])
import sys, sysconfig
print(json.dumps([found, sys.version.split()[0], sysconfig.get_path("stdlib") + "/LICENSE.txt"]))
"""


def gather(python: Path, made: Path, lock: str) -> None:
    """Write `licenses/` into a built folder; raises SetupError where a package's text cannot be found."""
    asked = subprocess.run([python, "-c", ASK], capture_output=True, text=True, check=True)
    packages, version, text = json.loads(asked.stdout)
    target = made / "licenses"
    shutil.rmtree(target, ignore_errors=True)
    inside = {_plain(name) for name in re.findall(r"^([a-z0-9-]+)==", lock, re.M)}
    lines = [_python(version, Path(text), target)]
    for name, number, said, files in sorted(packages, key=lambda each: _plain(each[0])):
        if _plain(name) in inside:
            inside.remove(_plain(name))
            lines.append(f"{name} {number}: {said or 'see its text'}")
            _copy([Path(file) for file in files], target / _plain(name), name)
    lines += _of_the_system(made, target)
    shutil.copyfile(env.ROOT / "LICENSE", target / "bursar.txt")
    (target / "README.txt").write_text(_HEAD + "\n".join(lines) + "\n", encoding="utf-8")


_HEAD = """bursar is MIT licensed (bursar.txt). What it brings along, each under its own licence:

The program was put together with PyInstaller, whose starter may be shipped under any terms (its licence's exception).

"""


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _python(version: str, text: Path, target: Path) -> str:
    target.mkdir(parents=True)
    if text.exists():
        shutil.copyfile(text, target / "python.txt")
    return f"Python {version}: PSF-2.0 (python.txt, or its home page)"


def _copy(files: list[Path], target: Path, name: str) -> None:
    kept = [file for file in files if file.is_file()]
    if not kept and name.lower() not in NO_TEXT:
        raise env.SetupError(f"{name} brings no licence text; bursar must not be shipped without it.")
    for number, file in enumerate(kept):
        target.mkdir(exist_ok=True)
        shutil.copyfile(file, target / (file.name if number == 0 else f"{number}-{file.name}"))


NO_TEXT: set[str] = set()
"""Packages whose wheels have no text of their licence, which is named in the list all the same."""


def _of_the_system(made: Path, target: Path) -> list[str]:
    """Add the texts of shared libraries that came from Debian packages."""
    dpkg = shutil.which("dpkg-query")
    if dpkg is None:
        return []
    lines = {}
    for library in sorted((made / "_internal").glob("lib*.so*")):
        found = subprocess.run([dpkg, "-S", f"*/{library.name}"], capture_output=True, text=True, check=False)
        package = found.stdout.partition(":")[0].partition(",")[0].strip()
        text = Path("/usr/share/doc") / package / "copyright"
        if package and text.exists():
            lines[package] = f"{package}: {library.name}, from the system it was built on (system/{package}.txt)"
            (target / "system").mkdir(exist_ok=True)
            shutil.copyfile(text, target / "system" / f"{package}.txt")
    return list(lines.values())
