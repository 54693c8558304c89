"""Sends a day through the running proxy and through the engine of proxy/replay: do both send every call the same way?

`python -m tests.prove.replay_engine [--usd D] [--seed N]`. The engine takes each turn for what the proxy took its first
call for. Left out are turns that were compacted (the day's bodies say the prompt again after a summary, agents do not)
and the gate of the cold cache (the day runs through the proxy in minutes, so that everything stays warm).
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pricing.table import PriceTable
from proxy.classify.weigh import by_words
from proxy.replay import Call, Policy, Walk, call_of
from proxy.request import read
from proxy.task import Tier
from tests.kit import traffic
from tests.kit.bursar import Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.local_fake import DONE, Act, chunk, local_fake, usage
from tests.kit.replay import Done, Replay
from tests.kit.traffic_bodies import Renderer

_CALL = re.compile(rb'("id": "(toolu_\d+)", "name": "\w+", "input": \{"file_path": "src/x.py")\}')


@dataclass
class Distinct(Renderer):
    """Renders calls of tools so that none is like another: the same one three times would be a sign of its own.

    `doubts` has what the words of each turn's first call leave of it.
    """

    doubts: dict[str, float | None] = field(default_factory=dict)

    def body(self, call: traffic.Call) -> bytes:
        """Return the body, each tool call with its own name in it."""
        body = _CALL.sub(rb'\1, "note": "\2"}', super().body(call))
        turn = call_of(vars(call)).turn_key
        if turn not in self.doubts:
            said = read(body, {}).turn
            self.doubts[turn] = by_words(said.text, said.previous).doubt
        return body


@dataclass(frozen=True)
class Compared:
    """How many calls were compared, how many of them ran locally, and those that went different ways."""

    calls: int
    at_local: int
    outgrown: int
    differ: tuple[str, ...]


def compared(calls: Sequence[traffic.Call], home: Path) -> Compared:
    """Send the calls both ways."""
    renderer = Distinct()
    done = _through_the_proxy(calls, home, renderer)
    rows = [call_of(vars(each.call)) for each in done]
    first: dict[str, Tier] = {}
    for row, each in zip(rows, done, strict=True):
        first.setdefault(row.turn_key, Tier[each.tier])
    policy = Policy(
        cache_gate="off", takes=lambda call: first[call.turn_key], doubt=lambda call: renderer.doubts[call.turn_key]
    )
    steps = list(Walk(policy, PriceTable.load()).day(rows, datetime(2026, 11, 20, tzinfo=UTC)))
    cut = _compacted(rows)
    pairs = [(step, each) for step, each in zip(steps, done, strict=True) if step.call.turn_key not in cut]
    return Compared(
        len(pairs),
        sum(step.fate == "local" for step, _ in pairs),
        sum(step.escalated == "outgrown" for step, _ in pairs),
        tuple(
            f"{step.call} | {step.fate}, {step.reason} | {each.fate}, {each.reason}"
            for step, each in pairs
            if step.fate != each.fate
        ),
    )


def _through_the_proxy(calls: Sequence[traffic.Call], home: Path, renderer: Renderer) -> list[Done]:
    with FakeClaude() as fake, local_fake(_answer) as local:
        server = {"name": "local", "url": local.url, "kind": "openai", "models": ["m"], "context": 1_000_000}
        settings = {"budget": "100000.00", "mode": "auto", "cache_gate": "off"}
        with Bursar(home, fake.url, local_servers=(server | {"tools": True},), **settings) as bursar:
            _wait_for_local(bursar)
            return Replay(bursar.url, workers=1, renderer=renderer).run(calls)


def _answer(asked: dict[str, Any]) -> Act:
    """Answer as a local model that has read the whole prompt."""
    prompt = len(json.dumps(asked["messages"])) // 4
    said = chunk({"role": "assistant", "content": "Done locally."}) + chunk({}, "stop")
    return Act(said + usage(prompt=prompt) + DONE)


def _wait_for_local(bursar: Bursar) -> None:
    ends = time.monotonic() + 20
    while not bursar.status()["locals"][-1]["healthy"]:
        assert time.monotonic() < ends, "the local server was never found"
        time.sleep(0.05)


def _compacted(rows: Sequence[Call]) -> set[str]:
    """Name the turns in which a summary was asked for."""
    return {row.turn_key for row in rows if row.is_compaction}


def main() -> None:
    """Compare, and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--usd", type=float, default=20.0)
    arguments.add_argument("--seed", type=int, default=6)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = compared(traffic.generate(chosen.seed, chosen.usd), Path(folder) / "home")
    print(f"{found.calls} calls, {found.at_local} local, {found.outgrown} outgrown; {len(found.differ)} go another way")
    for line in found.differ[:10]:
        print(" ", line)


if __name__ == "__main__":
    main()
