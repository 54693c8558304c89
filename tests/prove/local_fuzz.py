"""Mangled answers of a local server through the whole proxy: `python -m tests.prove.local_fuzz [--cases N]`.

A raw server sends what `local/mangle.py` makes of a seed. The agent may get an error, or an answer; it may never be
told of a good end where there was none, and never wait for ever. After each, the next answer has to be right: nothing
of the mangled one may have stayed behind. bursar logs no traceback and holds no money at the end.
"""

from __future__ import annotations

import argparse
import json
import logging
import socket
import struct
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import requests

from budget.ledger import Mode
from proxy.trust import Trust
from proxy.upstream.local import Registry
from proxy.upstream.local_model import LocalSetting
from tests.kit.fake_claude import FakeClaude
from tests.kit.inproc import InProcess
from tests.kit.raw import Client, Truncated, message
from tests.kit.scripted import eventually
from tests.prove.local.mangle import ON_WIRE, Play, good, mangled

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"name": "get_weather", "description": "Tells the weather.", "input_schema": CITY}]
MODELS = json.dumps({"object": "list", "data": [{"id": "fake-model"}]}).encode()
IDLE_S = 2.0
LIMIT_S = 25.0
"""No answer may take longer: far more than the patience with a server that says nothing."""


class RawServer:
    """A local server whose answers to chats are plays; everything else it answers as it should."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.play = good()
        self._over = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Listen no more, and let those go that hang."""
        self._over.set()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                peer = self._listener.accept()[0]
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with suppress(OSError), peer:
            buffer = b""
            while True:
                while b"\r\n\r\n" not in buffer:
                    if not (data := peer.recv(1 << 16)):
                        return
                    buffer += data
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                lines = head.lower().split(b"\r\n")
                length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
                while len(buffer) < length:
                    buffer += peer.recv(1 << 16)
                buffer = buffer[length:]
                if not self._answer(peer, lines[0]):
                    return

    def _answer(self, peer: socket.socket, line: bytes) -> bool:
        """Answer one request; whether the connection goes on."""
        if b"/v1/chat/completions" in line:
            return self._perform(peer, self.play)
        status, body = (200, MODELS) if b"/v1/models" in line else (404, b"{}")
        head = b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (status, len(body))
        peer.sendall(head + body)
        return True

    def _perform(self, peer: socket.socket, play: Play) -> bool:
        step = play.piece or len(play.wire) or 1
        for at in range(0, len(play.wire), step):
            peer.sendall(play.wire[at : at + step])
            if play.pause_s:
                time.sleep(play.pause_s)
        if play.end == "rst":
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if play.end == "hang":
            self._over.wait(LIMIT_S * 2)
        return play.end == "keep"


@dataclass
class Tally:
    """What was seen over all cases."""

    cases: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    clean_without_end: list[str] = field(default_factory=list)
    hung: list[str] = field(default_factory=list)
    next_wrong: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    open_holds: int = 0
    unequal_books: bool = False
    longest_s: float = 0.0
    by_story: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def faults(self) -> list[str]:
        """List everything that must not be."""
        found = [*self.clean_without_end, *self.hung, *self.next_wrong, *self.logged]
        found += [f"{self.open_holds} holds left"] if self.open_holds else []
        return found + (["the ledger is not Claude's bill"] if self.unequal_books else [])


