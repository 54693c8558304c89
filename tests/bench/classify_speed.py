"""Time a decision beside the reading of its body: `python -m tests.bench.classify_speed`.

A conversation that was seen before with one new turn, and the same one at first sight. The ratio is the figure to
trust on a busy machine. Below that: what the words of a new prompt of about 10 KB take, the best of several times.
"""

from __future__ import annotations

import random
import string
import time
from statistics import median

from proxy.classify import Classifier
from proxy.classify.weigh import by_words
from proxy.request import AgentRequest, read
from tests.bench.labelled import fresh
from tests.kit import bodies

SIZES = (10_000, 100_000, 1_000_000, 5_000_000)
TURNS = 9


def code(chance: random.Random, size: int) -> str:
    """Write something like code of that many characters."""
    words = ["".join(chance.choices(string.ascii_lowercase, k=chance.randint(3, 9))) for _ in range(200)]
    line = "    {0}_{1} = self.{2}({0}, {3})  # the {1} token"
    lines = (line.format(*chance.choices(words, k=3), chance.randint(1, 999)) for _ in range(size // 40 + 1))
    return "\n".join(lines)[:size]


def conversation(size: int, asked: str) -> tuple[AgentRequest, float]:
    """Read a conversation of about that many bytes; gives also the milliseconds that reading took."""
    chance = random.Random(size)
    rest = []
    for number in range(max(1, size // 6000)):
        rest.append(bodies.call("Read", f"toolu_{number}", file_path=f"src/module_{number}.py"))
        rest.append(bodies.result(code(chance, min(size, 5500)), f"toolu_{number}"))
    body = bodies.encode(bodies.main_turn("Rename the variable", *rest, bodies.user(asked)))
    started = time.perf_counter()
    request = read(body, bodies.headers())
    return request, (time.perf_counter() - started) * 1000


def long_prompts(count: int = 30, size: int = 10_000) -> list[str]:
    """Put prompts together until they are that long; real ones of that size are mostly logs, and quicker to read."""
    chance, texts = random.Random(5), [prompt.text for prompt in fresh("w1")]
    return ["\n".join(chance.choices(texts, k=150))[:size] for _ in range(count)]


def weighing_ms(text: str, times: int = 7) -> float:
    """Time the weighing of a prompt's words, the quickest of several times, in milliseconds."""
    found = []
    for _ in range(times):
        started = time.perf_counter()
        by_words(text)
        found.append((time.perf_counter() - started) * 1000)
    return min(found)


def main() -> None:
    """Time and print."""
    print("   bytes  read ms  first sight ms (ratio)  seen p50 ms (ratio)  worst ms")
    for size in SIZES:
        classifier, times, reads = Classifier(), [], []
        for turn in range(TURNS + 1):
            request, read_ms = conversation(size, f"Now add a test {turn} for it, and explain what changed")
            started = time.perf_counter()
            classifier.classify(request)
            times.append((time.perf_counter() - started) * 1000)
            reads.append(read_ms)
        first, seen, reading = times[0], median(times[1:]), median(reads)
        print(
            f"{len(request.body):8} {reading:8.2f} {first:15.2f} ({first / reading:4.2f}) "
            f"{seen:12.2f} ({seen / reading:4.2f}) {max(times[1:]):12.2f}"
        )
    weighing = sorted(weighing_ms(text) for text in long_prompts())
    print(f"weighing 10 KB of new words: {median(weighing):.2f} ms, the slowest {weighing[-1]:.2f} ms")


if __name__ == "__main__":
    main()
