"""What a day comes to under each policy: `python -m tests.bench.policies [--days 10] [--seed 1] [--prompts FILE]`.

Days of about $100 at Claude go through the engine of proxy/replay, which asks the router that serves requests. The
column `ROUTING` has the figure that was expected of such a policy (perfect tiers 50 %, and L2 on Sonnet 36 %, and
contexts halved 21 %, a hard cap of $10 on top of that 10 % with 53 of 71 L3 calls starved).

The first block counts as those figures were counted: tiers alone, a local model that takes everything, and none of
the proxy's other rules. The second adds these one by one, each to tiers alone: what they cost is the price of what
they are for. The third is mode auto as it is shipped, with local models of several windows; the fourth puts the budget
of $10 and the cutoff of $12 on it; the last takes turns for what our classifier says (`--prompts`: labelled prompts;
each one by weights fitted without its repository, an acceptable answer counted as right).

`left` is the share of the all-Claude bill that is still spent. `local` is the share of the calls of each true tier
that a local model answers: for L2 and L3 that is degraded work. `refused` is the share that nobody answers: a call of a
lower tier is refused where its session was restricted once. A refused call ends its turn in real life; here the
turn's other calls are asked all the same, so refusals are counted high. A hold covers 32,000 tokens of output, so
that about $1 of the cutoff stays out of reach of Opus.

What it said on 2026-11-21 (seeds 1 to 10 of the generator that ROUTING.md's figures came from, models 4.6): 47, 36, 20
and 9.6 % where 50, 36, 21 and 10 % were expected; seed 22 alone gives 54.7, 40.3, 23.1 and 9.7 %, and 53 of 71 L3 calls
starved, as that generator's own simulation does. Why mode auto leaves 81 % of the bill at perfect tiers: by
themselves, turns outgrown at ten calls add 29 points to the 47 %, restricted sessions 9, summaries at Claude 7, the
cache gate none. A local window of 64k tokens leaves 90 %. A tenth of a $10 budget kept for L3 helps little, as
restricted work alone costs $3 to $4 of such a day: four tenths do.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from budget.bands import Limits
from budget.shares import Shares
from budget.state import Mode
from pricing.money import Money
from pricing.table import PriceTable
from proxy.inloop import calls_allowed
from proxy.replay import Call, Confusion, Outcome, Policy, replay
from proxy.replay.taking import drawn
from proxy.route import LocalRoute
from proxy.rules.ruling import NO_RULING, Ruling
from proxy.task import Tier
from tests.bench.confusion import Matrix, confusions
from tests.bench.days import BEGINS, SONNET, Day, days, halved, of_family

HARD = Limits(Money.usd(10), Money.usd(10))
USUAL = Limits(Money.usd(10), Money.usd(12))


@dataclass(frozen=True)
class Row:
    """A policy, what ROUTING.md says of it, and whether contexts are halved."""

    name: str
    policy: Policy
    expected: str = ""
    halves: bool = False


def background_only(call: Call, _tier: Tier) -> Ruling:
    """Send the agent's own calls and those of the smallest model to the local one, as routers of today do."""
    return _ruled("local" if call.is_title or "haiku" in call.model else "cloud")


def safe_only(call: Call, tier: Tier) -> Ruling:
    """Let only safe work go local."""
    return NO_RULING if tier is Tier.L0 else _ruled("cloud")


def _ruled(route: str) -> Ruling:
    return Ruling(route="local" if route == "local" else "cloud", route_by='rule "of the table"')


def after(calls: int | None) -> Callable[[float | None], int | None]:
    """Let every local turn outgrow its tier after so many calls; None: never."""
    return lambda _doubt: calls


SEEN_DOUBTS = {
    True: ((0.36, 0.03), (0.65, 0.07), (1.0, 0.15)),
    False: ((0.05, 0.03), (0.25, 0.07), (1.0, 0.15)),
}
"""How much doubt the words of turns leave that begin locally, rightly or wrongly: shares added up, and the doubt.

Of 1,073 labelled prompts that may go local, and 60 that may not, each weighed by a model that had not seen its
repository or its writer (tests/bench/classify_eval.py, below the limit of balanced).
"""


