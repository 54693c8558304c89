"""The verdict: what a run of the soak says of memory, threads, descriptors, disk and money, and what is wrong."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.prove.soak.run import Seen
from tests.prove.soak.samples import MB, Sample, slope
from tray.logs import KEPT, MOST_BYTES

MOST_GROWTH_MB = 1.0
"""For ten thousand requests (FAULTS.md F21)."""
IDLE_UPSTREAMS = 64 + 64
"""Connections to Claude and the local server that may be kept for the next request."""
POOLS = 24
"""Threads that begin when they are first needed: 16 that answer agents, four for the control server, four for names."""
MOST_LOG = (KEPT + 1) * (MOST_BYTES + 4096)
MOST_TOLD = 25


def warm(seen: Seen) -> list[Sample]:
    """Give the samples after the warm-up."""
    first = seen.at_rest[1].requests
    return [sample for sample in seen.samples if sample.requests > first]


def faults(seen: Seen, *, has_slope: bool = True, most_growth_mb: float = MOST_GROWTH_MB) -> list[str]:
    """Say what must not be; without `has_slope` the run is too short to tell how memory grows."""
    found = seen.wrong[:10] + [f"… {len(seen.wrong)} wrong answers in all"] * (len(seen.wrong) > 10)
    before, last = seen.at_rest[0], seen.at_rest[-1]
    if has_slope and slope(warm(seen)) > most_growth_mb:
        found.append(f"memory grows by {slope(warm(seen)):.2f} MB for ten thousand requests")
    if last.threads > before.threads + POOLS:
        found.append(f"threads: {before.threads}, then {last.threads}")
    if last.descriptors > before.descriptors + IDLE_UPSTREAMS:
        found.append(f"descriptors: {before.descriptors}, then {last.descriptors}")
    if max(seen.log_bytes, *(sample.log_bytes for sample in seen.samples)) > MOST_LOG:
        found.append(f"the log has {seen.log_bytes} bytes")
    if seen.printed > MOST_BYTES:
        found.append(f"{seen.printed} bytes were printed")
    if seen.open_holds:
        found.append(f"{seen.open_holds} holds are open")
    if missed := sum(seconds == float("inf") for seconds in seen.health):
        found.append(f"/health did not answer {missed} times of {len(seen.health)}")
    books = seen.books
    for name, lines in (("below the bill", books.below), ("not as billed", books.unlike), ("unknown", books.unknown)):
        found += [f"{len(lines)} {name}, such as {line}" for line in lines[:1]]
    return found


def figures(seen: Seen) -> dict[str, Any]:
    """Give the figures; memory in MB."""
    health, last = sorted(seen.health), seen.at_rest[-1]
    every = [*seen.samples, *seen.at_rest]
    return {
        "requests": seen.asked,
        "seconds": round(seen.seconds, 1),
        "requests_a_second": round(seen.asked / seen.seconds),
        "hours_of_its_clock": round(seen.hours, 1),
        "faulty": sum(number for (kind, _), number in seen.told.items() if kind not in PLAIN),
        "rss_at_rest": [round(sample.rss, 1) for sample in seen.at_rest],
        "pss_at_rest": [round(sample.pss, 1) for sample in seen.at_rest],
        "rss_most": round(max(sample.rss for sample in every), 1),
        "mb_for_10000": round(slope(warm(seen)), 3),
        "threads_at_rest": [sample.threads for sample in seen.at_rest],
        "threads_most": max(sample.threads for sample in every),
        "descriptors_at_rest": [sample.descriptors for sample in seen.at_rest],
        "descriptors_most": max(sample.descriptors for sample in every),
        "log_bytes": seen.log_bytes,
        "log_most": MOST_LOG,
        "db_bytes": last.db_bytes,
        "db_bytes_an_entry": round(last.db_bytes / (seen.books.entries or 1)),
        "open_holds": seen.open_holds,
        "health_asked": len(health),
        "health_ms_p50_p99_max": [round(1000 * health[int(at * (len(health) - 1))], 1) for at in (0.5, 0.99, 1.0)],
        "books": str(seen.books),
        "largest": largest_of(seen),
        "ended": {f"{kind}: {word}": number for (kind, word), number in sorted(seen.told.items())},
    }


PLAIN = ("stream", "whole", "local", "chat", "count", "models", "hello")


def largest_of(seen: Seen) -> dict[str, list[str]]:
    """Tell of the larger containers, the largest first, what lay in each after each phase: things, MB."""
    largest = sorted(seen.kept[-1].items(), key=lambda item: -item[1][1])[:MOST_TOLD]
    every = {place: [kept.get(place, (0, 0)) for kept in seen.kept] for place, _ in largest}
    return {place: [f"{number}: {size / MB:.2f}" for number, size in each] for place, each in every.items()}


def tell(seen: Seen, wrong: list[str]) -> None:
    """Print the figures, how the calls ended, and what is wrong."""
    for name, figure in figures(seen).items():
        if name not in ("largest", "ended"):
            print(f"{name.replace('_', ' '):24} {figure}")
    print("\nmemory as it went (requests: RSS MB): " + ", ".join(_course(seen.samples)))
    print("\nhow calls ended:")
    kinds: dict[str, Counter[str]] = {}
    for (kind, word), number in seen.told.items():
        kinds.setdefault(kind, Counter())[word] += number
    for kind, words in sorted(kinds.items()):
        print(f"  {kind:36} " + ", ".join(f"{word} {number}" for word, number in words.most_common()))
    print("\nwhat it keeps (things: MB, after each phase):")
    print("".join(f"  {place:56} {', '.join(each)}\n" for place, each in largest_of(seen).items()))
    print("\n".join(wrong) or "nothing is wrong")


def _course(samples: list[Sample], points: int = 12) -> list[str]:
    step = max(1, len(samples) // points)
    return [f"{sample.requests}: {sample.rss:.0f}" for sample in samples[::step]]
