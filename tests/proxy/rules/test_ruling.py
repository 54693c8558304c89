"""What a person's rule and a project's come to together."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from proxy.rules.project import Project
from proxy.rules.rule import Rule
from proxy.rules.ruling import restricted_by_problem, ruled, rules_named, ruling_of
from proxy.task import Task, TaskClass, Tier

PROJECT = Project(Path("/home/me/app/.bursar.toml"))
RULES = st.builds(
    Rule,
    st.sampled_from(["a", "b c", "d (e)"]),
    route=st.sampled_from([None, "local", "cloud", "block"]),
    model=st.sampled_from([None, "claude-sonnet-5-5"]),
    tier=st.none() | st.sampled_from(Tier),
)


def task(tier: Tier) -> Task:
    return Task(TaskClass.refactor, tier, 1.0, ())


def test_the_project_decides_before_the_person_s_config():
    found = ruling_of(Rule("mine", route="local"), Rule("theirs", route="cloud"), PROJECT)
    assert (found.route, found.route_by) == ("cloud", 'rule "theirs" of app/.bursar.toml')
    assert found.is_projects


def test_what_the_project_leaves_open_the_person_s_rule_says():
    found = ruling_of(Rule("mine", route="local", tier=Tier.L0), Rule("theirs", model="claude-sonnet-5-5"), PROJECT)
    assert (found.route, found.model, found.tier_by) == ("local", "claude-sonnet-5-5", 'rule "mine"')


def test_no_project_opens_what_a_person_blocks():
    found = ruling_of(Rule("mine", route="block"), Rule("theirs", route="cloud"), PROJECT)
    assert (found.route, found.route_by) == ("block", 'rule "mine"')


@given(RULES, RULES, st.sampled_from(Tier))
def test_a_project_raises_a_tier_and_never_lowers_one(mine: Rule, theirs: Rule, tier: Tier):
    alone = ruled(task(tier), ruling_of(mine, None)).tier
    both = ruled(task(tier), ruling_of(mine, theirs, PROJECT)).tier
    assert both == max(alone, theirs.tier or Tier.L0)


@given(st.none() | RULES, st.none() | RULES, st.sampled_from(Tier))
def test_a_file_that_cannot_be_read_restricts_whatever_the_rules_say(mine, theirs, tier):
    broken = Project(PROJECT.path, problem="it cannot be read")
    ruling = ruling_of(mine, theirs, broken)
    assert restricted_by_problem(ruled(task(tier), ruling), ruling).tier is Tier.L3


def test_a_person_may_lower_what_is_restricted():
    found = ruled(task(Tier.L3), ruling_of(Rule("fixtures", tier=Tier.L1), None))
    assert (found.tier, str(found.reasons[0])) == (Tier.L1, 'rule "fixtures" in rules')


@given(st.none() | RULES, st.none() | RULES)
def test_the_names_of_rules_are_found_again_in_a_reason(mine, theirs):
    ruling = ruling_of(mine, theirs, PROJECT)
    names = {name for name in (ruling.route_by, ruling.model_by, ruling.tier_by) if name}
    reason = f"L1, normal: local first, by {ruling.route_by}; m by {ruling.model_by}; tier by {ruling.tier_by}; x"
    assert rules_named(reason) == names
    assert rules_named("L1, normal: local first") == frozenset()
