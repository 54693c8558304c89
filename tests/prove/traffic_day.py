"""A day of traffic through a running bursar as it ships: `python -m tests.prove.traffic_day [DAY | GENERATOR]`.

DAY is a file with a line of JSON for each call, GENERATOR a Python file with `gen(seed, usd)`; else the day is our own.
Each call is sent at its own moment of the day, which both bursar and the fake Claude with its prompt cache are told,
one after the other: no two are under way at once. Once in mode auto with $10 to spend and $12 at most, once in observe
with money enough. What each true tier got is told, what it cost, and whether the ledger is the bill.
"""

import argparse
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from tests.bench.days import rows_of
from tests.kit import traffic
from tests.kit.bursar import PICOS, Entry
from tests.kit.fake_claude import FakeClaude
from tests.kit.local_fake import Act, calls, local_fake, says, usage
from tests.kit.raw import Answer, Client
from tests.kit.traffic import Call
from tests.kit.traffic_bodies import headers
from tests.prove.day.clocked import Clocked
from tests.prove.replay_engine import Distinct

_ESCALATED = re.compile(r"; escalated: (.*)")
_AMOUNT = re.compile(r"\$[\d.]+")
OFFERED = ("Bash", "Edit", "Read", "Grep", "Glob", "Write")
TIERS = ("L0", "L1", "L2", "L3")
Fate = Literal["Claude", "local", "refused", "failed"]


@dataclass(frozen=True)
class Sent:
    """One call of the day and what became of it; `would` is where mode auto would have sent it."""

    call: Call
    fate: Fate
    tier: str
    reason: str
    request_id: str
    is_degraded: bool
    would: Fate | None


@dataclass
class Day:
    """What a day came to; sums in picodollars."""

    sent: list[Sent] = field(default_factory=list)
    entries: tuple[Entry, ...] = ()
    bill: int = 0
    billed: dict[str, int] = field(default_factory=dict)
    most: int = 0
    """The most that was ever settled and held together."""

    @property
    def charged(self) -> int:
        """What the ledger says was spent."""
        return sum(entry.charged for entry in self.entries)

    @property
    def is_the_bill(self) -> bool:
        """Whether the ledger has each of Claude's answers for what it was billed, and nothing else."""
        return {entry.upstream_id: entry.charged for entry in self.entries if not entry.is_local} == self.billed

    def of(self, tier: str) -> list[Sent]:
        """Give the calls of a true tier, or all."""
        return [sent for sent in self.sent if tier in (sent.call.tier, "all")]

    def spent(self, sent: list[Sent]) -> int:
        """Add up what these calls were charged."""
        each = Counter[str]()
        for entry in self.entries:
            each[entry.request_id] += entry.charged
        return sum(each[one.request_id] for one in sent)


def play(
    calls: Sequence[Call], home: Path, *, mode: str, budget: str, cutoff: str, shares: tuple[int, int] = (0, 0)
) -> Day:
    """Send a day's calls at their moments; `shares` are the percentages kept for L3 and for L2."""
    now: list[Call] = []
    with FakeClaude() as fake, local_fake(lambda body: _local_answer(now[0], body)) as local:
        server = {"name": "box", "url": local.url, "kind": "openai", "models": ["fake-model"], "context": 131_072}
        settings = {"budget": budget, "cutoff": cutoff, "queue_wait_s": 2, "mode": mode}
        settings |= {"shares.L3": shares[0], "shares.L2": shares[1]}
        with Clocked(home, fake.url, local_servers=(server | {"tools": True},), **settings) as bursar:
            _wait_for_local(bursar)
            day = _send_all(calls, bursar, now)
            bursar.settled()
            day.entries, bill = tuple(bursar.entries()), fake.bill()
            day.bill, day.billed = bill["picos"], {line["request_id"]: line["picos"] for line in bill["lines"]}
    return day


def _send_all(calls: Sequence[Call], bursar: Clocked, now: list[Call]) -> Day:
    day, renderer = Day(), Distinct()
    with Client(bursar.url, timeout_s=120) as client:
        for call in calls:
            now[:] = [call]
            bursar.turn_to(call.t)
            answer = client.ask(renderer.body(call), "/v1/messages?beta=true", **headers(call))
            day.sent.append(_sent(call, answer, bursar))
            status = bursar.status()
            gone = Decimal(status["settled_usd"]) + Decimal(status["held_usd"])
            day.most = max(day.most, int(gone * PICOS))
    return day


def _sent(call: Call, answer: Answer, bursar: Clocked) -> Sent:
    told = bursar.api(f"/api/explain/{answer.headers['x-bursar-request']}")
    decided, fate = told["decision"], _fate(answer)
    would = decided["would"]
    reason = answer.error["message"] if answer.status == 402 else answer.headers["x-bursar-reason"]
    return Sent(
        call,
        fate,
        answer.headers["x-bursar-tier"],
        reason,
        answer.headers["x-bursar-request"],
        is_degraded=fate == "local" and (decided["degraded"] or "degraded" in reason),
        would=("local" if would["is_local"] else "Claude") if would else None,
    )


