"""Bench: one model measured from end to end, and the result, whatever there is of it when it ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from pricing.figures import counted, noun
from pricing.hardware import Chip
from pricing.machine import Machine, Speeds, is_possible, per_mtok
from proxy.bench.asking import Asking
from proxy.bench.client import Client, Unanswered
from proxy.bench.energy import NoMeter, PowerMeter
from proxy.bench.plan import Plan, Time
from proxy.bench.progress import Progress, Tell
from proxy.bench.result import BenchResult, Costs, Ending, Point, Source, TaskRun, speeds_at
from proxy.bench.speed import SpeedBench
from proxy.bench.tasks.catalogue import tasks
from proxy.bench.tasks.jail import Jail
from proxy.bench.tasks.play import Player
from proxy.localcost import LocalCosts
from proxy.upstream.local_model import LocalModel, LocalUpstream, identity

TASK_S = 120.0
LEAST_TASK_S = 2.0
COSTS_AT_TOKENS = 32_768
MOST_SPARSE = 32
"""No mixture of experts that we know reads less than this part of its weights for a token."""

COUNTED_BY: dict[Source, str] = {
    "server": "the server's own timings",
    "clock": "our clock and the server's token counts",
    "estimate": "our clock and a guess of the tokens",
}


@dataclass(frozen=True, slots=True)
class Target:
    """What is benched, and what the result says of the place: bursar's version, the machine in a few words."""

    upstream: LocalUpstream
    model: LocalModel
    bursar: str
    machine: str
    chips: tuple[Chip, ...] = ()


class Bench:
    """One run. `result` can be asked for at any time, also after an interrupt."""

    def __init__(
        self,
        target: Target,
        plan: Plan,
        tell: Tell,
        *,
        clock: Callable[[], datetime],
        client: Client,
        jail: Jail | None = None,
        meter: PowerMeter | None = None,
        costs: LocalCosts | None = None,
    ) -> None:
        self._target, self._plan, self._tell, self._client = target, plan, tell, client
        self._jail, self._costs = jail, costs
        self._meter: PowerMeter = meter or NoMeter()
        self._begun_at = clock()
        self._time = Time(plan.seconds, client.monotonic)
        self._speed = SpeedBench(Asking(client, target.model, meter=self._meter), plan, tell)
        self._runs: list[TaskRun] = []
        self._notes: list[str] = []
        self._isolation = ""
        self._ended: Ending = "whole"

    def run(self) -> BenchResult:
        """Measure; an interrupt ends it with what is known. Raises Unanswered when the server fails before that."""
        try:
            self._speed.warm_up(self._time)
            self._speed.run(self._time.part(self._plan.speed_share if self._jail else 1.0))
            if self._jail is not None:
                self._play(self._jail)
                if self._ended == "whole":
                    self._speed.go_on(self._time)
        except KeyboardInterrupt:
            self._client.give_up()
            self._ended = "interrupted"
            self._notes.append("it was interrupted, so not all was measured")
        return self.result()

    def result(self) -> BenchResult:
        """Put together what was found so far."""
        target, speed = self._target, self._speed
        points, doubts = believable(speed.points, target.model, target.chips)
        found = BenchResult(
            at=self._begun_at.isoformat(),
            bursar=target.bursar,
            identity=identity(target.upstream, target.model),
            server=target.upstream.base_url,
            kind=target.upstream.kind,
            model=target.model.id,
            context=target.model.context,
            machine=target.machine,
            provenance=COUNTED_BY[points[0].source] if points else "",
            ended="budget" if speed.out_of_time and self._ended == "whole" else self._ended,
            seconds=round(self._time.gone, 1),
            load_ms=speed.load_ms,
            points=points,
            batches=tuple(speed.batches),
            reuse=speed.reuse,
            tasks=tuple(self._runs),
            isolation=self._isolation,
            power=self._meter.source,
            notes=(*speed.notes, *doubts, *self._notes),
        )
        return replace(found, costs=costs_of(found, self._costs.machine)) if self._costs else found

    def _play(self, jail: Jail) -> None:
        self._isolation = jail.isolation()
        player = Player(
            self._client, self._target.model, jail,
            costs=self._costs, base_url=self._target.upstream.base_url, monotonic=self._client.monotonic,
        )  # fmt: skip
        planned = tasks(self._plan.tasks_each)
        for number, task in enumerate(planned):
            if self._time.left < LEAST_TASK_S and self._runs:
                self._stop_early(len(planned) - number)
                return
            self._tell(Progress(f"task {number + 1} of {len(planned)}: {task.name}", self._time.gone, self._time.left))
            given = min(TASK_S, max(self._time.left, TASK_S if not self._runs else 0.0))
            try:
                self._runs.append(player.play(task, given))
            except Unanswered as trouble:
                if trouble.late and given == TASK_S:
                    self._runs.append(
                        _too_slow(task.name, task.task_class.value, task.tier.name, tools=task.uses_tools)
                    )
                    continue
                if trouble.late:
                    self._stop_early(len(planned) - number)
                else:
                    self._ended = "failed"
                    self._notes.append(f"{_tasks(len(planned) - number)} not tried: {trouble.why}")
                return

    def _stop_early(self, left_out: int) -> None:
        self._ended = "budget"
        self._notes.append(f"{_tasks(left_out)} left out: the time was up")


