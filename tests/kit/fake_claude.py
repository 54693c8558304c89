"""A faithful fake of Anthropic's API with a bill of its own, in a process of its own.

`python -m tests.kit.fake_claude [--port N] [--cert FILE --private-key FILE]` serves until stdin closes and prints its
address. What it says and how it fails is written in the requests themselves: see claude/script.py and claude/faults.py.
"""

import argparse
import asyncio
import base64
import json
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.kit.claude.service import Service

KEY = "sk-ant-fake-canary-7f3a"  # Searched for on disk by the tests: it must never be there.
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Received:
    """One request as the fake got it: `head` to the empty line, `body` without chunk framing or None if not kept.

    `answer` is what the fake sent, framing and all, as far as it is kept.
    """

    number: int
    connection: int
    method: str
    target: str
    head: bytes
    body: bytes | None
    answer: bytes | None
    status: int | None
    end: str  # "open", "answered", "refused", "cut" or "client left".
    at: float
    ended_at: float | None

    def header(self, name: str) -> str | None:
        """Return the value of a header, or None if it was not there."""
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            if line.partition(":")[0].lower() == name.lower():
                return line.partition(":")[2].strip()
        return None

    @property
    def json(self) -> Any:
        """Return the parsed body."""
        return json.loads(self.body or b"null")


class FakeClaude:
    """The fake in a child process; use as a context manager."""

    def __init__(self, *, port: int = 0, cert: Path | None = None, private_key: Path | None = None):
        command = [sys.executable, "-m", "tests.kit.fake_claude", "--port", str(port)]
        if cert and private_key:
            command += ["--cert", str(cert), "--private-key", str(private_key)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self.url = self._process.stdout.readline().strip()
        self.port = int(self.url.rpartition(":")[2])
        self._tls = ssl._create_unverified_context() if cert else None

    def __enter__(self) -> "FakeClaude":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def bill(self, after: int = 0) -> dict[str, Any]:
        """Return the bill: `picos`, `complete`, `cancelled`, `open` (sums) and `lines` from number `after` on."""
        return self._call(f"/_fake/bill?after={after}")

    def requests(self, after: int = 0, *, path: str | None = None, bodies: bool = True) -> list[Received]:
        """Return what came, oldest first; only of one path if given."""
        query = f"?after={after}" + ("" if bodies else "&nobodies")
        found = [_received(record) for record in self._call("/_fake/requests" + query)]
        return [r for r in found if path is None or r.target.partition("?")[0] == path]

    def next(self, *faults: str) -> None:
        """Make the next requests to `/v1/messages` fail, one fault each, "" for none."""
        self._call("/_fake/next", json.dumps(faults).encode())

    def turn_to(self, seconds: float | None) -> None:
        """Set the clock that the caches live by, whatever requests say of their moments; None: they say it again."""
        self._call("/_fake/clock", json.dumps({"at": seconds}).encode())

    def reset(self) -> None:
        """Forget the bill, the requests, the caches and the faults that wait."""
        self._call("/_fake/reset", b"{}")

    def wait_until(self, holds: Callable[["FakeClaude"], bool], seconds: float = 10) -> None:
        """Wait until something is true of the fake; raises TimeoutError."""
        end = time.monotonic() + seconds
        while not holds(self):
            if time.monotonic() > end:
                raise TimeoutError("it never came true of the fake")
            time.sleep(0.02)

    def _call(self, path: str, body: bytes | None = None) -> Any:
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), *([urllib.request.HTTPSHandler(context=self._tls)] if self._tls else [])
        )
        with opener.open(urllib.request.Request(self.url + path, data=body), timeout=60) as response:
            return json.load(response)


def _received(record: dict[str, Any]) -> Received:
    kept = {name: base64.b64decode(record[name]) if name in record else None for name in ("body", "answer")}
    names = ("number", "connection", "method", "target", "status", "end", "at", "ended_at")
    return Received(head=base64.b64decode(record["head"]), **kept, **{name: record[name] for name in names})


async def _serve(port: int, tls: ssl.SSLContext | None) -> None:
    loop = asyncio.get_running_loop()
    service = Service()
    server = await loop.create_server(service.connect, "127.0.0.1", port, ssl=tls, backlog=1024)
    host, port = server.sockets[0].getsockname()[:2]
    print(f"{'https' if tls else 'http'}://{host}:{port}", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--cert", type=Path)
    parser.add_argument("--private-key", type=Path)
    options = parser.parse_args()
    tls = None
    if options.cert:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.cert, options.private_key)
    asyncio.run(_serve(options.port, tls))


if __name__ == "__main__":
    _main()
