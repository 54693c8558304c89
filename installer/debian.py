"""The Debian package: the built folder in /opt/bursar, and around it what a desktop and a shell look for.

Sources: the Debian policy manual, the FHS (add-on software lies in /opt), the desktop entry and icon theme
specifications. Nothing of a person's is touched: settings and ledger lie in their home and outlive a purge.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import environment as env

HERE = Path(__file__).resolve().parent
FILES = HERE / "debian"
MAINTAINER = os.environ.get("BURSAR_MAINTAINER", "The bursar authors <bursar@localhost>")
SCRIPTS = ("prerm",)
TEXTS = {
    "bursar.desktop": "usr/share/applications/bursar.desktop",
    "copyright": "usr/share/doc/bursar/copyright",
    "lintian-overrides": "usr/share/lintian/overrides/bursar",
}

CONTROL = """\
Package: bursar
Version: {version}
Architecture: {architecture}
Maintainer: {maintainer}
Installed-Size: {kilobytes}
Depends: libc6 (>= {glibc})
Recommends: xdg-utils
Suggests: gnome-shell-extension-appindicator
Section: utils
Priority: optional
Description: Keeps an AI coding bill under a daily budget
 A proxy on your own machine, between a coding agent such as Claude Code and
 Claude or a local model server. It works out what each request may cost
 before it is sent, holds that money, writes down what it really cost, and
 when the day's money is gone, work goes on with a local model or stops with
 one clear sentence. An icon in the tray shows the day and changes the mode.
"""

CHANGES = """\
bursar ({version}) unstable; urgency=medium

  * What changed is said in CHANGELOG.md.gz, beside this file.

 -- {maintainer}  {date}
"""

# Run with the build's Python in the source: what the package shows of bursar itself.
MAKE = """
import sys
from pathlib import Path
sys.path[:0] = [{root!r}, {here!r}]
import icons
import manpage
from tray.startup import systemd
target = Path({target!r})
manpage.write(target / "usr/share/man/man1/bursar.1", {version!r})
(target / "usr/lib/systemd/user/bursar.service").write_text(systemd.text(("/opt/bursar/bursar", "serve")))
icons.themed(target / "usr/share/icons/hicolor")
"""


def package(built: Path, version: str, into: Path) -> Path:
    """Put a built folder into a .deb; raises SetupError where this system has no dpkg-deb."""
    if shutil.which("dpkg-deb") is None:
        raise env.SetupError("a Debian package needs dpkg-deb; --tar and --folder do without.")
    architecture = said("dpkg", "--print-architecture").strip()
    root = env.CACHE / "deb"
    shutil.rmtree(root, ignore_errors=True)
    _fill(root, built, version)
    _control(root, version, architecture)
    target = into / f"bursar_{version}_{architecture}.deb"
    said("dpkg-deb", "--build", "--root-owner-group", "-Zxz", str(root), str(target))
    return target


def _fill(root: Path, built: Path, version: str) -> None:
    opt = root / "opt/bursar"
    shutil.copytree(built, opt, symlinks=True)
    for folder in ("usr/bin", "usr/lib/systemd/user", "usr/share/man/man1"):
        (root / folder).mkdir(parents=True)
    (root / "usr/bin/bursar").symlink_to("/opt/bursar/bursar")
    for name, place in TEXTS.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(FILES / name, root / place)
    script = MAKE.format(root=str(env.ROOT), here=str(HERE), target=str(root), version=version)
    said(str(env.python_of(env.CACHE / "build")), "-c", script)
    _zip(root / "usr/share/man/man1/bursar.1")
    docs = root / "usr/share/doc/bursar"
    shutil.copyfile(env.ROOT / "CHANGELOG.md", docs / "CHANGELOG.md")
    (docs / "changelog").write_text(CHANGES.format(version=version, maintainer=MAINTAINER, date=_date()))
    for name in ("CHANGELOG.md", "changelog"):
        _zip(docs / name)
    _set_rights(root)


def _zip(path: Path) -> None:
    """Compress a file as the policy wants it: without a name or a time inside."""
    with gzip.GzipFile(f"{path}.gz", "wb", compresslevel=9, mtime=0) as packed:
        packed.write(path.read_bytes())
    path.unlink()


def _set_rights(root: Path) -> None:
    """Let everybody read, and only programs be run, whatever the umask of who builds."""
    for path in root.rglob("*"):
        if not path.is_symlink():
            is_program = path.is_dir() or path == root / "opt/bursar/bursar"
            path.chmod(0o755 if is_program else 0o644)


def _control(root: Path, version: str, architecture: str) -> None:
    folder = root / "DEBIAN"
    folder.mkdir()
    kilobytes = sum(path.lstat().st_size for path in root.rglob("*") if not path.is_dir()) // 1024
    control = CONTROL.format(
        version=version,
        architecture=architecture,
        maintainer=MAINTAINER,
        kilobytes=kilobytes,
        glibc=glibc(root / "opt/bursar"),
    )
    (folder / "control").write_text(control, encoding="utf-8")
    (folder / "md5sums").write_text("".join(_sums(root)), encoding="utf-8")
    for name in SCRIPTS:
        shutil.copyfile(FILES / name, folder / name)
        (folder / name).chmod(0o755)


def _sums(root: Path) -> Iterator[str]:
    """List every file's digest, for `dpkg --verify`."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink() and root / "DEBIAN" not in path.parents:
            digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
            yield f"{digest}  {path.relative_to(root)}\n"


def _date() -> str:
    """Give the moment that the package is of: of the source, so that it can be built the same again."""
    moment = os.environ.get("SOURCE_DATE_EPOCH") or (env.ROOT / "CHANGELOG.md").stat().st_mtime
    return format_datetime(datetime.fromtimestamp(float(moment), UTC))


def glibc(built: Path) -> str:
    """Find the oldest C library that all of the built programs and libraries can do with."""
    found = {(2, 17)}
    for path in built.rglob("*"):
        if path.is_file() and (".so" in path.name or path.name == "bursar") and path.read_bytes()[:4] == b"\x7fELF":
            symbols = said("objdump", "-T", str(path))
            found |= {(int(a), int(b)) for a, b in re.findall(r"GLIBC_(\d+)\.(\d+)", symbols)}
    return ".".join(map(str, max(found)))


def said(*command: str) -> str:
    """Run a command and give what it printed; raises SetupError with what it complained of."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise env.SetupError(f"`{command[0]}` failed:\n{done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit("run installer/build.py --deb")
