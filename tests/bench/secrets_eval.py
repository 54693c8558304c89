"""Measure the secret scan: `python -m tests.bench.secrets_eval` tells what is found and what is taken for a secret."""

from __future__ import annotations

import argparse
import random
import time

from proxy.classify.secrets import secret_in
from tests.kit.lookalikes import LOOKALIKES
from tests.kit.secrets_made import CONTEXTS, FORMATS


def missed(seeds: int) -> dict[str, int]:
    """Count for each format the values and contexts in which it was not found."""
    return {
        name: sum(
            secret_in(around.format(made(random.Random(seed)))) is None
            for seed in range(seeds)
            for around in CONTEXTS.values()
        )
        for name, made in FORMATS.items()
    }


def mistaken(seeds: int) -> dict[str, int]:
    """Count for each look-alike the values that were taken for a secret."""
    return {
        name: sum(secret_in(f"before {made(random.Random(seed))} after") is not None for seed in range(seeds))
        for name, made in LOOKALIKES.items()
    }


def main() -> None:
    """Count and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seeds", type=int, default=20)
    seeds = arguments.parse_args().seeds
    lost, wrong = missed(seeds), mistaken(seeds)
    cases = seeds * len(CONTEXTS)
    found = 1 - sum(lost.values()) / (cases * len(lost))
    print(f"{len(lost)} formats x {len(CONTEXTS)} contexts x {seeds} values: {found:.2%} found")
    print(f"formats always found: {sum(not n for n in lost.values())}; missed:", {k: n for k, n in lost.items() if n})
    print(f"{len(wrong)} look-alikes x {seeds} values: {sum(wrong.values())} taken for one", end=" ")
    print({name: count for name, count in wrong.items() if count})
    text = "".join(f"{name} = load({number}, 'secret {name}')\n" for number in range(400) for name in LOOKALIKES)
    text = text[:1_000_000]
    started = time.perf_counter()
    secret_in(text)
    print(f"{len(text)} characters of code in {(time.perf_counter() - started) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
