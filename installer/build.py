"""Build the packaged bursar in dist/, in every form that this system can: `python3 installer/build.py`; or only:

    --folder    dist/bursar: the program and all it needs, no Python wanted
    --tar       the same as one .tar.xz (Linux)
    --deb       a Debian package (Linux, with dpkg-deb)
    --exe       the Windows setup (Windows, with makensis of NSIS)
    --dmg       bursar.app in a disk image (macOS)
    --sbom      what is inside, version by version, as CycloneDX JSON

The versions of what goes in are those of installer/build.lock; where SOURCE_DATE_EPOCH is set, file times are too.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import debian
import environment as env
import licences

HERE = Path(__file__).resolve().parent
LOCK = HERE / "build.lock"
RUNS_WITH = HERE / "requirements.lock"
DIST = env.ROOT / "dist"
FORMS = {
    "folder": "only dist/bursar",
    "tar": "a .tar.xz",
    "deb": "a Debian package",
    "exe": "the Windows setup",
    "dmg": "a disk image for macOS",
    "sbom": "a list of what is inside, as CycloneDX",
}


def main(arguments: list[str]) -> int:
    """Build what was asked for, and name what came of it."""
    asked = _asked(arguments)
    try:
        env.check_python()
        made = [folder()]
        if asked.tar:
            made.append(tar(made[0]))
        if asked.deb:
            made.append(debian.package(made[0], version(), DIST))
        if asked.exe:
            made.append(exe(made[0]))
        if asked.dmg:
            made.append(dmg())
        if asked.sbom:
            made.append(sbom())
    except env.SetupError as problem:
        env.say(str(problem))
        return 1
    for path in made:
        print(f"{env.shown(path)}  {size(path) / 1e6:.1f} MB")
    return 0


def folder() -> Path:
    """Make dist/bursar anew."""
    python = env.ensure(env.CACHE / "build", LOCK)
    needed()
    called(str(python), str(HERE / "icons.py"), str(env.CACHE / "icons"))
    work = env.CACHE / "pyinstaller"
    command = [str(python), "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    command += ["--distpath", str(DIST), "--workpath", str(work), str(HERE / "bursar.spec")]
    # Hash seeds order sets in what PyInstaller writes; a fixed one makes two builds of one state alike.
    environ = dict(os.environ, PYTHONHASHSEED="1", PYTHONDONTWRITEBYTECODE="1")
    done = subprocess.run(command, cwd=env.ROOT, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise env.SetupError(f"PyInstaller could not build bursar:\n{done.stderr[-3000:]}")
    made = DIST / "bursar"
    licences.gather(python, made, RUNS_WITH.read_text(encoding="utf-8"))
    return made


def needed() -> None:
    """Fetch what PyInstaller calls on Linux; elsewhere it brings all it needs."""
    if sys.platform == "linux" and not all(map(shutil.which, ("objdump", "strip"))):
        env.debian_packages(["binutils"])


def tar(made: Path) -> Path:
    """Pack the folder as one file, owned by nobody in particular."""
    target = DIST / f"bursar-{version()}-{system()}.tar.xz"
    with tarfile.open(target, "w:xz", preset=6) as packed:
        packed.add(made, arcname=f"bursar-{version()}", filter=_owned_by_root)
    return target


def exe(made: Path) -> Path:
    """Compile the Windows setup; a warning of the compiler's is an error."""
    target = DIST / f"bursar-{version()}-setup.exe"
    defines = {"VERSION": version(), "PAYLOAD": made, "OUT": target}
    script = str(HERE / "windows" / "bursar.nsi")
    called("makensis", "-V2", "-WX", *(f"-D{name}={value}" for name, value in defines.items()), script)
    return target


def dmg() -> Path:
    """Pack bursar.app, which the recipe makes on macOS, as a disk image with a link to Applications beside it."""
    target = DIST / f"bursar-{version()}-{platform.machine().lower()}.dmg"
    called("sh", str(HERE / "macos" / "dmg.sh"), str(DIST / "bursar.app"), str(target))
    return target


def sbom() -> Path:
    """List the packages that bursar runs with, and the digests of their files."""
    target = DIST / f"bursar-{version()}.cdx.json"
    command = [str(env.python_of(env.CACHE / "build")), "-W", "ignore", "-m", "cyclonedx_py", "requirements"]
    called(*command, str(RUNS_WITH), "--pyproject", str(env.ROOT / "pyproject.toml"), "-o", str(target))
    return target


def called(*command: str) -> None:
    """Run a tool of the system; raises SetupError with what it said."""
    if shutil.which(command[0]) is None:
        raise env.SetupError(f"this needs {command[0]}, which is not installed here.")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise env.SetupError(f"{command[0]} failed:\n{(done.stdout + done.stderr)[-2000:]}")


def version() -> str:
    """Give the version that pyproject.toml names."""
    return str(tomllib.loads((env.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def system() -> str:
    """Name this system and processor as the files are called after them."""
    return f"{platform.system().lower()}-{platform.machine().lower()}"


def size(path: Path) -> int:
    """Count the bytes of a file, or of all files in a folder."""
    return sum(each.lstat().st_size for each in path.rglob("*")) if path.is_dir() else path.stat().st_size


def _owned_by_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mtime = int(os.environ.get("SOURCE_DATE_EPOCH", entry.mtime))
    return entry


def _asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Build the packaged bursar in dist/.")
    for name, what in FORMS.items():
        parser.add_argument(f"--{name}", action="store_true", help=what)
    asked = parser.parse_args(arguments)
    if not any(vars(asked).values()):
        asked.tar = asked.sbom = sys.platform == "linux"
        asked.deb = asked.tar and shutil.which("dpkg-deb") is not None
        asked.exe, asked.dmg = sys.platform == "win32", sys.platform == "darwin"
    return asked


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
