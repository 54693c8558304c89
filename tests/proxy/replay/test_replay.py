"""What must hold of any replayed day, whatever the policy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget.bands import Limits
from budget.shares import Shares
from budget.state import Mode
from pricing.money import ZERO, Money
from pricing.table import PriceTable
from proxy.replay import Call, Confusion, Policy, Walk, call_of, replay
from proxy.route import LocalRoute
from proxy.task import Tier
from tests.kit import traffic

BEGINS = datetime(2026, 11, 20, tzinfo=UTC)
PRICES = PriceTable.load()
DAY = tuple(call_of(vars(call)) for call in traffic.generate(seed=6, usd=25))
CHEAPER = {Tier.L2: "claude-sonnet-4-6"}
CONFUSED = {true: dict.fromkeys(Tier, 1) for true in Tier}


def of_budget(dollars: int, **more: object) -> Policy:
    return Policy(limits=Limits.of(Money.usd(dollars)), **more)  # type: ignore[arg-type]


POLICIES = {
    "auto": Policy(),
    "local": Policy(mode=Mode.local),
    "small window": Policy(locals=(LocalRoute("local", "small", 32_768, tools=True),)),
    "cheaper": Policy(cloud_models=CHEAPER),
    "an hour": Policy(for_an_hour=True),
    "failing": Policy(fails=lambda call: call.step % 3 == 1),
    "erring": Policy(takes=Confusion(CONFUSED)),
    "$2": of_budget(2),
    "$5 with shares": of_budget(5, shares=Shares(10, 30), cloud_models=CHEAPER),
}


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_no_call_costs_less_than_nothing_and_no_sum_loses_one(policy: Policy):
    steps = list(Walk(policy, PRICES).day(DAY, BEGINS))
    outcome = replay(DAY, policy, PRICES, BEGINS)
    assert all(step.cost >= ZERO and step.baseline > ZERO for step in steps)
    assert len(steps) == len(DAY) == sum(of.calls for of in outcome.tiers.values())
    assert outcome.cost == Money.total(of.cost for of in outcome.tiers.values())
    assert outcome.cost == Money.total(outcome.by_hour.values())
    assert outcome.local_computed <= outcome.local_prompt


def test_a_day_at_claude_costs_its_baseline_to_the_picodollar():
    for policy in (Policy(mode=Mode.cloud), Policy(mode=Mode.observe), Policy(locals=())):
        outcome = replay(DAY, policy, PRICES, BEGINS)
        assert outcome.cost == outcome.baseline
        assert outcome.left == 1.0
        assert outcome.local_out == 0


def test_no_policy_changes_the_baseline():
    baselines = {replay(DAY, policy, PRICES, BEGINS).baseline for name, policy in POLICIES.items() if name != "an hour"}
    assert len(baselines) == 1


def test_a_day_in_mode_local_costs_nothing_and_restricted_work_is_refused():
    outcome = replay(DAY, Policy(mode=Mode.local), PRICES, BEGINS)
    assert outcome.cost == ZERO
    assert outcome.tiers[Tier.L3].at_local == 0
    assert outcome.tiers[Tier.L3].refused == outcome.tiers[Tier.L3].calls


def test_the_same_day_comes_to_the_same():
    for policy in POLICIES.values():
        assert replay(DAY, policy, PRICES, BEGINS) == replay(DAY, policy, PRICES, BEGINS)


calls = st.builds(
    Call,
    t=st.floats(0, 80_000),
    session=st.sampled_from(["s1", "s2"]),
    agent=st.sampled_from(["main", "main", "sub1", "bg"]),
    turn=st.integers(1, 3),
    step=st.integers(0, 3),
    kind=st.sampled_from(["user", "user", "background:compaction"]),
    model=st.sampled_from(["claude-opus-5-5", "claude-haiku-5-5", "claude-sonnet-4-6", "a-model-nobody-knows"]),
    tier=st.sampled_from(Tier),
    task_class=st.just("other"),
    prefix=st.integers(0, 160_000),
    new=st.integers(1, 20_000),
    out=st.integers(0, 32_000),
    tool=st.sampled_from(["Edit", "Bash", None]),
    file=st.sampled_from(["a", "b", "c", ""]),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(calls, min_size=1, max_size=60),
    st.integers(0, 1_000),
    st.integers(0, 1_500),
    st.sampled_from([Shares(), Shares(10, 30), Shares(100, 0)]),
    st.sampled_from([{}, CHEAPER]),
)
def test_the_cutoff_is_never_passed(day, budget_cents, cutoff_cents, shares, cheaper):
    limits = Limits(Money(budget_cents * 10**10), Money(cutoff_cents * 10**10))
    walk = Walk(Policy(limits=limits, shares=shares, cloud_models=cheaper), PRICES)
    spent = ZERO
    for step in walk.day(sorted(day, key=lambda call: call.t), BEGINS):
        spent += step.cost
        assert spent == walk.gone <= limits.cutoff


def test_a_new_day_has_its_budget_again_and_remembers_its_sessions():
    walk = Walk(of_budget(1), PRICES)
    first = Money.total(step.cost for step in walk.day(DAY, BEGINS))
    again = Money.total(step.cost for step in walk.day(DAY[:1], BEGINS.replace(day=21)))
    assert ZERO < first <= Money.usd("1.20")
    assert walk.gone == again
    restricted = next(call for call in DAY if call.tier is Tier.L3)
    after = next(walk.day([replace(restricted, tier=Tier.L0, turn="new")], BEGINS.replace(day=22)))
    assert after.tier is Tier.L3
