"""Runs the real bursar in a process of its own, with a home of its own, and asks its control server what it knows."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any

from tests.kit.canary import in_homes, in_processes
from tests.kit.fake_claude import ROOT

PICOS = 10**12  # Picodollars in a dollar.


@dataclass(frozen=True)
class Entry:
    """One line of the ledger, amounts in picodollars."""

    id: int
    request_id: str
    upstream_id: str
    upstream: str
    model: str
    is_local: int
    held: int
    charged: int
    likely: int
    outcome: str
    status: int | None
    flags: str
    session: str
    agent: str
    tier: str
    task_class: str
    reason: str
    raw_usage: str


COLUMNS = ", ".join(f"entries.{field.name}" for field in fields(Entry) if field.name != "raw_usage")
_ENTRIES = (
    f"SELECT {COLUMNS}, coalesce(details.raw_usage, '') AS raw_usage FROM entries LEFT JOIN details ON entry_id = id"
)


DESKTOP = ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "XDG_CURRENT_DESKTOP")
"""What tells a program that it is on somebody's desktop."""


class Bursar:
    """One bursar; use as a context manager. Settings are those of config.toml, written as they are given.

    Its home is searched for words of tests when it ends, unless it holds too much for that. It is on no desktop but the
    one that `desktop` names, in the environment's words. `program` is what is run, the source as it lies here unless
    told otherwise.
    """

    def __init__(
        self,
        home: Path,
        cloud: str,
        *,
        local_servers: tuple[dict[str, Any], ...] = (),
        mode: str | None = "cloud",
        cloud_settings: dict[str, Any] | None = None,
        desktop: Mapping[str, str] | None = None,
        program: Sequence[str] = (sys.executable, "-m", "tray"),
        is_searched: bool = True,
        **settings: Any,
    ):
        self.home = home
        self._program, self._is_searched = tuple(program), is_searched
        self._mode = mode
        kept = {name: value for name, value in os.environ.items() if name not in DESKTOP}
        self._environ = {**kept, "BURSAR_HOME": str(home), **(desktop or {})}
        self._process: subprocess.Popen[bytes] | None = None
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.port, self.control_port = free_ports(2)
        top = {"budget": "10.00", "zone": "UTC", "port": self.port, "control_port": self.control_port} | settings
        tables = [("[cloud]", {"url": cloud} | (cloud_settings or {})), ("[discover]", {"enabled": False})]
        tables += [("[[local]]", server) for server in local_servers]
        lines = [_line(item) for item in top.items()]
        for title, values in tables:
            lines += [title, *(_line(item) for item in values.items())]
        config = home / "config.toml"
        config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        config.chmod(0o600)

    @property
    def url(self) -> str:
        """Return the address agents are given."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Return the number of its process."""
        assert self._process
        return self._process.pid

    def __enter__(self) -> "Bursar":
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self._process:
            self.stop()

    def start(self, seconds: float = 60) -> "Bursar":
        """Start it and wait until it answers; sets the mode asked for."""
        with (self.home / "output.txt").open("ab") as output:
            self._process = self._begin(output, self._environ)
        try:
            self._wait_for_start(time.monotonic() + seconds)
        except BaseException:
            self._give_up()
            raise
        return self

    def stop(self, seconds: float = 40) -> int:
        """Ask it to end, wait, and return its exit code."""
        assert self._process
        shown = in_processes(self.pid)
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(seconds)
        self._process = None
        self._has_kept_nothing(shown)
        return code

    def ended(self, seconds: float = 40) -> int:
        """Wait until it has ended by itself, and return its exit code."""
        assert self._process
        code = self._process.wait(seconds)
        self._process = None
        self._has_kept_nothing()
        return code

    def kill(self) -> None:
        """End it at once, as `kill -9` does."""
        assert self._process
        self._process.kill()
        self._process.wait(10)
        self._process = None
        self._has_kept_nothing()

    def output(self) -> str:
        """Return what it printed."""
        return (self.home / "output.txt").read_text(encoding="utf-8", errors="replace")

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a `bursar` command against this home."""
        return subprocess.run(
            [*self._program, *arguments],
            cwd=ROOT,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def api(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the control server; with a body, a POST."""
        token = (self.home / "control.token").read_text(encoding="utf-8").strip()
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.control_port}{path}", data, headers)
        with _opener().open(request, timeout=30) as response:
            return json.load(response)

    def status(self) -> Any:
        """Return today's figures, band, mode and upstreams."""
        return self.api("/api/status")

    def mode(self, mode: str) -> None:
        """Switch the mode."""
        self.api("/api/mode", {"mode": mode})

    def log(self) -> list[dict[str, Any]]:
        """Return the newest decisions, oldest first."""
        return list(self.api("/api/log")["requests"])

    def entries(self) -> list[Entry]:
        """Return every entry of the ledger, oldest first; bursar may be running or not."""
        with closing(sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            return [Entry(**dict(row)) for row in db.execute(f"{_ENTRIES} ORDER BY id")]

    @property
    def database(self) -> Path:
        """Return where its ledger lies."""
        return self.home / "ledger" / "ledger.db"

    def find_locals(self) -> None:
        """Wait until it has found every local server well; it asks them in the background, from its start on.

        On a starved machine one can miss its first question, and is asked again half a minute later.
        """
        end = time.monotonic() + 90
        while not all(server["healthy"] for server in self.status()["locals"]):
            assert time.monotonic() < end, self.status()["locals"]
            time.sleep(0.02)

    def settled(self) -> None:
        """Wait until no hold is open."""
        end = time.monotonic() + 15
        while self.status()["open_holds"]:
            assert time.monotonic() < end, "holds stay open"
            time.sleep(0.02)

    def _begin(self, output: IO[bytes], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
        command = [*self._program, "serve"]
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )

    def _wait_for_start(self, end: float) -> None:
        assert self._process
        while not self._is_up():
            assert self._process.poll() is None, self.output()
            assert time.monotonic() < end, f"bursar did not start: {self.output()}"
            time.sleep(0.02)
        if self._mode:
            self.mode(self._mode)
            self._mode = None

    def _give_up(self) -> None:
        """Leave no process and no pipe of one that did not start."""
        process, self._process = self._process, None
        if process:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()

    def _has_kept_nothing(self, shown: Sequence[str] = ()) -> None:
        """Require that no word of what tests send lies in its home, which a test may delete next."""
        if self._is_searched:
            assert [*shown, *in_homes(self.home)] == []

    def _is_up(self) -> bool:
        try:
            with _opener().open(f"{self.url}/health", timeout=5):
                return (self.home / "control.token").exists()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def free_ports(count: int) -> list[int]:
    """Return ports nobody listens on just now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _line(item: tuple[str, Any]) -> str:
    """Write one setting as TOML, whose strings, numbers and lists are JSON's."""
    return f"{item[0]} = {json.dumps(item[1])}"
