"""How long a decision takes once the body is parsed, beside the parsing: `python -m tests.bench.decision [--rounds N]`.

All that messages.py does up to the decision is timed: reading the fields, classifying, rules, the view, deciding, the
trace. A conversation that grows by a step (`continuation`) or by a turn (`new turn`) each time, and one that nobody
here has seen (`first sight`). Then the secret scan of new text. `--profile` says where the time of the first case goes.
It is the time of the thread on a processor, which others on the machine do not lengthen; `--wall`: the clock's.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import itertools
import pstats
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from budget.ledger import Mode
from proxy.classify.secrets import secret_in
from proxy.headers import Headers, as_text
from proxy.lookback import look_back
from proxy.request import AgentRequest, read, read_fields
from proxy.router import decide
from proxy.services import Services
from proxy.taken import take, traced
from proxy.upstream.local_model import LocalSetting
from proxy.view import fit_of, names_local, override_of, view_of
from tests.bench.classify_speed import code
from tests.kit import bodies
from tests.kit.inproc import InProcess
from tests.kit.local_fake import local_fake

SIZES = (10_000, 100_000, 1_000_000, 5_000_000)
BLOCK = 4000
"""Characters of a tool's result; a conversation has as many as fit."""
TURN = 10
"""Requests of a turn, about what was measured of real sessions."""
BAR_MS = {"p50": 1.0, "p99": 5.0}
ASKED = (
    "Rename getUser to fetchUser in profile.ts and its callers",
    "Find out why the import hangs when the file is empty, and fix it",
    "Add a unit test for parse_date with two time zones",
    "Explain how the retry helper decides when to stop",
)


@dataclass(frozen=True)
class Timed:
    """Milliseconds of one request: parsing its JSON, reading its fields, and the decision."""

    parse_ms: float
    read_ms: float
    decide_ms: float

    @property
    def total_ms(self) -> float:
        """All that comes after the body is parsed."""
        return self.read_ms + self.decide_ms


Growth = Callable[[random.Random, int, str], Iterator[bytes]]


def continuations(chance: random.Random, size: int, session: str) -> Iterator[bytes]:
    """Send a conversation, and then again and again with another result of a tool behind it."""
    history = _history(chance, size, session)
    yield _body(history)
    while True:
        yield _body([*history, *_step(chance, len(history))])


def new_turns(chance: random.Random, size: int, session: str) -> Iterator[bytes]:
    """Send a conversation, and then again and again with another question behind it."""
    history = _history(chance, size, session)
    yield _body(history)
    for number in itertools.count():
        yield _body([*history, bodies.said("It is done."), bodies.user(f"{chance.choice(ASKED)} ({number})")])


def first_sights(chance: random.Random, size: int, session: str) -> Iterator[bytes]:
    """Send another conversation each time."""
    while True:
        yield _body(_history(chance, size, session))


GROWTHS: dict[str, Growth] = {
    "continuation": continuations,
    "new turn": new_turns,
    "first sight": first_sights,
}


Watch = Callable[[], float]


def measure(services: Services, growth: Growth, size: int, rounds: int, watch: Watch = time.thread_time) -> list[Timed]:
    """Time so many requests; the first of a conversation that grows is not counted."""
    chance, is_first = random.Random(size), growth is first_sights
    found = []
    sent = growth(chance, size, f"s{size}")
    for number in range(rounds + 1):
        session = f"{growth.__name__}-{size}" + (f"-{number}" if is_first else "")
        timed = time_one(services, next(sent), session, watch)
        if number or is_first:
            found.append(timed)
    return found


def time_one(services: Services, body: bytes, session: str, watch: Watch = time.thread_time) -> Timed:
    """Do what messages.py does with a request, up to the decision."""
    wire: Headers = [(name.encode(), value.encode()) for name, value in bodies.headers(session).items()]
    began = watch()
    found = services.reader.read(body)
    was_parsed = watch()
    headers = as_text(wire)
    asked = read_fields(body, found, headers)
    was_read = watch()
    decide_one(services, asked, headers)
    ended = watch()
    return Timed((was_parsed - began) * 1e3, (was_read - was_parsed) * 1e3, (ended - was_read) * 1e3)