def _tasks(number: int) -> str:
    return f"{counted(number, 'task')} {noun(number, 'was', 'were')}"


def costs_of(result: BenchResult, machine: Machine) -> Costs | None:
    """Price a million tokens at the speeds of a usual context, one request at a time; None where they are not known."""
    if not result.points:
        return None
    tokens = min(COSTS_AT_TOKENS, max(point.prompt_tokens for point in result.points))
    speeds = speeds_at(result, tokens)
    if speeds is None or speeds[1] is None:
        return None
    priced = per_mtok(machine, Speeds(_exact(speeds[0]), _exact(speeds[1])))
    return Costs(
        at_tokens=tokens,
        marginal_in_usd=priced.marginal_in.exact(),
        marginal_out_usd=priced.marginal_out.exact(),
        full_in_usd=priced.full_in.exact(),
        full_out_usd=priced.full_out.exact(),
        provenance=priced.provenance,
    )


def believable(
    points: tuple[Point, ...], model: LocalModel, chips: tuple[Chip, ...]
) -> tuple[tuple[Point, ...], tuple[str, ...]]:
    """Drop speeds of writing that the chip's memory cannot deliver, and say so.

    A mixture of experts reads only a part of its weights for a token, and a server may guess tokens ahead: what a
    dense model could not do is doubted, what no model could do is dropped.
    """
    fastest = max((point.decode_tps for point in points if point.decode_tps), default=None)
    if fastest is None or not model.weight_bytes or not chips:
        return points, ()
    active, is_known = active_bytes(model)
    bandwidth = sum(chip.bytes_per_s for chip in chips)
    if is_possible(_exact(fastest), active, bandwidth):
        return points, ()
    memory = f"{active / 1e9:.1f} GB of weights at {bandwidth / 1e9:.0f} GB/s"
    if is_possible(_exact(fastest), max(1, active // (1 if is_known else MOST_SPARSE)), bandwidth):
        return points, (f"{fastest:.0f} tokens/s is more than {memory} allow: a mixture of experts, or guessing ahead",)
    kept = tuple(
        replace(point, decode_tps=None)
        if point.decode_tps and not is_possible(_exact(point.decode_tps), active, bandwidth)
        else point
        for point in points
    )
    return kept, (f"{fastest:.0f} tokens/s is impossible with {memory}: that speed of writing was rejected",)


def active_bytes(model: LocalModel) -> tuple[int, bool]:
    """Give the bytes of weights read for one token, and whether they are known: "30B-A3B" reads a tenth."""
    weights = model.weight_bytes or 0
    active = re.search(r"[-_]a(\d+(?:\.\d+)?)b\b", model.id, re.IGNORECASE)
    whole = re.search(r"(\d+(?:\.\d+)?)b(?=[-_:]|$)", model.id, re.IGNORECASE) if active else None
    if active and whole and 0 < float(active[1]) <= float(whole[1]):
        return int(weights * Fraction(active[1]) / Fraction(whole[1])), True
    return weights, False


def _exact(speed: float) -> Fraction:
    """Take a measured speed to the hundredth, exactly: a float must not come near the money."""
    return Fraction(max(1, round(speed * 100)), 100)


def _too_slow(name: str, task_class: str, tier: str, *, tools: bool) -> TaskRun:
    why = f"it took longer than {TASK_S:.0f} s"
    return TaskRun(name, task_class, tier, tools, False, why, TASK_S, 0, 0, 0)
