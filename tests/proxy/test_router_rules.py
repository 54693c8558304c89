"""Rules in the router: a person's word and a project's, within what mode, stop, cutoff and restriction allow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from budget.bands import Band
from budget.state import Mode
from pricing.money import Money
from proxy.coldcache import Worth
from proxy.route import Route, Swap
from proxy.rules.ruling import Ruling
from proxy.task import Tier
from tests.proxy.routing import CLOUD, QWEN, route

SONNET = Route("claude", "claude-sonnet-5-5", is_local=False)
LOCAL = Ruling(route="local", route_by='rule "docs"')
TO_CLAUDE = Ruling(route="cloud", route_by='rule "hard"')
BLOCK = Ruling(route="block", route_by='rule "never"')
SWAPS = dict.fromkeys(Tier, Swap("claude-sonnet-5-5", "for L2"))


def test_a_rule_sends_complex_work_local_first_and_it_may_escalate():
    found = route(Tier.L2, ruling=LOCAL)
    assert (found.routes, found.escalation, found.degraded) == ((QWEN, CLOUD), "freely", False)
    assert found.reason == 'L2, normal: local first, by rule "docs"'


def test_a_rule_sends_safe_work_to_claude():
    found = route(Tier.L0, ruling=TO_CLAUDE)
    assert (found.routes[0], found.reason) == (CLOUD, 'L0, normal: Claude, by rule "hard"')


def test_where_no_local_model_can_do_it_a_rule_for_local_leads_to_claude():
    assert route(Tier.L2, ruling=LOCAL, locals=()).routes == (CLOUD,)


def test_a_rule_for_local_calls_no_turn_back_from_claude():
    assert route(Tier.L2, ruling=LOCAL, sticky=CLOUD, sticky_tier=Tier.L2).routes[0] == CLOUD


def test_a_rule_for_claude_moves_a_local_turn_up():
    assert route(Tier.L1, ruling=TO_CLAUDE, sticky=QWEN, sticky_tier=Tier.L1).routes[0] == CLOUD


def test_when_the_cloud_is_closed_a_rule_for_claude_opens_nothing():
    for closed in ({"stopped": True}, {"band": Band.cutoff}, {"mode": Mode.local}):
        assert route(Tier.L0, ruling=TO_CLAUDE, **closed).routes == (QWEN,)


@pytest.mark.parametrize("ruling", [LOCAL, TO_CLAUDE])
def test_no_rule_sends_restricted_work_elsewhere(ruling: Ruling):
    assert route(Tier.L3, ruling=ruling).routes == (CLOUD,)
    assert route(Tier.L3, ruling=ruling, restricted="local-only").routes == (QWEN,)


@pytest.mark.parametrize("mode", [Mode.auto, Mode.cloud, Mode.local])
def test_a_rule_that_blocks_refuses_and_says_which_it_is_and_where_it_stands(mode: Mode):
    refusal = route(Tier.L0, ruling=BLOCK, mode=mode).refusal
    assert refusal
    assert (refusal.kind, "bursar config path" in refusal.why) == ("blocked", True)
    assert 'rule "never" blocks' in refusal.why
    theirs = replace(BLOCK, route_by='rule "never" of app/.bursar.toml', project_file="/home/me/app/.bursar.toml")
    refusal = route(Tier.L0, ruling=theirs, mode=mode).refusal
    assert refusal
    assert refusal.why.endswith("It stands in /home/me/app/.bursar.toml.")


def test_in_mode_observe_rules_are_only_told():
    found = route(Tier.L2, ruling=LOCAL, mode=Mode.observe)
    assert (found.routes, found.would) == ((CLOUD,), QWEN)
    found = route(Tier.L2, ruling=BLOCK, mode=Mode.observe)
    assert (found.routes, found.would, found.refusal) == ((CLOUD,), None, None)
    found = route(Tier.L2, swaps=SWAPS, mode=Mode.observe)
    assert (found.routes, found.would) == ((CLOUD,), SONNET)


def test_what_auto_would_do_sticks_to_its_turn_too():
    sticky = {"mode": Mode.observe, "sticky": CLOUD, "sticky_tier": Tier.L1}
    assert route(Tier.L1, would=CLOUD, would_tier=Tier.L1, **sticky).would == CLOUD
    assert route(Tier.L1, would=QWEN, would_tier=Tier.L1, **sticky).would == QWEN


def test_a_cheaper_claude_takes_the_tier_and_the_reason_says_so():
    found = route(Tier.L2, swaps=SWAPS)
    assert (found.routes, found.reason) == ((SONNET, QWEN), "L2, normal: Claude; claude-sonnet-5-5 for L2")
    assert route(Tier.L1, swaps=SWAPS).routes == (QWEN, SONNET)
    assert route(Tier.L2, swaps=SWAPS, mode=Mode.cloud).routes == (SONNET,)
    assert route(Tier.L2, swaps={Tier.L1: SWAPS[Tier.L1]}).routes[0] == CLOUD


def test_who_asks_for_claude_by_hand_gets_the_model_that_was_asked_for():
    assert route(Tier.L2, swaps=SWAPS, override="cloud").routes == (CLOUD,)


def test_the_reason_names_who_set_the_tier_and_what_is_wrong_with_the_project_s_file():
    found = route(Tier.L3, ruling=Ruling(tier_by='rule "x"', problem="/a/.bursar.toml cannot be read: no"))
    assert found.reason == 'L3, normal: Claude only; tier by rule "x"; /a/.bursar.toml cannot be read: no'


COLD = Worth(saved=Money.usd("0.07"), cooling=Money.usd("0.19"))


def test_a_warm_cache_that_is_worth_more_keeps_routine_work_on_claude():
    found = route(Tier.L1, worth=COLD)
    assert found.routes == (CLOUD, QWEN)
    assert found.reason == "L1, normal: Claude: its warm cache is worth more ($0.19 against $0.07)"
    assert not found.may_escalate


@pytest.mark.parametrize(
    "view",
    [
        {"worth": Worth(saved=COLD.cooling, cooling=COLD.saved)},
        {"worth": COLD, "band": Band.reserve},
        {"worth": COLD, "band": Band.cutoff},
        {"worth": COLD, "stopped": True},
        {"worth": COLD, "mode": Mode.local},
        {"worth": COLD, "override": "local"},
        {"worth": COLD, "ruling": LOCAL},
        {"worth": COLD, "sticky": QWEN, "sticky_tier": Tier.L1},
    ],
)
def test_a_warm_cache_keeps_nothing_back_otherwise(view: dict[str, Any]):
    assert route(Tier.L1, **view).routes[0] == QWEN
