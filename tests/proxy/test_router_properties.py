"""What always holds of the router, whatever the world is like."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import assume, given
from hypothesis import strategies as st

from budget.bands import Band
from budget.state import Mode
from pricing.money import Money
from proxy.coldcache import Worth
from proxy.decision import View
from proxy.route import Fit, LocalRoute, Route, Swap
from proxy.router import decide
from proxy.rules.project import Project
from proxy.rules.rule import Rule
from proxy.rules.ruling import Ruling, restricted_by_problem, ruled, ruling_of
from proxy.task import Tier
from tests.proxy.routing import CLOUD, QWEN, VIEW, task

TIERS, ROUTES = st.sampled_from(Tier), st.sampled_from([CLOUD, QWEN, Route("gone", "m", is_local=True)])
LOCALS = st.builds(
    LocalRoute,
    st.sampled_from(["ollama", "vllm"]),
    st.sampled_from(["qwen", "big"]),
    st.sampled_from([4096, 100_000]),
    st.booleans(),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, 512]),
    st.sampled_from([None, "qwen failed 3 of its last 5 answers"]),
    st.sampled_from([None, 3.0, 95.0]),
    st.sampled_from([None, 1.0, 4.0]),
)
RULINGS = st.builds(
    Ruling,
    route=st.sampled_from([None, "local", "cloud", "block"]),
    route_by=st.just('rule "a"'),
    problem=st.sampled_from(["", "it cannot be read"]),
)
VIEWS = st.builds(
    View,
    st.sampled_from(Mode),
    st.sampled_from(Band),
    st.booleans(),
    st.sampled_from(["claude-only", "local-only"]),
    st.lists(LOCALS, max_size=3, unique=True).map(tuple),
    st.just(VIEW.cloud),
    st.none() | ROUTES,
    st.none() | TIERS,
    TIERS,
    st.sampled_from([None, "local", "cloud"]),
    RULINGS,
    st.dictionaries(TIERS, st.just(Swap("claude-haiku-5-5", "for this tier"))),
    st.none() | ROUTES,
    st.none() | TIERS,
    st.sampled_from([None, Worth(Money(1), Money(2)), Worth(Money(2), Money(1))]),
    st.sampled_from(["", "it has made 10 calls"]),
    st.sampled_from([None, 10.0, 90.0]),
    st.sampled_from(["", "ahead of pace: $4.00 spent, $2.60 allowed by 09:00"]),
)
FIT = st.builds(
    Fit,
    st.sampled_from([100, 50_000, 99_000]),
    st.sampled_from([0, 100, 32_000]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([(), ("container",)]),
    st.sampled_from([0, 400_000]),
)


@given(VIEWS, TIERS, FIT)
def test_whatever_the_world_is_like_the_promises_hold(view: View, tier: Tier, fit: Fit) -> None:
    found = decide(view, task(tier), fit)
    cloud = [each for each in found.routes if not each.is_local]
    local = [each for each in found.routes if each.is_local]
    assert bool(found.routes) is (found.refusal is None)
    assert found.tier >= tier
    if view.mode is Mode.local or view.stopped or view.band is Band.cutoff:
        assert not cloud
    if found.tier is Tier.L3:
        assert not (cloud if view.restricted == "local-only" else local)
        would_go = [found.would] if found.would else []
        assert not [each for each in would_go if each.is_local is (view.restricted == "claude-only")]
    if view.ruling.route == "block" and view.mode is not Mode.observe:
        assert found.refusal
        assert found.refusal.kind == "blocked"
    if view.mode is Mode.observe or view.override:
        assert {each.model for each in cloud} <= {VIEW.cloud.model}
    if fit.cloud_only or fit.input_tokens > 100_000:
        assert not local
    assert {(each.upstream, each.model) for each in local} <= {(each.upstream, each.model) for each in view.locals}
    assert len(cloud) <= 1
    assert found.reason.isascii()
    assert len(found.reason) < 300
    if found.refusal:
        assert found.refusal.why


@given(VIEWS, TIERS, FIT)
def test_while_the_cloud_is_open_mode_auto_refuses_nothing(view: View, tier: Tier, fit: Fit) -> None:
    view = replace(view, mode=Mode.auto, stopped=False, band=Band.normal, override=None, restricted="claude-only")
    assume(view.ruling.route != "block")
    assert decide(view, task(tier), fit).routes


@given(VIEWS, TIERS, FIT)
def test_a_person_s_patience_changes_which_is_first_and_never_where_a_request_may_go(
    view: View, tier: Tier, fit: Fit
) -> None:
    hasty, patient = (decide(replace(view, patience_s=seconds), task(tier), fit) for seconds in (0.1, None))
    assert set(hasty.routes) == set(patient.routes)
    assert (hasty.refusal, hasty.tier, hasty.degraded) == (patient.refusal, patient.tier, patient.degraded)


@given(VIEWS, TIERS, FIT)
def test_the_same_question_gets_the_same_answer(view: View, tier: Tier, fit: Fit) -> None:
    assert decide(view, task(tier), fit) == decide(view, task(tier), fit)


RULES = st.builds(
    Rule,
    st.sampled_from(["a", "b"]),
    route=st.sampled_from([None, "local", "cloud", "block"]),
    model=st.sampled_from([None, "claude-haiku-5-5"]),
    tier=st.none() | TIERS,
)
PROJECTS = st.builds(Project, st.just(Path("/app/.bursar.toml")), problem=st.sampled_from(["", "it cannot be read"]))


@given(VIEWS, TIERS, FIT, st.none() | RULES, st.none() | RULES, PROJECTS)
def test_no_rules_of_anyone_send_restricted_work_where_its_policy_forbids(
    view: View, found: Tier, fit: Fit, own: Rule | None, theirs: Rule | None, project: Project
) -> None:
    ruling = ruling_of(own, theirs, project)
    counts = restricted_by_problem(ruled(task(found), ruling), ruling)
    decision = decide(replace(view, ruling=ruling), counts, fit)
    lowers = own is not None and own.tier is not None
    must = (found is Tier.L3 and not lowers) or bool(project.problem) or view.session_tier is Tier.L3
    must = must or (theirs is not None and theirs.tier is Tier.L3)
    assert not must or decision.tier is Tier.L3
    went = {each.is_local for each in decision.routes}
    if must:
        assert (view.restricted == "claude-only") not in went
    if view.mode is Mode.local or view.stopped:
        assert False not in went