class Faults(logging.Handler):
    """Keeps what is logged with a traceback, or as an error."""

    def __init__(self, into: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._into = into

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        if record.exc_info or record.levelno >= logging.ERROR:
            trace = logging.Formatter().formatException(record.exc_info)[-600:] if record.exc_info else ""
            self._into.append(f"logged: {record.name}: {record.getMessage()} {trace}")


def fuzz(cases: int, folder: Path, *, first: int = 0, hangs: int = 0) -> Tally:
    """Send so many mangled answers, each followed by a good one; the last `hangs` of them hang in the middle."""
    tally = Tally()
    server = RawServer()
    try:
        with logged(tally.logged), FakeClaude() as fake:
            _phase(tally, server, fake, folder / "local", Mode.local, range(first, first + cases // 2), hangs)
            _phase(tally, server, fake, folder / "auto", Mode.auto, range(first + cases // 2, first + cases), 0)
    finally:
        server.close()
    return tally


def _phase(
    tally: Tally, server: RawServer, fake: FakeClaude, folder: Path, mode: Mode, seeds: range, hangs: int
) -> None:
    patience = {"first_s": IDLE_S, "idle_s": IDLE_S}
    setting = LocalSetting("box", server.url, "openai", ("fake-model",), context=32768, tools=True, **patience)
    with InProcess(folder, fake.url, mode=mode, servers=(setting,), budget="100", cutoff="120") as proxy:
        for seed in seeds:
            play = mangled(seed)
            if seeds.stop - seed <= hangs:
                play = Play(play.wire[: len(play.wire) // 2], "hang", story=("hangs",))
            # What is known of the server starts afresh: this is not about how soon bursar stops asking it.
            proxy.services.trust = Trust()
            proxy.services.locals = Registry((setting,), False, proxy.now, requests.Session())
            proxy.services.locals.refresh()
            _case(tally, server, proxy, play, seed, mode)
        tally.open_holds += 0 if eventually(lambda: not proxy.today.open_holds) else proxy.today.open_holds
        charged = sum(entry.charged.picos for entry in proxy.ledger.entries(limit=1_000_000))
        tally.unequal_books |= mode is Mode.auto and charged != fake.bill()["picos"]


def _case(tally: Tally, server: RawServer, proxy: InProcess, play: Play, seed: int, mode: Mode) -> None:
    name = f"seed {seed} ({mode.value}; {', '.join(play.story)})"
    server.play = play
    began = time.monotonic()
    end = _ended(proxy.url, seed, stream=seed % 3 != 0)
    tally.longest_s = max(tally.longest_s, time.monotonic() - began)
    tally.cases += 1
    tally.ends[f"{mode.value}: {end}"] += 1
    for story in play.story:
        tally.by_story.setdefault(story, Counter())[end] += 1
    if end == "hung":
        tally.hung.append(f"{name}: nothing for {LIMIT_S:g} s")
    if mode is Mode.local and end == "answered" and not play.is_whole:
        tally.clean_without_end.append(f"{name}: a good end out of {play.wire[-300:]!r}")
    if mode is Mode.local:
        server.play = good()
        proxy.services.locals.refresh()
        after = _ended(proxy.url, -seed - 1, stream=seed % 2 == 0, wanted="Hello there.")
        if after != "answered":
            tally.next_wrong.append(f"{name}: the next one {after}")


def _ended(url: str, seed: int, *, stream: bool, wanted: str | None = None) -> str:
    """Ask, and say how it ended: answered, an error, broken off, or hung."""
    headers = {"x_claude_code_session_id": f"fuzz-{seed}"}
    with Client(url, timeout_s=LIMIT_S) as client:
        try:
            # Without tools the words are shown as they come.
            tools = {"tools": TOOLS} if seed % 4 else {}
            answer = client.ask(message("Add a test for the parser.", stream=stream, **tools), **headers)
        except Truncated:
            return "broken off"
        except TimeoutError:
            return "hung"
        if answer.status != 200:
            return "refused"
        if stream and (answer.events[-1][0] != "message_stop" or any(name == "error" for name, _ in answer.events)):
            return "ended in an error"
        return "answered" if wanted in (None, answer.text) else f"said {answer.text[:80]!r}"


@contextmanager
def logged(into: list[str]) -> Iterator[None]:
    """Gather the faults that are logged meanwhile."""
    handler, root = Faults(into), logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


def tell(tally: Tally) -> None:
    """Print the figures."""
    print(f"{tally.cases} mangled answers; the longest took {tally.longest_s:.1f} s")
    for end, count in sorted(tally.ends.items()):
        print(f"  {end}: {count}")
    for story in ON_WIRE:
        if story in tally.by_story:
            ends = ", ".join(f"{end} {count}" for end, count in tally.by_story[story].most_common())
            print(f"  {story}: {ends}")
    print(f"good ends where there was none {len(tally.clean_without_end)}, hung {len(tally.hung)}, ", end="")
    print(f"next answers wrong {len(tally.next_wrong)}, tracebacks {len(tally.logged)}, holds left {tally.open_holds}")
    for fault in tally.faults[:20]:
        print("FAULT:", fault[:1500])


def main() -> None:
    """Mangle, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--hangs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tally = fuzz(options.cases, Path(folder), first=options.first, hangs=options.hangs)
    tell(tally)
    sys.exit(bool(tally.faults))


if __name__ == "__main__":
    main()