def _fate(answer: Answer) -> Fate:
    if answer.status == 402:
        return "refused"
    if answer.status != 200 or b"message_stop" not in answer.body:
        return "failed"
    return "Claude" if answer.headers["x-bursar-route"].startswith("anthropic") else "local"


def _local_answer(call: Call, asked: dict[str, Any]) -> Act:
    """Say locally what the day's agent goes on with – the same tool, or words –, as a model that read all of it."""
    tool = call.tool if call.tool in OFFERED else "Read"
    path = f'{{"file_path": "src/{call.session}_{call.turn}_{call.step}.py"}}'
    said = calls(tool, path) if call.tool else says("Done ", "locally.")
    return Act(said.replace(usage(), usage(prompt=len(json.dumps(asked["messages"])) // 4)))


def _wait_for_local(bursar: Clocked) -> None:
    end = time.monotonic() + 10
    while not all(one["healthy"] for one in bursar.status()["locals"]):
        assert time.monotonic() < end, "bursar does not find the local server"
        time.sleep(0.05)


def tell(title: str, day: Day) -> None:
    """Print the figures."""
    print(f"{title}: {len(day.sent)} calls")
    print(f"  ledger ${day.charged / PICOS:.6f}, bill ${day.bill / PICOS:.6f}", end="; ")
    print(f"each answer as billed: {day.is_the_bill}; most settled and held ${day.most / PICOS:.2f}")
    heads = {"calls": 7, "Claude": 8, "local": 8, "refused": 9, "failed": 8, "local %": 9, "spent $": 9, "degraded": 10}
    print(
        f"  {'true tier':10}" + "".join(f"{head:>{width}}" for head, width in heads.items()) + f"{'would be local':>16}"
    )
    for tier in (*TIERS, "all"):
        _row(tier, day.of(tier), day)
    for title, names in (("taken for", _taken), ("route", _route)):
        counts = Counter(map(names, day.sent))
        print(f"  {title}: " + ", ".join(f"{name} {number}" for name, number in sorted(counts.items())))
    escalated = Counter(found[1] for sent in day.sent if (found := _ESCALATED.search(sent.reason)))
    print("  escalated: " + (", ".join(f"{why} {number}" for why, number in escalated.most_common()) or "none"))
    refused = [sent for sent in day.sent if sent.fate == "refused"]
    if refused:
        print(f"  the first refusal at {refused[0].call.t / 3600:.1f} h: {refused[0].reason}")
    for sent in [sent for sent in day.sent if sent.fate == "failed"][:3]:
        print(f"  FAILED: {sent.reason}")


def _row(tier: str, sent: list[Sent], day: Day) -> None:
    fates = Counter(one.fate for one in sent)
    all_, spent = len(sent) or 1, day.spent(sent)
    counts = f"{fates['Claude']:>8}{fates['local']:>8}{fates['refused']:>9}{fates['failed']:>8}"
    degraded = sum(one.is_degraded for one in sent) / all_
    would = sum(one.would == "local" for one in sent) / all_
    share = fates["local"] / all_
    print(f"  {tier:10}{len(sent):>7}{counts}{share:>9.1%}{spent / PICOS:>9.2f}{degraded:>10.1%}{would:>16.1%}")


def _taken(sent: Sent) -> str:
    return f"{sent.call.tier} for {sent.tier}"


def _route(sent: Sent) -> str:
    """Give the reason without what differs from call to call."""
    if sent.fate == "refused":
        why = (
            "taken for L3"
            if sent.tier == "L3"
            else "no local model can take it"
            if "cannot take" in sent.reason
            else "other"
        )
        return f"refused, {why}"
    return _AMOUNT.sub("$…", sent.reason.partition("(")[0].partition("; escalated")[0].strip())


def read(path: Path | None, seed: int, usd: float) -> list[Call]:
    """Read a day's file, or draw a day with our own generator or another one's file."""
    if path and path.suffix != ".py":
        return traffic.read(path)
    return [Call(**row) for row in rows_of(path)(seed, usd)]


def main() -> None:
    """Play both and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("day", type=Path, nargs="?")
    parser.add_argument("--seed", type=int, default=22)
    parser.add_argument("--usd", type=float, default=100.0)
    parser.add_argument("--calls", type=int)
    parser.add_argument("--shares", type=int, nargs=2, default=(0, 0), metavar=("L3", "L2"), help="percent kept")
    parser.add_argument("--mode", choices=["auto", "observe", "both"], default="both")
    options = parser.parse_args()
    calls = read(options.day, options.seed, options.usd)[: options.calls]
    l3, l2 = options.shares
    modes: dict[str, tuple[str, str]] = {"auto": ("10.00", "12.00"), "observe": ("1000.00", "1200.00")}
    for mode, (budget, cutoff) in modes.items():
        if options.mode in (mode, "both"):
            with tempfile.TemporaryDirectory() as folder:
                day = play(
                    calls, Path(folder) / "home", mode=mode, budget=budget, cutoff=cutoff, shares=tuple(options.shares)
                )
            tell(f"mode {mode}, budget ${budget}, cutoff ${cutoff}, kept for L3 {l3} %, for L2 {l2} %", day)


if __name__ == "__main__":
    main()
