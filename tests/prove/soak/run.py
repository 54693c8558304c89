"""A run of the soak: phases of so many parallel agents, an hour of Claude's absence, and what was seen meanwhile."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.process import settle
from tests.kit.bursar import Bursar, free_ports
from tests.kit.fake_claude import FakeClaude
from tests.kit.local_fake import LocalFake, local_fake
from tests.kit.raw import request
from tests.prove.soak.agent import Agent, Told
from tests.prove.soak.books import Compared, compare
from tests.prove.soak.calls import Call, Calls
from tests.prove.soak.faults import local_act
from tests.prove.soak.samples import Rest, Sample, look
from tests.prove.soak.served import Kept, Served

COMPRESSED = 300
"""Seconds of bursar's clock to a second: two days pass in ten minutes."""
EVENING_S = 23.5 * 3600
JOBS_EVERY = 60
"""Samples between two rounds of the scheduler's jobs: five hours of its clock, some of which are real work."""
LONGEST_REST_S = 30.0
LONGEST_HOLD_S = 60.0
ABSENT = 300
"""Calls while nobody listens where Claude did."""


@dataclass
class Seen:
    """All that a run saw."""

    warm: int = 1
    """How many phases only warm it up."""
    asked: int = 0
    seconds: float = 0.0
    hours: float = 0.0
    """Of bursar's own clock."""
    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many calls of a kind or with a fault ended so."""
    wrong: list[str] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    at_rest: list[Rest] = field(default_factory=list)
    """One before the first call, and one after each phase, when every connection is closed."""
    kept: list[Kept] = field(default_factory=list)
    """What lay in its containers when it was warm, and at the end; to look takes memory, too."""
    health: list[float] = field(default_factory=list)
    """Seconds that /health took; infinite where it did not answer."""
    open_holds: int = 0
    books: Compared = field(default_factory=Compared)
    log_bytes: int = 0
    printed: int = 0
    whole: set[str] = field(default_factory=set)
    bill: list[dict[str, Any]] = field(default_factory=list)


class Run:
    """Runs phases against one bursar."""

    def __init__(
        self,
        home: Path,
        *,
        faults: float,
        seed: int = 1,
        every_s: float = 1.0,
        longest_s: float = 3600.0,
        warm: int = 1,
        leak: int = 0,
    ) -> None:
        """Take how many of the phases only warm it up, and how many bytes a request it is to leak.

        And how long all phases together may last: each ends in its share of that, whatever it was to ask.
        """
        self.seen, self._faults, self._seed, self._every_s = Seen(warm), faults, seed, every_s
        self._longest_s, self._leak = longest_s, leak
        self._home = home
        self._claude_port, self._nobody = free_ports(2)
        self._began = 0.0

    def run(self, phases: Sequence[tuple[int, int]]) -> Seen:
        """Ask so many calls by so many agents, phase by phase; between the first two Claude cannot be reached."""
        with local_fake(local_act) as local:
            box = {"name": "box", "url": local.url, "kind": "openai", "models": ["fake-model"], "context": 131_072}
            gone = box | {"name": "gone", "url": f"http://127.0.0.1:{self._nobody}"}
            claude = f"http://127.0.0.1:{self._claude_port}"
            servers = (box | {"tools": True}, gone)
            bursar = Served(self._home, claude, leak=self._leak, local_servers=servers, mode="auto", budget="450000.00")
            with bursar:
                self._phases(bursar, local, phases)
                self._end(bursar)
        self.seen.printed = (self._home / "output.txt").stat().st_size
        return self.seen

    def _phases(self, bursar: Served, local: LocalFake, phases: Sequence[tuple[int, int]]) -> None:
        self._began = time.monotonic()
        bursar.turn_to(EVENING_S)
        calls = Calls(bursar.url, self._faults, self._seed)
        self._rest(bursar, 0)
        for number, (asks, agents) in enumerate(phases):
            with FakeClaude(port=self._claude_port) as fake:
                share_s = self._longest_s * asks / sum(each for each, _ in phases)
                asyncio.run(self._phase(bursar, local, _some(calls, asks, share_s), agents))
                fake.wait_until(lambda it: it.bill()["open"] == 0, 60)
                self.seen.bill += fake.bill()["lines"]
            if not number:
                absent = (call for call in calls if call.kind in ("stream", "whole", "upstream"))
                asyncio.run(
                    self._phase(bursar, local, itertools.islice(absent, min(ABSENT, asks // 4)), agents, absent=True)
                )
            self._rest(bursar, agents)
            if number + 1 in (self.seen.warm, len(phases)):
                self.seen.kept.append(bursar.kept())
        self.seen.seconds = time.monotonic() - self._began
        self.seen.hours = self.seen.seconds * COMPRESSED / 3600

    async def _phase(
        self, bursar: Served, local: LocalFake, calls: Iterator[Call], agents: int, *, absent: bool = False
    ) -> None:
        beside = [
            asyncio.create_task(self._sample(bursar, local)),
            asyncio.create_task(self._ask_health(bursar)),
        ]
        await asyncio.gather(*(self._agent(bursar, calls, absent) for _ in range(agents)))
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await asyncio.sleep(0.1)  # What was closed is closed in the loop's next rounds.

    async def _agent(self, bursar: Bursar, calls: Iterator[Call], absent: bool) -> None:
        agent = Agent(bursar.url)
        for call in calls:
            told = await agent.ask(call)
            self.seen.asked += 1
            self._note(call, told, absent)
        agent.close()

    def _note(self, call: Call, told: Told, absent: bool) -> None:
        self.seen.told["Claude is away" if absent else call.fault or call.kind, told.word] += 1
        if call.is_plain and told.is_whole and told.status == 200 and told.upstream_id:
            self.seen.whole.add(told.upstream_id)
        if wrong := _wrong(call, told, absent):
            self.seen.wrong.append(f"{call.kind} {call.fault}: {wrong} {told.refusal}".rstrip())

    async def _sample(self, bursar: Served, local: LocalFake) -> None:
        for number in itertools.count(1):
            await asyncio.sleep(self._every_s)
            await asyncio.to_thread(self._move, bursar, has_jobs=number % JOBS_EVERY == 0)
            self.seen.samples.append(look(bursar.pid, self._home, self.seen.asked))
            for heap in (local.requests, local.headers, local.paths):
                heap.clear()

    def _move(self, bursar: Served, *, has_jobs: bool) -> None:
        bursar.turn_to(EVENING_S + (time.monotonic() - self._began) * COMPRESSED)
        if has_jobs:
            bursar.do_jobs()

    async def _ask_health(self, bursar: Bursar) -> None:
        agent, call = Agent(bursar.url), Call("health", request(bursar.url, "GET", "/health"))
        try:
            while True:
                told = await agent.ask(call)
                self.seen.health.append(told.seconds if told.status == 200 else float("inf"))
                await asyncio.sleep(0.2)
        finally:
            agent.close()

    def _rest(self, bursar: Served, agents: int) -> None:
        """Look at it when it has done all that was left to do, and has given back what it does not need."""
        self._wait_for_holds(bursar)
        time.sleep(self._every_s)
        settle(bursar.pid, LONGEST_REST_S)
        inside = bursar.inside()
        self.seen.at_rest.append(Rest(agents, look(bursar.pid, self._home, self.seen.asked), inside))

    def _wait_for_holds(self, bursar: Served) -> None:
        """Wait until every hold is settled, as none may stay; one that does is told of with its request's last line."""
        end = time.monotonic() + LONGEST_HOLD_S
        while bursar.status()["open_holds"] and time.monotonic() < end:
            time.sleep(0.05)
        for hold in bursar.holds():
            last = [line for line in bursar.log() if line["request_id"] == hold[0]][-1:]
            self.seen.wrong.append(f"after {LONGEST_HOLD_S:.0f} s a hold is open: {hold} {last}")

    def _end(self, bursar: Served) -> None:
        self.seen.open_holds = bursar.status()["open_holds"]
        self.seen.books = compare(bursar.entries(), self.seen.bill, self.seen.whole)
        self.seen.log_bytes = look(bursar.pid, self._home, 0).log_bytes


def _some(calls: Iterator[Call], most: int, longest_s: float) -> Iterator[Call]:
    end = time.monotonic() + longest_s
    return itertools.takewhile(lambda _: time.monotonic() < end, itertools.islice(calls, most))


def _wrong(call: Call, told: Told, absent: bool) -> str:
    """Say what must not be; empty where the answer is one that this call may have."""
    if told.hung:
        return "no answer for 90 s"
    if told.status == 500 and call.fault != "status=500":
        return "500"
    if absent:
        return "" if told.status in (502, 402) or (told.status == 200 and told.is_whole) else told.word
    if call.is_plain:
        is_refused = told.status == 402 and call.kind in ("local", "stream")
        return "" if is_refused or (told.status == 200 and told.is_whole) else told.word
    if told.is_stream and told.is_whole and told.status == 200 and not told.has_ended:
        return "a clean end without the last event"
    return ""
