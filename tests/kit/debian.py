"""A bare Debian in a folder, without Python, for the package: made by debootstrap once, copied for each use."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.kit.bursar import free_ports
from tests.kit.fake_claude import ROOT

BASE = ROOT / ".cache" / "debian"
SUITE = "bookworm"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
START_S = 30.0


class NoDebian(RuntimeError):
    """There can be no such root here; the message says why."""


def base() -> Path:
    """Make the root that others are copies of, unless it is there; raises NoDebian."""
    if (BASE / "etc" / "os-release").exists():
        return BASE
    if os.geteuid() or not shutil.which("debootstrap"):
        raise NoDebian("needs debootstrap, and to be root")
    BASE.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BASE.parent, prefix="debian") as making:
        command = ["debootstrap", "--variant=minbase", SUITE, f"{making}/root"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoDebian(f"debootstrap failed: {done.stdout[-300:]}{done.stderr[-300:]}")
        Path(making, "root").rename(BASE)
    return BASE


def built() -> Path:
    """Find the package that installer/build.py --deb made last, or make it; takes minutes."""
    found = sorted((ROOT / "dist").glob("bursar_*.deb"), key=lambda path: path.stat().st_mtime)
    if not found:
        subprocess.run(["python3", str(ROOT / "installer" / "build.py"), "--deb"], check=True)
        return built()
    return found[-1]


def of_version(package: Path, version: str, into: Path) -> Path:
    """Pack the same package once more under another version, as an upgrade."""
    root, made = into / "repacked", into / f"bursar_{version}.deb"
    subprocess.run(["dpkg-deb", "-R", str(package), str(root)], check=True)
    control = root / "DEBIAN" / "control"
    lines = [f"Version: {version}" if line.startswith("Version:") else line for line in control.read_text().split("\n")]
    control.write_text("\n".join(lines))
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", "-Zgzip", "-z1", str(root), str(made)], check=True)
    shutil.rmtree(root)
    return made


class Debian:
    """A root of its own with a few people in it; use as a context manager."""

    def __init__(self, folder: Path, people: Sequence[str] = ("anna",)) -> None:
        self.root = folder / "root"
        self._people = people

    def __enter__(self) -> Debian:
        subprocess.run(["cp", "-a", "--reflink=auto", str(base()), str(self.root)], check=True)
        subprocess.run(["mount", "-t", "proc", "proc", str(self.root / "proc")], check=True)
        for person in self._people:
            self.run("useradd", "-m", "-s", "/bin/sh", person)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes():
            os.kill(process, signal.SIGKILL)
        subprocess.run(["umount", "-l", str(self.root / "proc")], check=True)

    def command(self, *words: str, person: str = "root", **environ: str) -> list[str]:
        """Give the command that runs one inside, as a person with nothing in their environment."""
        home = "/root" if person == "root" else f"/home/{person}"
        given = {"PATH": PATH, "HOME": home, "LANG": "C.UTF-8"} | environ
        inside = ["env", "-i", *(f"{name}={value}" for name, value in given.items()), *words]
        return ["chroot", f"--userspec={person}:{person}", str(self.root), *inside]

    def run(self, *words: str, person: str = "root", **environ: str) -> str:
        """Run a command inside to its good end, and give what it printed."""
        done = self.tried(*words, person=person, **environ)
        assert done.returncode == 0, (words, done.returncode, done.stdout)
        return done.stdout

    def tried(self, *words: str, person: str = "root", **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside, whatever comes of it; what it complains of stands with what it prints."""
        command = self.command(*words, person=person, **environ)
        told = subprocess.STDOUT
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=told, text=True, timeout=120, check=False
        )

    def install(self, package: Path) -> str:
        """Install a package, over what is there."""
        shutil.copyfile(package, self.root / "tmp" / package.name)
        return self.run("dpkg", "-i", f"/tmp/{package.name}")

    def processes(self) -> list[int]:
        """Number the processes that run inside."""
        here, found = os.stat(self.root), []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                other = os.stat(path / "root")
            except OSError:
                continue
            if (here.st_dev, here.st_ino) == (other.st_dev, other.st_ino):
                found.append(int(path.name))
        return found


class Installed:
    """The installed bursar of one person, with its files in that person's usual places."""

    def __init__(self, debian: Debian, person: str, cloud: str, *, local: str = "") -> None:
        self._debian, self._person = debian, person
        self.home = debian.root / ("root" if person == "root" else f"home/{person}")
        self.port, self._control_port = free_ports(2)
        self.state = self.home / ".local" / "state" / "bursar"
        lines = ['zone = "UTC"', f"port = {self.port}", f"control_port = {self._control_port}"]
        lines += ["[cloud]", f'url = "{cloud}"', "[discover]", "enabled = false"]
        lines += (
            ["[[local]]", 'name = "llama"', f'url = "{local}"', 'kind = "llamacpp"', "tools = true"] if local else []
        )
        config = self.home / ".config" / "bursar" / "config.toml"
        self.write(config, "\n".join(lines) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where agents find it."""
        return f"http://127.0.0.1:{self.port}"

    def write(self, path: Path, text: str) -> None:
        """Write a file of the person's."""
        owner = self.home.stat()
        for folder in reversed([parent for parent in path.parents if self.home in parent.parents]):
            folder.mkdir(mode=0o700, exist_ok=True)
            os.chown(folder, owner.st_uid, owner.st_gid)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        os.chown(path, owner.st_uid, owner.st_gid)

    def start(self, **environ: str) -> float:
        """Start it, wait until it answers, and say after how many seconds it did."""
        command = self._debian.command("bursar", "serve", person=self._person, **environ)
        began = time.monotonic()
        with (self._debian.root / "tmp" / f"{self._person}.log").open("ab") as output:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.wait_until(lambda: self.is_up, "a start")
        return time.monotonic() - began

    def ended(self) -> int:
        """Give the exit code that it ended with, as it was asked to a moment ago."""
        assert self._process is not None
        return self._process.wait(10)

    def wait_until(self, true: Any, what: str, seconds: float = START_S) -> None:
        """Wait until something is so."""
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"{what}: {self.output()}"
            time.sleep(0.02)

    @property
    def is_up(self) -> bool:
        """Tell whether it answers agents and commands."""
        try:
            with _opener().open(f"{self.url}/health", timeout=5):
                return bool(self.status())
        except OSError:
            return False

    def output(self) -> str:
        """Give what it printed and logged."""
        logs = (self._debian.root / "tmp" / f"{self._person}.log", self.state / "bursar.log")
        return "\n".join(log.read_text(errors="replace") for log in logs if log.exists())

    def bursar(self, *arguments: str) -> str:
        """Run a bursar command as the person."""
        return self._debian.run("bursar", *arguments, person=self._person)

    def api(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask its control server; with a body, a POST."""
        token = (self.state / "control.token").read_text().strip()
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        with _opener().open(
            urllib.request.Request(f"http://127.0.0.1:{self._control_port}{path}", data, headers), timeout=30
        ) as answer:
            return json.load(answer)

    def status(self) -> Any:
        """Tell how today stands."""
        return self.api("/api/status")

    def page(self, path: str) -> str:
        """Open a page of the dashboard as a browser does, by a link that works once."""
        import requests

        with requests.Session() as browser:
            browser.trust_env = False
            root = f"http://127.0.0.1:{self._control_port}"
            assert browser.get(root + self.api("/api/link", {})["path"], timeout=10).status_code == 200
            answer = browser.get(root + path, timeout=10)
            assert answer.status_code == 200, (path, answer.status_code)
            return answer.text


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))
