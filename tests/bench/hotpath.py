"""What one request costs inside bursar: `python -m tests.bench.hotpath [--batches N] [--bytes N…] [--profile PART]`.

CPU, as the clocks of the threads tell it, without sockets and without a load: what a worker does until it may be sent
(head: read, classify, decide, hold) and when its answer has ended (end: meter, bill, settle), what the ledger's writer
does for both, and what the recorder does aside. The same body comes again, as an agent's history does; the first one
is not counted. Reading from and writing to sockets is not in it: tests.bench.run measures all of bursar.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from statistics import median

from budget.ledger import Mode
from proxy.messages import answer
from proxy.wire.answer import Ending, Forward, Headers
from proxy.wire.framing import WireRequest
from tests.bench.asked import asked
from tests.kit.inproc import InProcess

SIZES = (0, 10_000, 100_000, 1_000_000, 5_000_000)
BATCH = 10
WARM_UP = 3
"""Batches before the first that counts."""
STILL_S = 0.3
"""When the recorder has done nothing for so long it has nothing left to do."""
SENT: Headers = [
    (b"host", b"127.0.0.1"),
    (b"content-type", b"application/json"),
    (b"user-agent", b"claude-cli/2.0 (external, cli)"),
    (b"anthropic-version", b"2023-06-01"),
    (b"x-api-key", b"sk-test"),
    (b"x-claude-code-session-id", b"session-of-the-hot-path"),
]
CAME: Headers = [(b"content-type", b"application/json"), (b"request-id", b"req_1")]
ANSWER = json.dumps(
    {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [{"type": "text", "text": "x" * 400}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 100, "output_tokens": 12},
    }
).encode()

Watch = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU milliseconds a request."""

    head: float
    end: float
    ledger: float
    recorder: float


class Hotpath:
    """Takes requests through a proxy by hand; nothing is sent."""

    def __init__(self, proxy: InProcess) -> None:
        self._services = proxy.services
        self.ledger, self.recorder = _watch("ledger"), _watch("baseline")

    def head(self, body: bytes) -> Forward:
        """Do all that comes before a request is sent."""
        lower = {name.lower(): value for name, value in SENT}
        found = answer(self._services, WireRequest(b"POST", b"/v1/messages", list(SENT), body=body, lower=lower))
        assert isinstance(found, Forward), found
        return found

    def end(self, sent: Forward) -> None:
        """Do all that comes after its answer."""
        sent.carrier.head(200, list(CAME))
        sent.carrier.feed(ANSWER)
        tail = sent.carrier.finish(Ending.complete, "")
        assert tail.settled is not None
        tail.settled.result()

    def batches(self, body: bytes, count: int) -> Iterator[Cost]:
        """Measure so many batches of requests."""
        for number in range(WARM_UP + count):
            heads = ends = 0.0
            ledger, recorder = self.ledger(), self.recorder()
            for _ in range(BATCH):
                began = time.thread_time()
                sent = self.head(body)
                was_held = time.thread_time()
                self.end(sent)
                heads, ends = heads + was_held - began, ends + time.thread_time() - was_held
            self._rest()
            if number >= WARM_UP:
                spent = (heads, ends, self.ledger() - ledger, self.recorder() - recorder)
                yield Cost(*(each * 1000 / BATCH for each in spent))

    def _rest(self) -> None:
        """Wait until the recorder has laid out all that it was told of."""
        before = -1.0
        while (now := self.recorder()) != before:
            before = now
            time.sleep(STILL_S)


def _watch(name: str) -> Watch:
    """Give the clock of a thread's CPU."""
    ident = next(thread.ident for thread in threading.enumerate() if thread.name == name)
    assert ident is not None
    clock = time.pthread_getcpuclockid(ident)
    return lambda: time.clock_gettime(clock)


def tell(hotpath: Hotpath, sizes: list[int], batches: int) -> None:
    """Print a row for each size: milliseconds, and parts of the whole."""
    print(f"{'bytes':>9}" + "".join(f"{part.name:>16}" for part in fields(Cost)) + f"{'whole':>9}  CPU ms a request")
    for size in sizes:
        body = asked("events=1", stream=False, size=size)
        found = [astuple(cost) for cost in hotpath.batches(body, batches)]
        parts = [median(column) for column in zip(*found, strict=True)]
        whole = sum(parts)
        cells = "".join(f"{part:9.3f} ({part / whole:4.0%})" for part in parts)
        print(f"{len(body):9,}{cells}{whole:9.3f}", flush=True)


def profile(hotpath: Hotpath, size: int, part: str) -> None:
    """Print where the time of the head, or of the end, goes."""
    body = asked("events=1", stream=False, size=size)
    found = cProfile.Profile(time.thread_time)
    for _ in range(300):
        sent = found.runcall(hotpath.head, body) if part == "head" else hotpath.head(body)
        found.runcall(hotpath.end, sent) if part == "end" else hotpath.end(sent)
    pstats.Stats(found).sort_stats("tottime").print_stats(40)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=15)
    parser.add_argument("--bytes", type=int, nargs="+", default=list(SIZES), metavar="N")
    parser.add_argument("--profile", choices=("head", "end"))
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        InProcess(Path(folder), "http://127.0.0.1:9", mode=Mode.observe, budget="90000", cutoff="90000") as proxy,
    ):
        hotpath = Hotpath(proxy)
        if options.profile:
            profile(hotpath, options.bytes[0], options.profile)
        else:
            tell(hotpath, options.bytes, options.batches)


if __name__ == "__main__":
    main()
