"""What following requests aside costs them: `python -m tests.bench.recorder_cost [--requests N]`.

One proxy in this process before the fake Claude; every other ten requests go without the recorder, so that both meet
the same machine. Conversations grow as an agent's do. Times are of the client: to the first byte, and to the end.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

from budget.ledger import Mode
from tests.kit.fake_claude import FakeClaude
from tests.kit.inproc import InProcess
from tests.kit.raw import Client, post

BLOCK = 10
PAUSE_S = 0.2  # An agent's next request comes later still.
WORDS = "self return value config index result error path name list if for not "


class Talk:
    """A conversation of about so many bytes, one message longer with every request."""

    def __init__(self, size: int) -> None:
        turn = WORDS * 28
        self.messages = [
            {"role": role, "content": [{"type": "text", "text": f"{number} {turn}"}]}
            for number in range(size // 4000)
            for role in ("user", "assistant")
        ]

    def next(self) -> bytes:
        """Give the next request's body."""
        asked = {"type": "text", "text": f"[[out:60]] {len(self.messages)} {WORDS * 28}"}
        marked = {"role": "user", "content": [asked | {"cache_control": {"type": "ephemeral"}}]}
        fields = {"model": "claude-sonnet-5-5", "max_tokens": 200, "stream": True, "system": WORDS * 50}
        body = json.dumps({**fields, "messages": [*self.messages, marked]}).encode()
        self.messages += [{"role": "user", "content": [asked]}, {"role": "assistant", "content": [asked]}]
        return body


def measure(body: bytes, url: str) -> tuple[float, float]:
    """Send one request; gives milliseconds to the first byte and to the last."""
    wire = post(url, body, x_claude_code_session_id="s")
    with Client(url) as client:
        began = time.perf_counter()
        client.send(wire)
        client.until(b"message_start")
        first = time.perf_counter()
        client.answer()
        return (first - began) * 1000, (time.perf_counter() - began) * 1000


def run(size: int, requests: int) -> None:
    """Measure conversations of one size."""
    with FakeClaude() as fake, tempfile.TemporaryDirectory() as folder:
        proxy = InProcess(Path(folder), fake.url, mode=Mode.cloud, budget="9000", cutoff="9000")
        with proxy:
            recorder, talks = proxy.baselines, {True: Talk(size), False: Talk(size)}
            times: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
            for number in range(requests + 2 * BLOCK):
                is_followed = number // BLOCK % 2 == 0
                proxy.services.baselines = recorder if is_followed else None
                found = measure(talks[is_followed].next(), proxy.url)
                time.sleep(PAUSE_S)
                if number >= 2 * BLOCK:
                    times[is_followed].append(found)
            print(f"{size // 1000} KB, {requests // 2} requests each, {recorder.dropped} notes fell")
            for is_followed, rows in times.items():
                tell("followed" if is_followed else "not followed", rows)


def tell(name: str, rows: list[tuple[float, float]]) -> None:
    """Print medians and the 95th of a hundred."""
    for what, column in zip(("first byte", "last byte"), zip(*rows, strict=True), strict=True):
        print(f"  {name:13} {what:10} median {median(column):7.2f} ms   p95 {quantiles(column, n=20)[-1]:7.2f} ms")


def main() -> None:
    """Measure small and large conversations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100)
    options = parser.parse_args()
    for size in (20_000, 200_000, 1_000_000):
        run(size, options.requests)


if __name__ == "__main__":
    main()
