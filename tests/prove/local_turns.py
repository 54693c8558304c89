"""An agent's turns on a local model of which three answers in ten are broken: `python -m tests.prove.local_turns`.

An honest agent (the Anthropic SDK, tools that run, results fed back) works through tasks, several sessions at once.
With escalation on, Claude (the fake) is there for what the local model cannot do; with escalation off, each failure has
to be told: by an error, or by the entry in the ledger.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import anthropic

from tests.kit.bursar import Bursar, Entry
from tests.kit.fake_claude import KEY, FakeClaude
from tests.kit.local_fake import Act, local_fake
from tests.prove.local.breaks import CALLS, WORDS, answer, broken_call, broken_words
from tests.prove.local.workshop import DONE, TOOLS, Step, Workshop, a_step, prompt_of, steps_of

STEPS, TASKS = 3, 2  # Calls in a task, tasks in a session; a task ends with words.
BROKEN = 0.3
AT_ONCE = 4
PATIENCE_S = 2
TELLS = ("judged", "wrong call", "kept", "failed")
"""What an entry's flag begins with where it says that an answer was bad."""


class Mind:
    """The local model: knows what each step should be, and breaks some of its answers, the same ones each time."""

    def __init__(self, seed: int, broken: float) -> None:
        self._seed, self._broken = seed, broken
        self._lock = threading.Lock()
        self._attempts: Counter[tuple[str, int]] = Counter()
        self.drawn: dict[tuple[str, int], list[str]] = defaultdict(list)
        """The kinds of the answers given at each step of each task; "" for a good one."""

    def __call__(self, body: dict[str, Any]) -> Act:
        """Answer one request."""
        found = _place(body["messages"])
        if found is None:  # bursar itself asks, to see what the server can do.
            return answer("Hello.")
        task, done = found
        steps = steps_of(task)
        meant: Step | str = steps[done] if done < len(steps) else DONE
        with self._lock:
            attempt = self._attempts[task, done]
            self._attempts[task, done] += 1
        chance = Random(f"{self._seed}/{task}/{done}/{attempt}")
        kind = self._kind(meant, chance)
        with self._lock:
            self.drawn[task, done].append(kind)
        if not kind:
            return answer(meant)
        return broken_words(kind, meant, chance) if isinstance(meant, str) else broken_call(kind, meant, chance)

    def _kind(self, meant: Step | str, chance: Random) -> str:
        if chance.random() >= self._broken:
            return ""
        return chance.choice(list(WORDS if isinstance(meant, str) else CALLS))

    @property
    def answers(self) -> int:
        """Return how many answers it gave."""
        return sum(map(len, self.drawn.values()))

    @property
    def broken(self) -> int:
        """Return how many of them were broken."""
        return sum(bool(kind) for kinds in self.drawn.values() for kind in kinds)


def _place(messages: list[dict[str, Any]]) -> tuple[str, int] | None:
    """Find the task under way, and how many of its steps are done."""
    tasks = [at for at, one in enumerate(messages) if one["role"] == "user" and steps_of(_text(one))]
    if not tasks:
        return None
    return _text(messages[tasks[-1]]), sum(one["role"] == "assistant" for one in messages[tasks[-1] + 1 :])


def _text(message: dict[str, Any]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content or [])


@dataclass(frozen=True)
class Turn:
    """One request of the agent and what came of it."""

    task: str
    step: int
    wanted: Step | str
    got: Step | str | None
    error: str
    request_id: str

    @property
    def is_right(self) -> bool:
        """Whether the agent got what was meant."""
        return self.got == self.wanted


