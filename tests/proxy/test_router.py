"""The router: the whole matrix of PRODUCT.md against an expectation written apart from it, and its rules one by one."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from budget.bands import Band
from budget.state import Mode
from proxy.decision import Policy
from proxy.route import Fit, LocalRoute, Route
from proxy.router import decide
from proxy.rules.ruling import Ruling
from proxy.task import NO_WORDS, Reason, Task, TaskClass, Tier
from tests.proxy.routing import CLOUD, FITS, QWEN, SMALL, TOO_LONG, VIEW, route

# The table of PRODUCT.md, line by line: what is offered where a local model can take the request. C is Claude, L local.
AUTO = {
    ("L0", "normal"): "L",
    ("L0", "saving"): "L",
    ("L0", "reserve"): "L",
    ("L0", "cutoff"): "L",
    ("L1", "normal"): "LC",
    ("L1", "saving"): "LC",
    ("L1", "reserve"): "L",
    ("L1", "cutoff"): "L",
    ("L2", "normal"): "CL",
    ("L2", "saving"): "CL",
    ("L2", "reserve"): "CL",
    ("L2", "cutoff"): "L",
    ("L3", "normal"): "C",
    ("L3", "saving"): "C",
    ("L3", "reserve"): "C",
    ("L3", "cutoff"): "",
}


def expected(mode: str, band: str, tier: str, can_local: bool, policy: str, stopped: bool) -> str:
    """Say what the product promises: the offers in order, or nothing."""
    if stopped:
        band = "cutoff"
    cloud_is_open = band != "cutoff"
    if tier == "L3" and policy == "local-only":
        return "L" if can_local else ""
    if mode == "local":
        return "L" if can_local and tier != "L3" else ""
    if mode in ("cloud", "observe"):
        return "C" if cloud_is_open else ""
    offers = AUTO[tier, band]
    if can_local:
        return offers
    return "C" if cloud_is_open else ""


MATRIX = list(
    itertools.product(Mode, Band, Tier, ["able", "none", "too long"], ["claude-only", "local-only"], [False, True])
)


@pytest.mark.parametrize(("mode", "band", "tier", "local", "policy", "stopped"), MATRIX)
def test_each_cell_of_the_matrix_is_what_the_product_promises(
    mode: Mode, band: Band, tier: Tier, local: str, policy: Policy, stopped: bool
) -> None:
    found = route(
        tier,
        TOO_LONG if local == "too long" else FITS,
        mode=mode,
        band=band,
        stopped=stopped,
        restricted=policy,
        locals=() if local == "none" else (SMALL,),
    )
    offers = "".join("L" if each.is_local else "C" for each in found.routes)
    assert offers == expected(mode.value, band.value, tier.name, local == "able", policy, stopped)
    assert bool(found.refusal) is not bool(offers)


def test_the_matrix_is_complete() -> None:
    assert len(MATRIX) == 4 * 4 * 4 * 3 * 2 * 2


@pytest.mark.parametrize(
    ("band", "escalation"), [("normal", "freely"), ("saving", "on_failure"), ("reserve", "never"), ("cutoff", "never")]
)
def test_routine_work_escalates_less_as_the_budget_goes(band: str, escalation: str) -> None:
    found = route(Tier.L1, band=Band(band))
    assert found.escalation == escalation
    assert found.may_escalate is (escalation != "never")


def test_safe_work_never_escalates() -> None:
    assert not route(Tier.L0).may_escalate


def test_after_the_stop_nothing_escalates() -> None:
    found = route(Tier.L1, stopped=True)
    assert (found.routes, found.may_escalate) == ((QWEN,), False)


def test_sensitive_work_that_goes_local_is_marked_as_degraded() -> None:
    assert route(Tier.L2, band=Band.cutoff).degraded
    assert route(Tier.L2, stopped=True).degraded
    assert not route(Tier.L1, band=Band.cutoff).degraded
    assert not route(Tier.L2, mode=Mode.local).degraded


def test_of_two_offers_the_local_one_is_the_degraded_one() -> None:
    found = route(Tier.L2, band=Band.reserve)
    assert found.routes == (CLOUD, QWEN)
    assert [found.degrades(each) for each in found.routes] == [False, True]
    routine = route(Tier.L1)
    assert not any(routine.degrades(each) for each in routine.routes)


@pytest.mark.parametrize(
    ("view", "tier", "kind"),
    [
        ({"stopped": True, "locals": ()}, Tier.L1, "stopped"),
        ({"stopped": True}, Tier.L3, "stopped"),
        ({"band": Band.cutoff, "locals": ()}, Tier.L2, "cutoff"),
        ({"band": Band.cutoff}, Tier.L3, "cutoff"),
        ({"band": Band.cutoff, "mode": Mode.cloud}, Tier.L0, "cutoff"),
        ({"band": Band.cutoff, "mode": Mode.observe}, Tier.L0, "cutoff"),
        ({"mode": Mode.local, "locals": ()}, Tier.L1, "mode_local"),
        ({"mode": Mode.local}, Tier.L3, "restricted"),
        ({"restricted": "local-only", "locals": ()}, Tier.L3, "restricted"),
        ({"override": "local", "locals": ()}, Tier.L1, "no_local"),
    ],
)
def test_each_refusal_says_which_kind_it_is_and_why(view: dict[str, Any], tier: Tier, kind: str) -> None:
    refusal = route(tier, **view).refusal
    assert refusal is not None
    assert refusal.kind == kind
    assert refusal.why.endswith(".")


@pytest.mark.parametrize(
    ("view", "end"),
    [
        ({"mode": Mode.observe}, "Way out: bursar mode auto."),
        ({"mode": Mode.cloud}, "Way out: bursar mode auto."),
        ({"override": "cloud"}, "Way out: do not ask for Claude."),
        ({"mode": Mode.observe, "locals": ()}, "nothing goes to a local model."),
        ({"override": "cloud", "locals": ()}, "Claude was asked for."),
    ],
)
def test_a_way_out_is_named_only_where_it_leads_to_a_local_model(view: dict[str, Any], end: str) -> None:
    refusal = route(Tier.L1, stopped=True, **view).refusal
    assert refusal is not None
    assert refusal.why.endswith(end)


@pytest.mark.parametrize(
    ("local", "fit", "words"),
    [
        (SMALL, replace(FITS, input_tokens=98_500), "98,500 tokens"),
        (SMALL, replace(FITS, has_images=True), "does not see"),
        (replace(SMALL, tools=False), FITS, "cannot use them"),
        (SMALL, replace(FITS, cloud_only=("the tool type web_search_20250305",)), "web_search_20250305"),
    ],
)
def test_what_does_not_fit_a_local_model_goes_to_claude_or_is_refused_with_the_reason(
    local: LocalRoute, fit: Fit, words: str
) -> None:
    assert route(Tier.L0, fit, locals=(local,)).routes == (CLOUD,)
    refusal = route(Tier.L0, fit, locals=(local,), mode=Mode.local).refusal
    assert refusal is not None
    assert words in refusal.why


def test_a_prompt_that_leaves_room_for_an_answer_fits() -> None:
    assert route(Tier.L0, replace(FITS, input_tokens=100_000 - 2048)).routes == (QWEN,)
    assert route(Tier.L0, replace(FITS, input_tokens=100_000 - 2047)).routes == (CLOUD,)
    assert route(Tier.L0, replace(FITS, input_tokens=99_990, max_tokens=10)).routes == (QWEN,)


def test_a_prompt_is_as_long_as_the_model_s_own_tokenizer_makes_it() -> None:
    # 300,000 bytes: likely 90,000 tokens, but 100,000 where a token is 3 bytes, and 75,000 where it is 4.
    fit = replace(FITS, input_tokens=90_000, text_bytes=300_000)
    assert route(Tier.L0, fit, locals=(replace(SMALL, bytes_per_token=4.0),)).routes == (QWEN,)
    dense = route(Tier.L0, fit, locals=(replace(SMALL, bytes_per_token=3.0),))
    assert dense.routes == (CLOUD,)
    assert "about 100,000 tokens" in dense.reason
    assert replace(fit, image_tokens=1600).tokens_at(4.0) == 76_600
    assert fit.tokens_at(None) == 90_000


def test_only_a_model_that_passed_the_probe_is_sent_tools() -> None:
    unknown = LocalRoute("lmstudio", "llama", context=100_000)
    found = route(Tier.L0, locals=(unknown, SMALL))
    assert [each.model for each in found.routes] == ["qwen"]
    plain = route(Tier.L0, replace(FITS, has_tools=False), locals=(unknown, SMALL))
    assert [each.model for each in plain.routes] == ["llama", "qwen"]


def test_a_model_that_nobody_has_probed_is_named_where_it_would_do() -> None:
    small = LocalRoute("lmstudio", "phi", context=10_000)
    unknown = LocalRoute("lmstudio", "llama", context=100_000)
    found = route(Tier.L0, locals=(small, unknown))
    assert (found.routes, found.unproved) == ((CLOUD,), Route("lmstudio", "llama", is_local=True))
    refusal = route(Tier.L0, mode=Mode.local, locals=(unknown,)).refusal
    assert refusal
    assert "being found out" in refusal.why
    assert route(Tier.L0, locals=(unknown, SMALL)).unproved is None
    assert route(Tier.L0, replace(FITS, has_tools=False), locals=(unknown,)).unproved is None
    assert route(Tier.L0, replace(FITS, cloud_only=("web search",)), locals=(unknown,)).unproved is None


def test_a_doubted_model_comes_after_claude_where_the_turn_may_escalate() -> None:
    doubted = replace(SMALL, doubt="it failed")
    found = route(Tier.L1, locals=(doubted,))
    assert (found.routes, found.escalation) == ((CLOUD, QWEN), "never")
    assert "it failed" in found.reason
    assert route(Tier.L1, locals=(doubted,), sticky=QWEN, sticky_tier=Tier.L1).routes == (CLOUD, QWEN)


@pytest.mark.parametrize(
    ("tier", "view"),
    [
        (Tier.L0, {}),
        (Tier.L1, {"band": Band.reserve}),
        (Tier.L1, {"stopped": True}),
        (Tier.L1, {"mode": Mode.local}),
        (Tier.L1, {"override": "local"}),
    ],
)
def test_a_doubted_model_is_asked_all_the_same_where_claude_is_no_choice(tier: Tier, view: dict[str, Any]) -> None:
    assert route(tier, locals=(replace(SMALL, doubt="it failed"),), **view).routes == (QWEN,)


def test_a_model_without_doubt_goes_before_a_doubted_one() -> None:
    other = replace(SMALL, model="llama")
    found = route(Tier.L1, locals=(replace(SMALL, doubt="it failed"), other), sticky=QWEN, sticky_tier=Tier.L1)
    assert [each.model for each in found.routes] == ["llama", "qwen", CLOUD.model]


def test_in_mode_observe_the_route_is_claude_and_what_auto_would_do_is_told() -> None:
    found = route(Tier.L1, mode=Mode.observe)
    assert (found.routes, found.would) == ((CLOUD,), QWEN)
    assert route(Tier.L2, mode=Mode.observe).would == CLOUD


def test_what_auto_would_do_is_not_swayed_by_where_observe_sent_the_turn() -> None:
    assert route(Tier.L1, mode=Mode.observe, sticky=CLOUD, sticky_tier=Tier.L1).would == QWEN


def test_a_turn_keeps_its_route() -> None:
    assert route(Tier.L1, sticky=CLOUD, sticky_tier=Tier.L1).routes == (CLOUD, QWEN)
    degraded = route(Tier.L2, sticky=QWEN, sticky_tier=Tier.L2)
    assert (degraded.routes, degraded.degraded) == ((QWEN,), True)


def test_a_turn_on_claude_goes_on_locally_when_the_money_is_gone() -> None:
    assert route(Tier.L1, sticky=CLOUD, sticky_tier=Tier.L1, band=Band.cutoff).routes == (QWEN,)


def test_a_turn_whose_tier_rises_moves_up_to_claude() -> None:
    assert route(Tier.L2, sticky=QWEN, sticky_tier=Tier.L1).routes == (CLOUD, QWEN)
    assert route(Tier.L3, sticky=QWEN, sticky_tier=Tier.L2).routes == (CLOUD,)


def test_a_request_that_lost_its_words_to_a_compaction_is_what_its_turn_was() -> None:
    wordless = Task(TaskClass.unknown, Tier.L2, 0.0, (Reason(NO_WORDS, "prompt"),))
    under_way = replace(VIEW, sticky=QWEN, sticky_tier=Tier.L1)
    assert decide(under_way, wordless, FITS).routes[0] == QWEN
    assert decide(replace(under_way, outgrown="it has made 10 calls"), wordless, FITS).routes[0] == CLOUD
    assert decide(VIEW, wordless, FITS).routes[0] == CLOUD
    assert decide(replace(under_way, ruling=Ruling(raised=Tier.L2, tier_by="mine")), wordless, FITS).tier is Tier.L2
    assert decide(under_way, replace(wordless, tier=Tier.L3), FITS).routes == (CLOUD,)


def test_the_tier_of_a_turn_does_not_fall() -> None:
    assert route(Tier.L0, sticky=CLOUD, sticky_tier=Tier.L2).tier is Tier.L2


def test_a_turn_whose_local_model_is_gone_is_decided_afresh() -> None:
    assert route(Tier.L1, sticky=QWEN, sticky_tier=Tier.L1, locals=()).routes == (CLOUD,)


def test_a_turn_stays_with_its_own_local_model_among_several() -> None:
    other = LocalRoute("vllm", "big", context=200_000, tools=True)
    found = route(Tier.L0, sticky=QWEN, sticky_tier=Tier.L0, locals=(other, SMALL))
    assert found.routes[0] == QWEN


def test_a_session_that_was_restricted_stays_so() -> None:
    found = route(Tier.L0, session_tier=Tier.L3)
    assert (found.tier, found.routes) == (Tier.L3, (CLOUD,))


def test_sensitive_work_before_does_not_raise_the_next_turn() -> None:
    assert route(Tier.L0, session_tier=Tier.L2).routes == (QWEN,)


def test_a_person_can_ask_for_local_and_then_nothing_else_is_offered() -> None:
    for mode in (Mode.auto, Mode.cloud, Mode.observe):
        assert route(Tier.L2, mode=mode, override="local").routes == (QWEN,)
    assert route(Tier.L1, TOO_LONG, override="local").routes == ()


def test_a_person_can_ask_for_claude_but_not_against_mode_local_stop_or_cutoff() -> None:
    assert route(Tier.L0, override="cloud").routes == (CLOUD,)
    assert route(Tier.L0, override="cloud", mode=Mode.local).routes == (QWEN,)
    assert route(Tier.L0, override="cloud", stopped=True).routes == ()
    assert route(Tier.L0, override="cloud", band=Band.cutoff).routes == ()


def test_no_word_in_a_request_lowers_what_is_restricted() -> None:
    assert route(Tier.L3, override="local").routes == ()
    assert route(Tier.L3, override="cloud", restricted="local-only").routes == (QWEN,)
