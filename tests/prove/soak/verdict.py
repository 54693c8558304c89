"""The verdict: what a run of the soak says of memory, threads, descriptors, disk and money, and what is wrong."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.prove.soak.inside import MB
from tests.prove.soak.run import Seen
from tests.prove.soak.samples import Rest, Sample, slope
from tray.logs import KEPT, MOST_BYTES

MOST_GROWTH_MB = 1.0
"""For ten thousand requests (FAULTS.md F21), of what is resident."""
MOST_LEAK_MB = 0.8
"""The same of what is in use: that is known to a few tenths, and a leak of a whole one must never pass."""
IDLE_UPSTREAMS = 64 + 64
"""Connections to Claude and the local server that may be kept for the next request."""
POOLS = 24
"""Threads that begin when they are first needed: 16 that answer agents, four for the control server, four for names."""
MOST_LOG = (KEPT + 1) * (MOST_BYTES + 4096)
MOST_TOLD = 25


def counted(seen: Seen) -> list[Rest]:
    """Give the rests that count: those after the warm-up."""
    return seen.at_rest[1 + seen.warm :]


def resident_mb(seen: Seen) -> float:
    """Tell by how much what is resident at rest grows in ten thousand requests."""
    return slope(counted(seen), lambda rest: rest.sample.rss)


def leaked_mb(seen: Seen) -> float:
    """Tell by how much what is in use at rest grows in ten thousand requests."""
    return slope(counted(seen), lambda rest: rest.inside.used)


def faults(seen: Seen, *, most_growth_mb: float = MOST_GROWTH_MB, most_leak_mb: float = MOST_LEAK_MB) -> list[str]:
    """Say what must not be; a run that is too short to fill what is remembered may grow by more."""
    found = seen.wrong[:10] + [f"… {len(seen.wrong)} wrong answers in all"] * (len(seen.wrong) > 10)
    before, last = seen.at_rest[0].sample, seen.at_rest[-1].sample
    if len(counted(seen)) == len({rest.agents for rest in counted(seen)}):
        found.append("whether memory grows cannot be told: ask for two rounds at least")
    if resident_mb(seen) > most_growth_mb:
        found.append(f"resident memory grows by {resident_mb(seen):.2f} MB for ten thousand requests")
    if leaked_mb(seen) > most_leak_mb:
        found.append(f"memory in use grows by {leaked_mb(seen):.2f} MB for ten thousand requests")
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
    at_rest = [rest.sample for rest in seen.at_rest]
    health, last, every = sorted(seen.health), at_rest[-1], [*seen.samples, *at_rest]
    return {
        "requests": seen.asked,
        "of_them_to_warm_up": seen.at_rest[seen.warm].sample.requests,
        "seconds": round(seen.seconds, 1),
        "requests_a_second": round(seen.asked / seen.seconds),
        "hours_of_its_clock": round(seen.hours, 1),
        "faulty": sum(number for (kind, _), number in seen.told.items() if kind not in PLAIN),
        "pss_at_rest": [round(sample.pss, 1) for sample in at_rest],
        "rss_most": round(max(sample.rss for sample in every), 1),
        "resident_mb_for_10000": round(resident_mb(seen), 3),
        "in_use_mb_for_10000": round(leaked_mb(seen), 3),
        "threads_at_rest": [sample.threads for sample in at_rest],
        "threads_most": max(sample.threads for sample in every),
        "descriptors_at_rest": [sample.descriptors for sample in at_rest],
        "descriptors_most": max(sample.descriptors for sample in every),
        "log_bytes": seen.log_bytes,
        "log_most": MOST_LOG,
        "db_bytes": last.db_bytes,
        "db_bytes_an_entry": round(last.db_bytes / (seen.books.entries or 1)),
        "open_holds": seen.open_holds,
        "health_asked": len(health),
        "health_ms_p50_p99_max": [round(1000 * health[int(at * (len(health) - 1))], 1) for at in (0.5, 0.99, 1.0)],
        "books": str(seen.books),
        "memory": [_line(rest, seen) for rest in seen.at_rest],
        "largest": largest_of(seen),
        "ended": {f"{kind}: {word}": number for (kind, word), number in sorted(seen.told.items())},
    }


PLAIN = ("stream", "whole", "local", "chat", "count", "models", "hello")


def largest_of(seen: Seen) -> dict[str, list[str]]:
    """Tell of the larger containers, the largest first, what lay in each, warm and at the end: things, MB."""
    largest = sorted(seen.kept[-1].items(), key=lambda item: -item[1][1])[:MOST_TOLD]
    every = {place: [kept.get(place, (0, 0)) for kept in seen.kept] for place, _ in largest}
    return {place: [f"{number}: {size / MB:.2f}" for number, size in each] for place, each in every.items()}


def tell(seen: Seen, wrong: list[str]) -> None:
    """Print the figures, how the calls ended, and what is wrong."""
    for name, figure in figures(seen).items():
        if name not in ("memory", "largest", "ended"):
            print(f"{name.replace('_', ' '):24} {figure}")
    print("\nmemory at rest:\n  " + "\n  ".join(_line(rest, seen) for rest in seen.at_rest))
    print("\nmemory as it went (requests: RSS MB): " + ", ".join(_course(seen.samples)))
    print("\nhow calls ended:")
    kinds: dict[str, Counter[str]] = {}
    for (kind, word), number in seen.told.items():
        kinds.setdefault(kind, Counter())[word] += number
    for kind, words in sorted(kinds.items()):
        print(f"  {kind:36} " + ", ".join(f"{word} {number}" for word, number in words.most_common()))
    print("\nwhat it keeps (things: MB, warm and at the end):")
    print("".join(f"  {place:56} {', '.join(each)}\n" for place, each in largest_of(seen).items()))
    print("\n".join(wrong) or "nothing is wrong")


def _line(rest: Rest, seen: Seen) -> str:
    inside, sample = rest.inside, rest.sample
    asked = f"{sample.requests:>7} requests, {rest.agents:>3} at once"
    parts = f"Python {inside.python:.1f} of {inside.python_held:.1f}, C library {inside.library:.1f}"
    counts = ", counts" if rest in counted(seen) else ""
    return f"{asked}: {sample.rss:.1f} MB resident, {inside.used:.1f} in use ({parts}){counts}"


def _course(samples: list[Sample], points: int = 12) -> list[str]:
    step = max(1, len(samples) // points)
    return [f"{sample.requests}: {sample.rss:.0f}" for sample in samples[::step]]