@dataclass
class Agent:
    """One session: it works through its tasks, and gives a task up where a turn fails."""

    url: str
    name: str
    seed: int
    streams: bool
    turns: list[Turn] = field(default_factory=list)
    _history: list[dict[str, Any]] = field(default_factory=list)

    def work(self) -> list[Turn]:
        """Do all the tasks."""
        chance = Random(f"{self.seed}/{self.name}")
        headers = {"x-claude-code-session-id": self.name}
        with anthropic.Anthropic(
            base_url=self.url, api_key=KEY, max_retries=0, timeout=60, default_headers=headers
        ) as client:
            for task in range(TASKS):
                steps = [a_step(chance, task * STEPS + number) for number in range(STEPS)]
                self._task(client, prompt_of(f"{self.name}-{task}", steps), steps)
        return self.turns

    def _task(self, client: anthropic.Anthropic, prompt: str, steps: list[Step]) -> None:
        shop, before = Workshop(), len(self._history)
        self._history.append({"role": "user", "content": prompt})
        for number, wanted in enumerate([*steps, DONE]):
            turn, content = self._turn(client, prompt, number, wanted)
            self.turns.append(turn)
            if not turn.is_right:
                del self._history[before:]
                return
            self._history.append({"role": "assistant", "content": content})
            if isinstance(turn.got, tuple):
                said, failed = shop.use(*turn.got)
                use = next(block["id"] for block in content if block["type"] == "tool_use")
                result = {"type": "tool_result", "tool_use_id": use, "content": said, "is_error": failed}
                self._history.append({"role": "user", "content": [result]})

    def _turn(
        self, client: anthropic.Anthropic, prompt: str, number: int, wanted: Step | str
    ) -> tuple[Turn, list[dict[str, Any]]]:
        try:
            said, request_id = self._asked(client)
        except anthropic.APIError as problem:
            response = getattr(problem, "response", None)
            request_id = response.headers.get("x-bursar-request", "") if response is not None else ""
            return Turn(prompt, number, wanted, None, f"{type(problem).__name__}: {problem}", request_id), []
        content = [block.model_dump(exclude_none=True) for block in said.content]
        calls: list[Step] = [(block["name"], block["input"]) for block in content if block["type"] == "tool_use"]
        text = "".join(block["text"] for block in content if block["type"] == "text").strip()
        got = calls[0] if len(calls) == 1 else text if not calls else None
        return Turn(prompt, number, wanted, got, "", request_id), content

    def _asked(self, client: anthropic.Anthropic) -> tuple[anthropic.types.Message, str]:
        asked: Any = {"model": "claude-sonnet-5-5", "max_tokens": 2000, "messages": self._history, "tools": TOOLS}
        if self.streams:
            with client.messages.stream(**asked) as stream:
                return stream.get_final_message(), stream.response.headers["x-bursar-request"]
        raw = client.messages.with_raw_response.create(**asked)
        return raw.parse(), raw.headers["x-bursar-request"]


@dataclass(frozen=True)
class Outcome:
    """All turns of all sessions, and what the books say of them."""

    turns: tuple[Turn, ...]
    drawn: dict[tuple[str, int], list[str]]
    entries: dict[str, list[Entry]]  # By request.
    answers: int
    broken: int
    charged: dict[str, int]  # The ledger's amounts by Claude's request id,
    billed: dict[str, int]  # and Claude's own.
    open_holds: int

    def fate(self, turn: Turn) -> str:
        """Name what became of a turn."""
        entries = self.entries.get(turn.request_id, [])
        flags = [flag for entry in entries for flag in entry.flags.splitlines()]
        if turn.is_right:
            return self._how_right(turn, entries, flags)
        if turn.error:
            return "failed, told by an error"
        return "failed, told on the entry" if any(flag.startswith(TELLS) for flag in flags) else "SILENT"

    def _how_right(self, turn: Turn, entries: list[Entry], flags: list[str]) -> str:
        if not entries or not entries[-1].is_local:
            return "escalated" if any(entry.is_local for entry in entries) else "Claude from the start"
        if any(flag.startswith("retried") for flag in flags):
            return "retried locally"
        if any(flag.startswith("repaired call") for flag in flags):
            return "repaired"
        kinds = self.drawn.get((turn.task, turn.step), [])
        return "right, though spoilt" if kinds and kinds[-1] else "right"

    @property
    def calls(self) -> list[Turn]:
        """Return the turns in which a tool was to be called."""
        return [turn for turn in self.turns if not isinstance(turn.wanted, str)]

    @property
    def success(self) -> float:
        """Return the share of tool calls that came as they were meant."""
        return sum(turn.is_right for turn in self.calls) / len(self.calls)

    @property
    def silent(self) -> list[str]:
        """List the failures that nobody told of."""
        return [
            f"{_name(turn)}, wanted {turn.wanted}, got {str(turn.got)[:120]!r}, drawn {self._drawn(turn)}"
            for turn in self.turns
            if self.fate(turn) == "SILENT"
        ]

    @property
    def failures(self) -> list[str]:
        """List the turns that were not right."""
        return [
            f"{_name(turn)}: {self.fate(turn)}, drawn {self._drawn(turn)}, {turn.error[:120]}"
            for turn in self.turns
            if not turn.is_right
        ]

    @property
    def fates(self) -> Counter[str]:
        """Count what became of the turns."""
        return Counter(self.fate(turn) for turn in self.turns)

    def by_kind(self) -> dict[str, Counter[str]]:
        """Count the fates of the turns by how the local answers were broken."""
        rows: dict[str, Counter[str]] = defaultdict(Counter)
        for turn in self.turns:
            for kind in {kind for kind in self._drawn(turn) if kind}:
                rows[kind][self.fate(turn)] += 1
        return dict(sorted(rows.items()))

    def _drawn(self, turn: Turn) -> list[str]:
        return self.drawn.get((turn.task, turn.step), [])