def decide_one(services: Services, asked: AgentRequest, headers: dict[str, str]) -> None:
    """Classify and decide one request, and remember it as if it had been sent."""
    word = override_of(headers, asked)
    look_back(services, asked, headers)
    taken = take(services, asked, headers, is_directed=word is not None)
    override = word or ("local" if names_local(services, asked) else None)
    view = view_of(services, asked, override, taken.ruling, task=taken.task)
    services.sessions.saw(asked.session, taken.lasting)
    decision = decide(view, taken.task, fit_of(asked))
    services.traces.add(traced(services, asked, taken, view, decision, "req_bench"))
    services.sessions.remember(asked, decision.routes[0], decision.tier)


def at(found: list[float], share: float) -> float:
    """Give the value below which this share of the values lies."""
    return sorted(found)[min(len(found) - 1, int(len(found) * share))]


def _history(chance: random.Random, size: int, session: str) -> list[bodies.Fields]:
    """Make a conversation of about so many bytes, one turn of ten steps after the other."""
    messages: list[bodies.Fields] = []
    for number in range(max(1, size // (BLOCK + 500))):
        if number % TURN == 0:
            messages.append(bodies.user(f"{chance.choice(ASKED)} ({number} of {session})"))
        messages += _step(chance, number, min(BLOCK, size // 2))
    return messages


def _step(chance: random.Random, number: int, size: int = 2200) -> list[bodies.Fields]:
    call_id = f"toolu_{number:06d}"
    return [
        bodies.call("Read", call_id, file_path=f"src/module_{number}.py"),
        bodies.result(code(chance, size), call_id),
    ]


def _body(messages: list[bodies.Fields]) -> bytes:
    return bodies.encode(bodies.main_turn("Begin", *messages, inline=False))


def tell(services: Services, rounds: int, watch: Watch) -> bool:
    """Print the table; says whether the bar was met up to a megabyte."""
    print(f"{'':14}{'bytes':>9}{'parse p50':>11}{'read p50':>10}{'decide p50':>12}{'both p50':>10}{'both p99':>10}  ms")
    met = True
    for name, growth in GROWTHS.items():
        for size in SIZES:
            count = rounds if size < 1_000_000 else max(20, rounds // 4)
            found = measure(services, growth, size, count, watch)
            both = [timed.total_ms for timed in found]
            p50, p99 = at(both, 0.5), at(both, 0.99)
            parts = [
                at([getattr(timed, part) for timed in found], 0.5) for part in ("parse_ms", "read_ms", "decide_ms")
            ]
            over = size <= 1_000_000 and name != "first sight" and (p50 > BAR_MS["p50"] or p99 > BAR_MS["p99"])
            met &= not over
            told = "".join(f"{part:{width}.2f}" for part, width in zip(parts, (11, 10, 12), strict=True))
            print(f"{name:14}{size:9,}{told}{p50:10.2f}{p99:10.2f}{'  OVER' if over else ''}", flush=True)
    return met


def tell_scan() -> None:
    """Print how long new text takes to scan for secrets."""
    chance = random.Random(1)
    for size in (10_000, 100_000, 1_000_000):
        times = []
        for _ in range(9):
            text = code(chance, size)
            began = time.thread_time()
            secret_in(text)
            times.append((time.thread_time() - began) * 1e3)
        print(f"scan of {size:9,} new characters: p50 {at(times, 0.5):.2f} ms, worst {max(times):.2f} ms")


def profile(services: Services, size: int) -> None:
    """Print where the time of a continuation goes."""
    sent = continuations(random.Random(1), size, "profiled")
    found = cProfile.Profile()
    for number in range(40):
        body = next(sent)
        headers = bodies.headers("profiled")
        if number:
            found.enable()
        asked = read(body, headers, services.reader)
        decide_one(services, asked, headers)
        found.disable()
    pstats.Stats(found).sort_stats("tottime").print_stats(22)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--wall", action="store_true")
    parser.add_argument("--profile", type=int, metavar="BYTES", help="say where the time goes for bodies of that size")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, local_fake() as local:
        setting = LocalSetting("box", local.url, "openai", ("fake-model",), context=131_072, tools=True)
        with InProcess(Path(folder), "http://127.0.0.1:9", mode=Mode.auto, servers=(setting,)) as proxy:
            gc.collect()
            if options.profile:
                profile(proxy.services, options.profile)
                return
            met = tell(proxy.services, options.rounds, time.perf_counter if options.wall else time.thread_time)
            tell_scan()
            print("the bar (p50 1 ms, p99 5 ms up to 1 MB, of what was seen before) is", "met" if met else "not met")


if __name__ == "__main__":
    main()
