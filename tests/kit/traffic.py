"""A day of coding-agent traffic, made from a seed or read from a file.

`python -m tests.kit.traffic [--seed N] [--usd D]` prints one JSON line for each call, in the format of `Call`. The
quantiles were measured on 28,676 calls of 580 public Claude Code sessions (2025-09 to 2026-08); the prompts are ours.
"""

import argparse
import json
import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

POINTS = (0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1)
QUANTILES: dict[str, tuple[float, ...]] = {
    "first_context": (14000, 15659, 17577, 18144, 22722, 27805, 41980, 43832, 44419, 60000, 80000),
    "growth": (60, 90, 145, 177, 282, 539, 1096, 2357, 4253, 12913, 30000),
    "output": (20, 29, 44, 56, 91, 186, 446, 1067, 1869, 4825, 12000),
    "step_gap_s": (2.2, 2.7, 3.4, 3.8, 4.8, 6.6, 11.0, 26.5, 63.5, 309.6, 900),
    "turn_gap_s": (5, 8.4, 20.4, 30.5, 61.6, 134.8, 319.0, 947.7, 2391.8, 7200, 9000),
    "calls_L0": (1, 1, 1, 1, 1, 2, 5, 13, 16, 30, 45),
    "calls_L1": (1, 1, 1, 1, 3, 6, 14, 24, 40, 90, 120),
    "calls_L2": (1, 1, 1, 2, 3, 8, 17, 38, 46, 80, 130),
    "calls_L3": (1, 1, 1, 1, 2, 4, 10, 24, 32, 60, 90),
    "turns": (1, 1, 1, 1, 1, 3, 6, 11, 15, 28, 40),
    "sub_context": (4000, 4500, 8507, 9680, 10255, 14183, 16704, 27294, 38538, 60000, 90000),
    "sub_calls": (1, 1, 1, 1, 3, 8, 13, 18, 21, 46, 60),
}
TIERS = {"L0": 0.30, "L1": 0.36, "L2": 0.30, "L3": 0.04}
TOOLS = {"Bash": 0.35, "Read": 0.24, "Edit": 0.18, "Grep": 0.11, "Glob": 0.09, "Write": 0.02, "Task": 0.01}
PROMPTS = {
    "L0": ("What does the retry helper do?", "Summarise what changed in the README", "Explain the pinned versions"),
    "L1": ("Rename getUser to fetchUser in profile.ts", "Add a unit test for parse_date", "Run the linter and fix it"),
    "L2": (
        "Design the sync engine between desktop and server, propose options first",
        "Find the root cause: the import still hangs after your last two fixes",
        "Migrate the reports module to the event bus across all services",
    ),
    "L3": ("Rotate the webhook secret and update .env.production", "Fix the login session in the auth middleware"),
}
MOST_CONTEXT, COMPACT_AT = 170_000, 155_000
DOLLARS_PER_CALL = 0.055  # What a call of such a day costs on average; a day of `usd` has so many.


@dataclass(frozen=True)
class Call:
    """One API call; `prefix` tokens were sent before, `new` are added, `out` come back."""

    t: float  # Seconds of the day.
    session: str
    agent: str  # "main", "bg" or a sub-agent's name.
    turn: int
    step: int
    kind: str  # "user", "subagent", "background:title" or "background:compaction".
    model: str
    tier: str
    task_class: str
    prefix: int
    new: int
    out: int
    prompt: str
    tool: str | None = None
    steps: int = 0


def read(path: Path) -> list[Call]:
    """Read a day's file, in the order of its moments."""
    with path.open(encoding="utf-8") as lines:
        return [Call(**json.loads(line)) for line in lines]


def generate(seed: int = 22, usd: float = 5.0) -> list[Call]:
    """Make a day that would cost about `usd` at Claude."""
    chance = random.Random(seed)
    calls: list[Call] = []
    number, lanes = 0, [8.5 * 3600 + 900 * lane for lane in range(3)]
    while len(calls) * DOLLARS_PER_CALL < usd:
        number += 1
        lane = lanes.index(min(lanes))
        made = list(_session(chance, f"s{number:03d}", lanes[lane]))
        lanes[lane] = made[-1].t + chance.uniform(60, 660)
        calls += made
    return sorted(calls, key=lambda call: call.t)


def _session(chance: random.Random, name: str, t: float) -> Iterator[Call]:
    model = "claude-opus-4-6" if chance.random() < 0.7 else "claude-sonnet-4-6"
    yield Call(t, name, "bg", 0, 0, "background:title", "claude-haiku-4-5", "L0", "background", 0, 800, 30, "[title]")
    context = 0
    for turn in range(1, round(_draw(chance, "turns")) + 1):
        tier = chance.choices(list(TIERS), list(TIERS.values()))[0]
        prompt, steps = chance.choice(PROMPTS[tier]), round(_draw(chance, "calls_" + tier))
        added = _draw(chance, "first_context") if turn == 1 else 40
        for step in range(steps):
            tool = None if step == steps - 1 else chance.choices(list(TOOLS), list(TOOLS.values()))[0]
            out = int(_draw(chance, "output"))
            shared = (name, "main", turn, step, "user", model, tier, "other", context, int(added), out, prompt, tool)
            yield Call(round(t, 1), *shared, steps)
            if tool == "Task":
                yield from _subagent(chance, name, f"sub{turn}.{step}", turn, tier, t)
            context = min(context + int(added), MOST_CONTEXT)
            if context > COMPACT_AT:
                yield Call(
                    t,
                    name,
                    "main",
                    turn,
                    step,
                    "background:compaction",
                    model,
                    tier,
                    "background",
                    context,
                    400,
                    3000,
                    "[compact]",
                )
                context = 20_000
            added = _draw(chance, "growth")
            t += _draw(chance, "step_gap_s")
        t += _draw(chance, "turn_gap_s")


def _subagent(chance: random.Random, session: str, agent: str, turn: int, tier: str, t: float) -> Iterator[Call]:
    before, now = 0, _draw(chance, "sub_context")
    for step in range(round(_draw(chance, "sub_calls"))):
        counts = (before, int(now - before), int(_draw(chance, "output")))
        about = ("subagent", "claude-haiku-4-5", tier, "analysis", *counts, "[subagent task]", "Read")
        yield Call(round(t, 1), session, agent, turn, step, *about)
        before, now = int(now), now + 3 * _draw(chance, "growth")
        t += _draw(chance, "step_gap_s")


def _draw(chance: random.Random, name: str) -> float:
    """Draw from a measured distribution, between its quantiles on a logarithmic scale."""
    u, table = chance.random(), QUANTILES[name]
    i = next(i for i in range(len(POINTS) - 1) if u <= POINTS[i + 1])
    share = (u - POINTS[i]) / (POINTS[i + 1] - POINTS[i])
    low, high = math.log(table[i] + 0.5), math.log(table[i + 1] + 0.5)
    return math.exp(low + share * (high - low)) - 0.5


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=22)
    parser.add_argument("--usd", type=float, default=5.0)
    options = parser.parse_args()
    _print(generate(options.seed, options.usd))


def _print(calls: Iterable[Call]) -> None:
    for call in calls:
        print(json.dumps(asdict(call)))


if __name__ == "__main__":
    _main()