def _name(turn: Turn) -> str:
    return f"task {turn.task.partition('Task ')[2].partition('.')[0]} step {turn.step}"


def play(turns: int, home: Path, *, escalates: bool, seed: int = 1, broken: float = BROKEN) -> Outcome:
    """Let as many sessions work as it takes for so many turns, if none fails."""
    sessions = -(-turns // (TASKS * (STEPS + 1)))
    mind = Mind(seed, broken)
    with FakeClaude() as fake, local_fake(mind) as local:
        server = {"name": "box", "url": local.url, "kind": "openai", "models": ["fake-model"], "context": 131_072}
        server |= {"tools": True, "first_token_s": PATIENCE_S, "idle_s": PATIENCE_S}
        mode = "auto" if escalates else "local"
        # A warm cache would keep turns at Claude, and so fewer broken answers would be met.
        money = {"budget": "1000.00", "cache_gate": "off"}
        with Bursar(home, fake.url, local_servers=(server,), mode=mode, **money) as bursar:
            agents = [Agent(bursar.url, f"s{number}", seed, number % 2 == 0) for number in range(sessions)]
            with ThreadPoolExecutor(AT_ONCE) as pool:
                found = [turn for turns in pool.map(Agent.work, agents) for turn in turns]
            bursar.settled()
            return _outcome(tuple(found), mind, bursar, fake)


def _outcome(turns: tuple[Turn, ...], mind: Mind, bursar: Bursar, fake: FakeClaude) -> Outcome:
    entries: dict[str, list[Entry]] = defaultdict(list)
    for entry in bursar.entries():
        entries[entry.request_id].append(entry)
    charged = {e.upstream_id: e.charged for many in entries.values() for e in many if not e.is_local}
    billed = {line["request_id"]: line["picos"] for line in fake.bill()["lines"]}
    holds = bursar.status()["open_holds"]
    return Outcome(turns, dict(mind.drawn), dict(entries), mind.answers, mind.broken, charged, billed, holds)


def tell(title: str, outcome: Outcome) -> None:
    """Print the figures, as markdown."""
    right = sum(turn.is_right for turn in outcome.calls)
    print(f"\n## {title}\n")
    print(
        f"{len(outcome.turns)} turns, {len(outcome.calls)} of them tool calls: {right} right ({outcome.success:.1%})."
    )
    share = outcome.broken / max(1, outcome.answers)
    print(
        f"{outcome.answers} local answers, {outcome.broken} broken ({share:.0%}). Claude billed {len(outcome.billed)},"
    )
    same = outcome.billed == outcome.charged
    print(f"the ledger {'agrees to the picodollar' if same else 'DISAGREES'}; {outcome.open_holds} holds left.\n")
    for fate, count in outcome.fates.most_common():
        print(f"- {fate}: {count}")
    print("\n| broken how | what became of the turn |\n|---|---|")
    for kind, fates in outcome.by_kind().items():
        print(f"| {kind} | {', '.join(f'{fate} {count}' for fate, count in fates.most_common())} |")
    for silent in outcome.silent:
        print("SILENT:", silent)


def main() -> None:
    """Work through the turns with escalation on, and off; print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--seed", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        on = play(options.turns, Path(folder) / "on", escalates=True, seed=options.seed)
        tell("Escalation on", on)
        off = play(options.turns, Path(folder) / "off", escalates=False, seed=options.seed)
        tell("Escalation off", off)
    sys.exit(bool(on.success < 0.99 or on.silent or off.silent or on.billed != on.charged))


if __name__ == "__main__":
    main()
