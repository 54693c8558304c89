"""The programs that are measured: how each is started before the upstream, and whether it answers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.bench.asked import asked
from tests.bench.client import Door
from tests.kit.bursar import DESKTOP, Bursar, free_ports
from tests.kit.fake_claude import ROOT

NGINX = """daemon off; master_process off; pid {home}/pid; error_log stderr; worker_rlimit_nofile 4096;
events {{ worker_connections 2048; }}
http {{ access_log off; client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; client_max_body_size 64m;
  fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s; client_body_buffer_size 8m;
  keepalive_requests 1000000000;
  upstream up {{ server 127.0.0.1:{upstream}; keepalive 512; keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://up; proxy_http_version 1.1; proxy_buffering off;
    proxy_set_header Connection ""; }} }} }}
"""
NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class Program:
    """A program between the load and the upstream; one without a command runs already, as process `running` if any.

    `family` is its column; `translates` if its upstream speaks OpenAI's dialect and its clients Anthropic's.
    """

    family: str
    url: str
    command: tuple[str, ...] = ()
    translates: bool = False
    environ: Mapping[str, str] = field(default_factory=dict)
    home: Path = Path()
    ready_s: float = 30.0
    running: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """Name it, for a person."""
        return f"{self.family}, translating" if self.translates else self.family

    @property
    def pid(self) -> int:
        """Return its process, 0 for none."""
        return self.process.pid if self.process else self.running

    @property
    def door(self) -> Door:
        """Return where its requests go."""
        return Door(self.url)

    def start(self) -> float:
        """Start it; gives the seconds to its first 200. Raises AssertionError with what it printed."""
        if not self.command:
            return 0.0
        kept = {name: value for name, value in os.environ.items() if name not in DESKTOP}
        with self._log("ab") as log:
            began = time.perf_counter()
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=kept | dict(self.environ), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        while not self._answers():
            assert self.process.poll() is None, f"{self.name} ended: {self.printed()}"
            assert time.perf_counter() - began < self.ready_s, f"{self.name} does not answer: {self.printed()}"
            time.sleep(0.005)
        return time.perf_counter() - began

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def printed(self) -> str:
        """Return the last of what it printed."""
        return self._log("rb").read().decode(errors="replace")[-2000:]

    def _log(self, mode: str) -> IO[bytes]:
        return open(self.home / f"{self.name.replace(', ', '-')}.log", mode)

    def _answers(self) -> bool:
        headers = {"content-type": "application/json", "x-api-key": "sk-ant-fake-bench"}
        headers["anthropic-version"] = "2023-06-01"
        request = urllib.request.Request(f"{self.url}/v1/messages", asked("n=1", stream=False), headers)
        try:
            with NO_PROXY.open(request, timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False


@contextmanager
def upstream() -> Iterator[tuple[str, int]]:
    """Run the upstream; gives its address and its process."""
    command = [sys.executable, "-m", "tests.bench.upstream"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdin
        assert running.stdout
        try:
            yield f"http://127.0.0.1:{int(running.stdout.readline())}", running.pid
        finally:
            running.stdin.close()


def nginx(folder: Path, base: str) -> Program:
    """Set nginx up, for a comparison with what a proxy costs at least."""
    home = folder / "nginx"
    home.mkdir()
    (port,) = free_ports(1)
    config = home / "nginx.conf"
    config.write_text(NGINX.format(home=home, upstream=base.rpartition(":")[2], port=port), encoding="utf-8")
    command = ("nginx", "-p", str(home), "-c", str(config), "-e", "stderr")
    return Program("nginx", f"http://127.0.0.1:{port}", command, home=home)


def bursar(folder: Path, base: str, *, local: bool = False, desktop: Mapping[str, str] | None = None) -> Program:
    """Set bursar up before Claude, or with `local` before a model server that speaks OpenAI's dialect."""
    home = folder / ("bursar-local" if local else "bursar-tray" if desktop else "bursar")
    box = {"name": "box", "url": base, "kind": "openai", "models": ["bench-local"], "context": 4_000_000, "tools": True}
    kept = Bursar(
        home, base, mode="local" if local else "cloud", local_servers=(box,) if local else (), budget="100000.00"
    )
    with kept:
        pass  # What follows is a later start: the mode is set, the ledger made.
    command = (sys.executable, "-m", "tray", "--home", str(home), "serve", *(() if desktop else ("--no-tray",)))
    return Program("bursar", kept.url, command, local, {"BURSAR_HOME": str(home)} | dict(desktop or {}), home)