def doubted(call: Call) -> float:
    """Draw how much doubt a turn's words leave."""
    at = drawn(f"{call.turn_key}/doubt", 0)
    return next(doubt for up_to, doubt in SEEN_DOUBTS[call.tier <= Tier.L1] if at < up_to)


ALONE = Policy(leash=after(None), restricted_stays=False, compacts_apart=False, cache_gate="off")
"""Tiers and nothing else."""

SHIPPED, CLAUDE = Policy(doubt=doubted), Policy(mode=Mode.cloud)


def as_counted(sonnet: str) -> list[Row]:
    """Give the rows that ROUTING.md has too."""
    cheaper = replace(ALONE, cloud_models={Tier.L2: sonnet})
    return [
        Row("all Claude", CLAUDE, "100 %"),
        Row("background and Haiku local", replace(ALONE, rules=background_only), "98 %"),
        Row("L0 local", replace(ALONE, rules=safe_only)),
        Row("L0 + L1 local", ALONE, "50 %"),
        Row("L0 + L1 local, L2 on Sonnet", cheaper, "36 %"),
        Row("  and contexts halved", cheaper, "21 %", halves=True),
        Row("  and a hard cap of $10", replace(cheaper, limits=HARD), "10 %; L3 75 %", halves=True),
    ]


def rule_by_rule() -> list[Row]:
    """Give tiers alone with one of the proxy's rules each."""
    return [
        Row("+ the cache gate", replace(ALONE, cache_gate="on")),
        Row("+ the cache gate for L0 too", replace(ALONE, cache_gate="all")),
        Row("+ summaries are complex work", replace(ALONE, compacts_apart=True)),
        Row("+ an L3 session stays so", replace(ALONE, restricted_stays=True)),
        Row("+ outgrown at 40 calls", replace(ALONE, leash=after(40))),
        Row("+ outgrown at 20 calls", replace(ALONE, leash=after(20))),
        Row("+ outgrown at 10 calls", replace(ALONE, leash=after(10))),
        Row("+ outgrown at 10 to 40, by doubt", replace(ALONE, leash=calls_allowed, doubt=doubted)),
    ]


def as_shipped(sonnet: str, of: Policy = SHIPPED) -> list[Row]:
    """Give mode auto with all its rules, and less and less local context."""
    windows = [(f"auto, {size // 1024}k local", size) for size in (131_072, 65_536, 32_768)]
    return [
        Row("auto", of),
        Row("auto, L2 on Sonnet", replace(of, cloud_models={Tier.L2: sonnet})),
        Row("auto, outgrown at 10 calls", replace(of, leash=after(10))),
        Row("auto, outgrown at 40 calls", replace(of, leash=after(40))),
        Row("auto, never outgrown", replace(of, leash=after(None))),
        *(Row(name, replace(of, locals=(LocalRoute("local", "m", size, tools=True),))) for name, size in windows),
    ]


def on_a_budget(sonnet: str, of: Policy = SHIPPED, name: str = "auto") -> list[Row]:
    """Give a policy with $10 to spend and $12 at most."""
    held = replace(of, limits=USUAL)
    cheaper = replace(held, cloud_models={Tier.L2: sonnet})
    return [
        Row(f"{name}, $10/$12", held),
        Row(f"{name}, $10/$12, L3 10 %", replace(held, shares=Shares(10, 0))),
        Row(f"{name}, $10/$12, L3 10 % L2 30 %", replace(held, shares=Shares(10, 30))),
        Row(f"{name}, $10/$12, L3 40 %", replace(held, shares=Shares(40, 0))),
        Row(f"{name}, $10/$12, L3 40 %, L2 Sonnet", replace(cheaper, shares=Shares(40, 0))),
    ]


