"""Single calls, worked out by hand: what is read and written at Claude, and where a turn goes as it grows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from budget.bands import Limits
from budget.shares import Shares
from pricing.money import ZERO, Money
from pricing.table import PriceTable
from proxy.inloop import MANY_CALLS
from proxy.replay import Call, Confusion, Policy, Step, Walk
from proxy.route import LocalRoute
from proxy.rules.ruling import Ruling
from proxy.task import Tier

BEGINS = datetime(2026, 11, 20, tzinfo=UTC)
PRICES = PriceTable.load()
# Opus 5.5, a token: input 4, write 5, read 0.20, output 20 millionths of a dollar.
FIRST = Call(0, "s", "main", 1, 0, "user", "claude-opus-5-5", Tier.L2, "other", 0, 20_000, 100, "Bash")


def walked(policy: Policy, *calls: Call) -> list[Step]:
    return list(Walk(policy, PRICES).day(calls, BEGINS))


def following(call: Call, t: float, **more: object) -> Call:
    return replace(call, t=t, step=call.step + 1, prefix=call.prompt, new=1_000, **more)  # type: ignore[arg-type]


def test_a_prefix_is_written_once_and_read_within_five_minutes():
    second = following(FIRST, 299)
    third = following(second, 598)
    late = following(third, 898)
    steps = walked(Policy(), FIRST, second, third, late)
    assert [step.cost for step in steps] == [
        Money.usd("0.102"),  # 20,000 written at 5, 100 out at 20
        Money.usd("0.011"),  # 20,000 read at 0.20, 1,000 written, 100 out
        Money.usd("0.0112"),  # 21,000 read: the second call has kept the prefix alive
        Money.usd("0.117"),  # 300 s after it nothing is: 23,000 written
    ]


def test_a_prompt_below_the_minimum_and_one_beside_the_conversation_are_plain_input():
    short = replace(FIRST, new=511)  # 512 is the least that Opus 5.5 caches.
    title = replace(FIRST, agent="bg", model="claude-haiku-5-5", new=1_000, out=20)
    steps = walked(Policy(locals=()), short, title)
    assert steps[0].cost == Money.usd("0.004044")  # 511 in at 4, 100 out at 20
    assert steps[1].cost == Money.usd("0.00011")  # 1,000 in at 0.10, 20 out at 0.50


def test_a_long_prompt_has_its_own_rates():
    long = replace(FIRST, model="claude-haiku-5-5", new=100_001)
    assert walked(Policy(), long)[0].cost == Money.usd("0.062750625")  # 100,001 at 0.625, 100 at 2.50


def test_after_a_local_turn_claude_writes_what_it_missed():
    local = replace(following(FIRST, 60), turn=2, step=0, tier=Tier.L0)
    back = replace(following(local, 120), turn=3, step=0, tier=Tier.L2)
    steps = walked(Policy(), FIRST, local, back)
    assert [step.fate for step in steps] == ["cloud", "local", "cloud"]
    assert steps[2].cost == Money.usd("0.016")  # 20,000 read, 2,000 written (its own and the local turn's), 100 out
    assert steps[2].baseline == Money.usd("0.0112")  # 21,000 read, 1,000 written, 100 out


def test_a_local_turn_goes_on_at_claude_after_its_tenth_tool_call():
    calls = [replace(FIRST, tier=Tier.L1)]
    for _ in range(MANY_CALLS):
        calls.append(following(calls[-1], calls[-1].t + 5))
    steps = walked(Policy(), *calls)
    assert [step.fate for step in steps] == ["local"] * MANY_CALLS + ["cloud"]
    assert steps[-1].escalated == "outgrown"
    assert steps[-1].cost == Money.usd("0.152")  # 30,000 written, 100 out
    assert {step.fate for step in walked(Policy(leash=lambda doubt: None), *calls)} == {"local"}


def test_a_local_turn_goes_on_at_claude_after_the_third_file_that_it_edits():
    calls = [replace(FIRST, tier=Tier.L1, tool="Edit", file="a")]
    for file in ("a", "b", "c", "d"):
        calls.append(following(calls[-1], calls[-1].t + 5, file=file))
    assert [step.escalated for step in walked(Policy(), *calls)] == ["", "", "", "", "outgrown"]


def test_a_turn_that_no_longer_fits_goes_on_at_claude():
    small = Policy(locals=(LocalRoute("local", "small", 22_500, tools=True),))
    first = replace(FIRST, tier=Tier.L1)
    steps = walked(small, first, following(first, 5))  # 20,000 and room for 2,048 fit; 21,000 do not.
    assert [(step.fate, step.escalated) for step in steps] == [("local", ""), ("cloud", "does not fit")]


def test_a_failed_local_answer_goes_to_claude_where_the_table_says_so():
    failing = Policy(fails=lambda call: True)
    routine, safe = replace(FIRST, tier=Tier.L1), replace(FIRST, tier=Tier.L0, session="t")
    steps = walked(failing, routine, safe)
    assert [(step.fate, step.escalated) for step in steps] == [("cloud", "failed"), ("local", "")]


def test_complex_work_without_money_is_degraded_and_restricted_work_refused():
    broke = Policy(limits=Limits.of(Money.usd("0.10")))
    steps = walked(broke, FIRST, replace(FIRST, session="t", tier=Tier.L3))
    assert [(step.fate, step.degraded, step.held) for step in steps] == [
        ("local", True, True),
        ("refused", False, True),
    ]


def test_a_share_leaves_money_to_restricted_work():
    # A hold of 20,464 tokens written at 5, and 32,000 out at 20, a tenth dearer if it ran in the US: $0.816552.
    limits = Limits(Money.usd("1"), Money.usd("1"))
    calls = FIRST, replace(FIRST, session="u"), replace(FIRST, session="t", tier=Tier.L3)
    plain, kept = Policy(limits=limits), Policy(limits=limits, shares=Shares(l3_percent=10))
    assert [step.fate for step in walked(plain, *calls)] == ["cloud", "cloud", "refused"]
    assert [step.fate for step in walked(kept, *calls)] == ["cloud", "local", "cloud"]


def test_a_tier_can_have_a_cheaper_claude_and_a_turn_keeps_it():
    policy = Policy(cloud_models={Tier.L2: "claude-sonnet-5-5"})
    steps = walked(policy, FIRST, following(FIRST, 5))
    assert {step.model for step in steps} == {"claude-sonnet-5-5"}
    assert steps[0].cost == Money.usd("0.051")  # 20,000 written at 2.50, 100 out at 10
    assert steps[0].baseline == Money.usd("0.102")


def test_rules_send_where_they_say():
    policy = Policy(rules=lambda call, tier: Ruling(route="cloud", route_by='rule "mine"'))
    assert [step.fate for step in walked(policy, replace(FIRST, tier=Tier.L0))] == ["cloud"]


def test_a_summary_is_complex_work_and_its_turn_goes_on_where_it_was():
    first = replace(FIRST, tier=Tier.L1)
    summary = following(first, 5, kind="background:compaction", tool=None)
    after = following(summary, 10, kind="user")
    new_turn = replace(after, turn=2, step=0, t=15.0)
    fates = [step.fate for step in walked(Policy(cache_gate="off"), first, summary, after, new_turn)]
    assert fates == ["local", "cloud", "local", "local"]
    plain = Policy(cache_gate="off", compacts_apart=False)
    assert {step.fate for step in walked(plain, first, summary, after, new_turn)} == {"local"}


def test_a_classifier_that_errs_takes_all_calls_of_a_turn_alike():
    takes = Confusion({Tier.L2: {Tier.L0: 1, Tier.L2: 1}})
    turns = [replace(FIRST, session=f"s{n}", turn=n) for n in range(200)]
    said = [takes(call) for call in turns]
    assert said == [takes(following(call, 9)) for call in turns]
    assert 70 < said.count(Tier.L0) < 130
    assert {takes(replace(call, tier=Tier.L1)) for call in turns} == {Tier.L1}


def test_a_local_server_works_through_what_it_has_not_seen():
    first = replace(FIRST, tier=Tier.L0)
    steps = walked(Policy(), first, following(first, 5))
    assert [step.computed for step in steps] == [20_000, 1_000]
    assert {step.cost for step in steps} == {ZERO}
