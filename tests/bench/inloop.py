"""What in-loop escalation catches: `python -m tests.bench.inloop [--days 10] [--prompts FILE | --dangerous 0.02]`.

Every turn of an L2 or L3 task is taken for routine work, so that it begins at the local model, and the engine of
proxy/replay walks the days: a turn is caught when it goes on at Claude. `turns` is the share of these turns that are
caught at all, `cost of them` what part of the cost of all such turns they are, `cost after` the part of that cost that
came after the turn was caught, and so was really done by Claude. `left` is the price: the share of the all-Claude bill
that is still spent at perfect tiers, because routine work outgrows its tier in the same way.

Rows tell tools and no more, so `the same call three times` and `repeated errors` are not seen here, and which file an
edit goes to is assumed: half the edits of a turn go to a file that it has edited before. The figures are for turns of
the conversation itself; whether a turn is wrongly taken is assumed not to depend on how long it becomes.

The last table says what is left of the classifier's dangerous errors: the share of prompts that belong to Claude
and would begin locally, less what is caught. `--prompts` measures that share as classify_eval does.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pricing.table import PriceTable
from proxy.inloop import calls_allowed
from proxy.replay import Call, Policy, Step, Walk, replay
from proxy.route import LocalRoute
from proxy.task import Tier
from tests.bench.classify_eval import share
from tests.bench.confusion import said_of
from tests.bench.days import BEGINS, Day, days, of_family, with_files
from tests.bench.labelled import labelled
from tests.bench.policies import ALONE, after, doubted

NEVER = 1.0
"""The chance at which an edit always goes to a file that was edited before: one file a turn."""


@dataclass(frozen=True)
class Caught:
    """Shares of wrongly local turns: of their number, of their cost, of the cost that Claude then did."""

    turns: float
    cost: float
    after: float


def taken_for_routine(call: Call) -> Tier:
    """Take complex and restricted work for routine work."""
    return min(call.tier, Tier.L1)


def caught(drawn: Iterable[Day], policy: Policy) -> Caught:
    """Walk the days with every complex turn wrongly taken."""
    prices = PriceTable.load()
    turns: dict[str, list[Step]] = {}
    for day in drawn:
        for step in Walk(replace(policy, takes=taken_for_routine), prices).day(day, BEGINS):
            if step.call.tier >= Tier.L2 and step.call.agent == "main":
                turns.setdefault(step.call.turn_key, []).append(step)
    wrong = [steps for steps in turns.values() if steps[0].fate == "local"]
    up = [steps for steps in wrong if any(step.fate == "cloud" for step in steps)]
    after = sum(_cost(step for step in steps if step.fate == "cloud") for steps in up)
    whole = sum(map(_cost, wrong))
    return Caught(len(up) / len(wrong), sum(map(_cost, up)) / whole, after / whole)


def _cost(steps: Iterable[Step]) -> int:
    return sum(step.baseline.picos for step in steps)


def left(drawn: Iterable[Day], policy: Policy) -> float:
    """Give the share of the bill that is left at perfect tiers."""
    prices = PriceTable.load()
    found = [replay(day, policy, prices, BEGINS) for day in drawn]
    return sum(o.cost.picos for o in found) / sum(o.baseline.picos for o in found)


def triggers(drawn: list[Day]) -> dict[str, Caught]:
    """Print what each trigger, and each threshold, catches and costs."""
    window = (LocalRoute("local", "m", 131_072, tools=True),)
    rows: list[tuple[str, Policy, float]] = [
        *((f"{many} calls", replace(ALONE, leash=after(many)), NEVER) for many in (5, 10, 15, 20, 40)),
        ("10 calls or 3 files", replace(ALONE, leash=after(10)), 0.5),
        ("10 calls or 3 files, each edit another", replace(ALONE, leash=after(10)), 0.0),
        ("10 to 40 calls by doubt, or 3 files", replace(ALONE, leash=calls_allowed, doubt=doubted), 0.5),
        ("3 files", replace(ALONE, leash=after(10**6)), 0.5),
        (
            "10 calls, 3 files, summaries, 128k",
            replace(ALONE, leash=after(10), compacts_apart=True, locals=window),
            0.5,
        ),
    ]
    found: dict[str, Caught] = {}
    print(f"{'a turn has outgrown its tier at':40} {'turns':>7} {'cost of them':>13} {'cost after':>11} {'left':>7}")
    for name, policy, again in rows:
        with_edits = [with_files(day, again) for day in drawn]
        found[name] = it = caught(with_edits, policy)
        print(f"{name:40} {it.turns:7.1%} {it.cost:13.1%} {it.after:11.1%} {left(with_edits, policy):7.1%}")
    print(f"{'never':40} {0:7.1%} {0:13.1%} {0:11.1%} {left(drawn, ALONE):7.1%}")
    return found


def remains(dangerous: dict[str, float], by: Caught) -> None:
    """Print what is left of dangerous errors."""
    head = f"{'of prompts':>11} {'after, by turns':>16} {'by cost of turns':>17} {'by cost after':>14}"
    print(f"\n{'dangerous':24} {head}")
    for name, rate in dangerous.items():
        rest = rate * (1 - by.turns), rate * (1 - by.cost), rate * (1 - by.after)
        print(f"{name:24} {rate:11.2%} {rest[0]:16.2%} {rest[1]:17.2%} {rest[2]:14.2%}")


def main() -> None:
    """Draw days, and print both tables."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--days", type=int, default=10)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--traffic", type=Path, help="a Python file with gen(seed, usd), in place of our own")
    arguments.add_argument("--family", choices=("4.6", "5.5"), default="4.6")
    arguments.add_argument("--dangerous", type=float, default=0.02)
    arguments.add_argument("--prompts", type=Path, nargs="*", default=[])
    arguments.add_argument("--fresh", action="store_true", help="the shipped weights have never seen the prompts")
    chosen = arguments.parse_args()
    drawn = [of_family(day, chosen.family) for day in days(chosen.days, chosen.seed, 100.0, chosen.traffic)]
    found = triggers(drawn)
    rates = {"as given": chosen.dangerous}
    for path in chosen.prompts:
        for caution, answers in said_of(labelled(path), fresh=chosen.fresh).items():
            rates[f"{path.stem}, {caution}"] = share(answers, lambda answer: answer.dangerous)
    remains(rates, found["10 calls or 3 files"])


if __name__ == "__main__":
    main()
