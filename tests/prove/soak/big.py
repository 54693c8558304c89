"""What large bodies leave behind in memory: `python -m tests.prove.soak.big [--mb 5,30] [--at-once 20] [--rounds 3]`.

So many requests of that size are sent at once, some rounds of them, as text that is read and as pictures; then nothing
is asked. Told is resident memory in MB before, at most, and after.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.kit.bursar import Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import Client, message
from tests.kit.traffic_bodies import TEXT
from tests.prove.soak.samples import look

RESTS_S = (1, 40)
"""Seconds after the last answer at which it is looked: at once, and when bursar has tidied up."""


@dataclass(frozen=True)
class Found:
    """Resident memory in MB; `after` at each of the seconds asked for."""

    mb: int
    kind: str
    before: float
    most: float
    after: tuple[float, ...]
    statuses: tuple[int, ...]

    @property
    def left(self) -> float:
        """What was not given back."""
        return self.after[-1] - self.before


def body(mb: int, kind: str, number: int) -> bytes:
    """Make a body of so many megabytes; a picture is base64 that nobody looks into."""
    size = 1 << 20
    if kind == "pictures":
        source = {"type": "base64", "media_type": "image/png", "data": f"{number:08}" + "A" * (size - 8)}
        blocks = [{"type": "image", "source": source}] * (mb - 1)
    else:
        blocks = [{"type": "text", "text": f"{number} {place} {TEXT * 6}"[:size]} for place in range(mb)]
    said = message("", messages=[{"role": "user", "content": [*blocks, {"type": "text", "text": "[[out:20]]"}]}])
    return json.dumps(said | {"stream": True}).encode()


def measure(bursar: Bursar, mb: int, kind: str, at_once: int, rounds: int, rests_s: Sequence[float] = RESTS_S) -> Found:
    """Send, wait, and look."""
    home, data = bursar.home, [body(mb, kind, number) for number in range(at_once)]
    before, statuses = look(bursar.pid, home, 0).rss, list[int]()

    def send(number: int) -> None:
        with Client(bursar.url, timeout_s=300) as client:
            answer = client.ask(data[number], x_claude_code_session_id=f"{kind}-{mb}-{number}")
            statuses.append(answer.status)

    with _watched(bursar) as most:
        for _ in range(rounds):
            threads = [threading.Thread(target=send, args=(number,)) for number in range(at_once)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        bursar.settled()
    after, began = list[float](), time.monotonic()
    for rest_s in rests_s:
        time.sleep(max(0.0, began + rest_s - time.monotonic()))
        after.append(look(bursar.pid, home, 0).rss)
    return Found(mb, kind, before, most[0], tuple(after), tuple(sorted(set(statuses))))


@contextmanager
def _watched(bursar: Bursar) -> Iterator[list[float]]:
    """Note the most memory that is seen meanwhile."""
    most, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            most[0] = max(most[0], look(bursar.pid, bursar.home, 0).rss)

    thread = threading.Thread(target=watch)
    thread.start()
    yield most
    over.set()
    thread.join()


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mb", default="5,30")
    parser.add_argument("--at-once", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "home"
        fake = stack.enter_context(FakeClaude())
        bursar = stack.enter_context(Bursar(home, fake.url, budget="450000.00"))
        for mb in map(int, options.mb.split(",")):
            for kind in ("text", "pictures"):
                found = measure(bursar, mb, kind, options.at_once, options.rounds)
                print(f"{mb:>3} MB of {kind:8} × {options.at_once}: {found}", flush=True)


if __name__ == "__main__":
    main()
