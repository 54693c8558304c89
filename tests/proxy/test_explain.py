"""What would have changed a decision: it agrees with really deciding, and names nothing that would not have."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from budget.bands import Band
from budget.state import Mode
from pricing.money import Money
from proxy.coldcache import Worth
from proxy.decision import View
from proxy.explain import Change, what_would_change
from proxy.route import CloudRoute, Fit, LocalRoute, Route
from proxy.router import decide
from proxy.rules.ruling import NO_RULING, Ruling
from proxy.task import Task, TaskClass, Tier

CLAUDE = Route("anthropic", "claude-opus-5-5", is_local=False)
QWEN = Route("llama", "qwen", is_local=True)
GOOD = LocalRoute("llama", "qwen", context=100_000, tools=True)
VIEW = View(Mode.auto, Band.normal, False, "claude-only", (GOOD,), CloudRoute("anthropic", "claude-opus-5-5"))
FITS = Fit(input_tokens=20_000, max_tokens=32_000, has_tools=True)


def task(tier: Tier) -> Task:
    return Task(TaskClass.refactor, tier, 1.0, ())


def said(view: View, tier: Tier, fit: Fit = FITS, bare: tuple[View, Task] | None = None) -> list[str]:
    """Say what would have changed the first route."""
    decision = decide(view, task(tier), fit)
    return [str(change) for change in what_would_change(view, task(tier), fit, decision, bare)]


def test_a_complex_request_would_have_gone_local_by_hand_by_mode_or_as_routine():
    assert said(VIEW, Tier.L2) == [
        "in mode local it would have gone to llama/qwen",
        "with @local it would have gone to llama/qwen",
        "in band cutoff it would have gone to llama/qwen",
        "as L1 it would have gone to llama/qwen",
    ]


def test_a_restricted_request_is_told_that_local_would_have_refused_it():
    found = said(VIEW, Tier.L3)
    assert "with @local it would have been refused" in found
    assert 'with restricted = "local-only" it would have gone to llama/qwen' in found
    assert "as L2 it would have gone to llama/qwen" not in found  # L2 goes to Claude as well.


def test_a_model_that_was_never_probed_is_named_as_what_was_missing():
    unprobed = replace(VIEW, locals=(replace(GOOD, tools=None),))
    assert "had llama/qwen passed the tool probe it would have gone to llama/qwen" in said(unprobed, Tier.L1)


def test_a_context_that_was_too_short_is_named():
    short = replace(VIEW, locals=(replace(GOOD, context=8_000),))
    assert "had llama/qwen a longer context it would have gone to llama/qwen" in said(short, Tier.L0)


def test_with_no_local_model_at_all_one_is_what_was_missing():
    found = said(replace(VIEW, locals=()), Tier.L0)
    assert "had a local model been running it would have gone there" in found
    assert not [line for line in found if "llama" in line]


def test_a_turn_that_stays_on_claude_would_have_gone_local_at_its_beginning():
    stays = replace(VIEW, sticky=CLAUDE, sticky_tier=Tier.L1)
    assert "as the first request of its turn it would have gone to llama/qwen" in said(stays, Tier.L1)


def test_a_session_that_was_restricted_once_is_named_as_the_cause():
    found = said(replace(VIEW, session_tier=Tier.L3), Tier.L0)
    assert "in a session that was never restricted it would have gone to llama/qwen" in found


def test_without_the_rule_is_said_where_the_rule_decided():
    ruled = replace(VIEW, override="cloud")
    assert "without the rule it would have gone to llama/qwen" in said(ruled, Tier.L0, bare=(VIEW, task(Tier.L0)))


def test_a_warm_cache_that_kept_a_turn_on_claude_is_named_as_the_cause():
    warm = replace(VIEW, worth=Worth(saved=Money.usd("0.10"), cooling=Money.usd("0.20")))
    found = said(warm, Tier.L1)
    assert "had nothing been warm in Claude's cache it would have gone to llama/qwen" in found
    assert "in band reserve it would have gone to llama/qwen" in found


def test_a_persons_word_would_have_passed_a_rule_that_blocks():
    found = said(replace(VIEW, ruling=Ruling("block", 'rule "never"')), Tier.L1)
    assert "with @cloud it would have gone to Claude (claude-opus-5-5)" in found
    assert "in mode observe it would have gone to Claude (claude-opus-5-5)" in found


def test_in_observe_mode_auto_is_told_as_the_decision_tells_it():
    watched = replace(VIEW, mode=Mode.observe, sticky=CLAUDE, sticky_tier=Tier.L0)
    assert decide(watched, task(Tier.L0), FITS).would == QWEN
    assert "in mode auto it would have gone to llama/qwen" in said(watched, Tier.L0)


LOCALS = st.lists(
    st.builds(
        LocalRoute,
        st.sampled_from(("llama", "ollama")),
        st.sampled_from(("qwen", "gemma")),
        context=st.sampled_from((8_000, 100_000)),
        vision=st.booleans(),
        tools=st.sampled_from((None, True, False)),
        doubt=st.sampled_from((None, "2 of 3 tool calls were wrong")),
    ),
    max_size=2,
    unique_by=lambda local: (local.upstream, local.model),
).map(tuple)
VIEWS = st.builds(
    View,
    st.sampled_from(Mode),
    st.sampled_from(Band),
    st.booleans(),
    st.sampled_from(("claude-only", "local-only")),
    LOCALS,
    st.just(VIEW.cloud),
    sticky=st.sampled_from((None, CLAUDE, QWEN)),
    sticky_tier=st.sampled_from(Tier),
    session_tier=st.sampled_from((Tier.L0, Tier.L3)),
    override=st.sampled_from((None, "local", "cloud")),
    worth=st.sampled_from((None, Worth(Money(1), Money(2)), Worth(Money(2), Money(1)))),
    would=st.sampled_from((None, CLAUDE, QWEN)),
    would_tier=st.sampled_from(Tier),
    ruling=st.sampled_from((NO_RULING, Ruling("local", "docs"), Ruling("cloud", "docs"), Ruling("block", "docs"))),
)
FITTING = st.builds(
    Fit,
    st.sampled_from((1_000, 20_000)),
    st.just(32_000),
    has_tools=st.booleans(),
    has_images=st.booleans(),
    cloud_only=st.sampled_from(((), ("web search",))),
)


@given(VIEWS, st.sampled_from(Tier).map(task), FITTING)
def test_what_would_change_a_decision_agrees_with_really_deciding(view: View, asked: Task, fit: Fit):
    decision = decide(view, asked, fit)
    first = _first(view, asked, fit)
    found = {change.when: change.route for change in what_would_change(view, asked, fit, decision)}
    assert first not in found.values()
    for when, other in _neighbours(view).items():
        route = _first(other, asked, fit)
        assert (when in found) == (route != first), when
        assert found.get(when, first) == route
    if view.mode is Mode.observe:
        assert found.get("in mode auto", first) == decision.would


@given(VIEWS, st.sampled_from(Tier).map(task), FITTING)
def test_each_sentence_is_one_and_is_said_once(view: View, asked: Task, fit: Fit):
    found = what_would_change(view, asked, fit, decide(view, asked, fit))
    assert all(" it would have " in str(change) and isinstance(change, Change) for change in found)
    assert len({str(change) for change in found}) == len(found)


def _neighbours(view: View) -> dict[str, View]:
    """Give the neighbours whose sentence can be written down without knowing how they are made."""
    fresh = replace(view, sticky=None, sticky_tier=None)
    others = [mode for mode in Mode if mode is not view.mode and (view.mode, mode) != (Mode.observe, Mode.auto)]
    modes = {f"in mode {mode}": replace(fresh, mode=mode) for mode in others}
    bands = {f"in band {band}": replace(view, band=band) for band in Band if band is not view.band}
    said = replace(view, ruling=view.ruling.without_direction(), worth=None)
    tags = {"local": replace(said, override="local"), "cloud": replace(said, override="cloud")}
    tagged = {f"with @{tag}": other for tag, other in tags.items() if tag != view.override}
    stop = {"without the emergency stop": replace(view, stopped=False)} if view.stopped else {}
    return modes | bands | tagged | stop


def _first(view: View, asked: Task, fit: Fit) -> Route | None:
    routes = decide(view, asked, fit).routes
    return routes[0] if routes else None