def by_our_classifier(sonnet: str, matrix: Matrix, caution: str) -> list[Row]:
    """Give the main rows with tiers as our classifier finds them."""
    alone, auto = replace(ALONE, takes=Confusion(matrix)), replace(SHIPPED, takes=Confusion(matrix))
    return [
        Row(f"{caution}: L0 + L1 local", alone),
        Row(f"{caution}: L0 + L1 local, L2 on Sonnet", replace(alone, cloud_models={Tier.L2: sonnet})),
        Row(f"{caution}: auto", auto),
        Row(f"{caution}: auto, L2 on Sonnet", replace(auto, cloud_models={Tier.L2: sonnet})),
        Row(f"{caution}: auto, $10/$12, L3 10 %", replace(auto, limits=USUAL, shares=Shares(10, 0))),
    ]


def told(row: Row, found: list[Outcome], whole: Money) -> str:
    """Write one line: sums over all days, beside what the whole of them costs at Claude."""
    cost = Money.total(o.cost for o in found)
    local = " ".join(_share(found, tier, "at_local") for tier in Tier)
    refused = " ".join(_share(found, tier, "refused") for tier in Tier)
    starved = f"{_sum(found, Tier.L3, 'refused')}/{_sum(found, Tier.L3, 'calls')}"
    ups = sum(sum(o.escalated.values()) for o in found)
    mean = Money(cost.picos // len(found)).dollars()
    left = f"{cost.picos / whole.picos:6.1%}"
    return f"{row.name:42} {row.expected:>13} {left} {mean:>8} | {local} | {refused} | {starved:>8} {ups:5}"


def _sum(found: Iterable[Outcome], tier: Tier, what: str) -> int:
    return sum(int(getattr(outcome.tiers[tier], what)) for outcome in found)


def _share(found: list[Outcome], tier: Tier, what: str) -> str:
    return f"{_sum(found, tier, what) / max(1, _sum(found, tier, 'calls')):4.0%}"


def tell(title: str, rows: Iterable[Row], drawn: list[Day]) -> None:
    """Replay every day under every row's policy and print."""
    prices = PriceTable.load()
    short = [halved(day) for day in drawn]
    print(f"\n{title}")
    print(
        f"{'':42} {'ROUTING':>13} {'left':>6} {'a day':>8} | local: L0 to L3    | refused: L0 to L3 | L3 ref.  escal."
    )
    whole = Money.total(replay(day, CLAUDE, prices, BEGINS).cost for day in drawn)
    for row in rows:
        found = [replay(day, row.policy, prices, BEGINS) for day in (short if row.halves else drawn)]
        print(told(row, found, whole))


def main() -> None:
    """Draw the days, and print a table for each family of prices."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--days", type=int, default=10)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--usd", type=float, default=100.0)
    arguments.add_argument("--traffic", type=Path, help="a Python file with gen(seed, usd), in place of our own")
    arguments.add_argument("--prompts", type=Path, nargs="*", help="labelled prompts, to err as our classifier does")
    arguments.add_argument("--fresh", action="store_true", help="the shipped weights have never seen the prompts")
    chosen = arguments.parse_args()
    drawn = days(chosen.days, chosen.seed, chosen.usd, chosen.traffic)
    erring = confusions(chosen.prompts, fresh=chosen.fresh) if chosen.prompts else {}
    print(f"{len(drawn)} days, {sum(map(len, drawn))} calls")
    for family, sonnet in SONNET.items():
        of = [of_family(day, family) for day in drawn]
        tell(f"models {family}: tiers as ROUTING.md counts", as_counted(sonnet), of)
        tell(f"models {family}: tiers, and one rule of the proxy's", rule_by_rule(), of)
        tell(f"models {family}: as shipped, perfect tiers", as_shipped(sonnet), of)
        budgets = on_a_budget(sonnet, ALONE, "tiers alone") + on_a_budget(sonnet)
        tell(f"models {family}: a budget of $10, a cutoff of $12, perfect tiers", budgets, of)
        rows = [row for caution, matrix in erring.items() for row in by_our_classifier(sonnet, matrix, caution)]
        if rows:
            tell(f"models {family}: tiers as our classifier finds them", rows, of)


if __name__ == "__main__":
    main()
