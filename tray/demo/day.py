"""The day's script: what a made-up person asks of a made-up agent, and when; the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tray.demo.words import KINDS, PROJECTS, TOOLS, lookalike

QUIET = 2
"""Sessions of a quiet day."""
DAY_S, LASTS_S = 24 * 3600.0, 8.5 * 3600
MAIN, CHEAPER, SMALL = "claude-opus-4-8", "claude-sonnet-5-5", "claude-haiku-4-5-20251001"
TITLE = "title"
"""The agent that asks for a session's title, on its own account."""
_SHARES = {"safe": 0.28, "routine": 0.40, "complex": 0.32}
_STEPS = {"safe": (1, 3), "routine": (4, 9), "complex": (6, 14), "restricted": (3, 6), "helper": (3, 6)}


@dataclass(frozen=True, slots=True)
class Step:
    """One request of the day.

    `words` begin a turn, in all its other steps a tool's result is sent; `added` and `out` are tokens that are new in
    the prompt and that come back; the answer calls `tool`, and without one it ends the turn.
    """

    at_s: float
    session: str
    agent: str
    project: str
    model: str
    turn: int
    words: str
    added: int
    out: int
    tool: str = ""
    fumbles: bool = False
    """Whether the local model gets this one wrong."""

    @property
    def file(self) -> str:
        """Name the file that the answer's call is about."""
        return f"src/part_{round(self.at_s)}.py"


def day_of(seed: int, sessions: int, number: int = 0) -> list[Step]:
    """Make up a day, in the order of its moments; `number` counts the days, each of which is another."""
    chance = random.Random(seed * 1000 + number)
    steps = [step for each in range(sessions) for step in _session(chance, each, sessions)]
    begins = [
        replace(step, at_s=number * DAY_S + step.at_s, session=f"demo-{number + 1}-{step.session}") for step in steps
    ]
    return sorted(begins, key=lambda step: step.at_s)


def _session(chance: random.Random, number: int, sessions: int) -> Iterator[Step]:
    at_s = LASTS_S * number / sessions + chance.uniform(0, 300)
    name, project = f"{number + 1:02d}", chance.choice(PROJECTS)
    model = CHEAPER if chance.random() < 0.25 else MAIN
    yield Step(at_s, name, TITLE, project, SMALL, 0, "Name this session", 700, 20)
    added = chance.randint(14_000, 24_000)
    for turn, kind in enumerate(_kinds(chance, number), start=1):
        words = chance.choice(KINDS[kind]).format(key=lookalike(chance))
        made = list(_turn(chance, Step(at_s, name, "", project, model, turn, words, added, 0), kind))
        if kind == "complex" and chance.random() < 0.4:
            yield from _helper(chance, made[0])
        yield from made
        at_s = made[-1].at_s + chance.choice((40, 90, 150, 240, 420, 900)) * chance.uniform(0.7, 1.3)
        added = 60


def _kinds(chance: random.Random, number: int) -> list[str]:
    """Choose the work of a session; in every fourth, the second or so, there is something restricted at the end."""
    kinds = chance.choices(list(_SHARES), list(_SHARES.values()), k=chance.randint(3, 6))
    return [*kinds, "restricted"] if number % 4 == 1 else kinds


def _turn(chance: random.Random, begins: Step, kind: str) -> Iterator[Step]:
    at_s, count = begins.at_s, chance.randint(*_STEPS[kind])
    fumbles = chance.randrange(count) if kind == "routine" and chance.random() < 0.3 else -1
    for number in range(count):
        yield Step(
            at_s=round(at_s, 1),
            session=begins.session,
            agent=begins.agent,
            project=begins.project,
            model=begins.model,
            turn=begins.turn,
            words="" if number else begins.words,
            added=round(chance.lognormvariate(6.8, 0.9)) if number else begins.added,
            out=min(4_000, round(chance.lognormvariate(6.0, 0.8))),
            tool="" if number == count - 1 else chance.choice(TOOLS),
            fumbles=number == fumbles,
        )
        at_s += chance.uniform(8, 40)


def _helper(chance: random.Random, begins: Step) -> Iterator[Step]:
    """Have a sub-agent look through the files before a turn goes on."""
    words = "Look through the project and list the files that matter"
    agent = f"helper-{begins.turn}"
    begun = Step(begins.at_s + 3, begins.session, agent, begins.project, SMALL, begins.turn, words, 9_000, 0)
    yield from _turn(chance, begun, "helper")
