"""A person's rules: which requests they mean, in which order, and for how much of a day."""

import re
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.money import Money
from proxy.rules.globs import matches_path
from proxy.rules.hours import Hours
from proxy.rules.rule import Facts, Match, Rule, Used, choose
from proxy.task import TaskClass, Tier

NOON = datetime(2026, 11, 21, 12, 0)
FACTS = Facts(
    task_class=TaskClass.documentation,
    tier=Tier.L1,
    model="claude-opus-5-5",
    agent="claude-cli",
    is_subagent=False,
    tokens=20_000,
    at=NOON,
    tools=frozenset({"Read", "mcp__jira__search"}),
    paths=frozenset({"/home/me/app/docs/guide/start.md"}),
)


def test_a_rule_without_conditions_means_every_request():
    assert Match().takes(FACTS)


@pytest.mark.parametrize(
    "when",
    [
        Match(task_classes=frozenset({TaskClass.documentation})),
        Match(tiers=frozenset({Tier.L0, Tier.L1})),
        Match(models=("claude-opus-*",)),
        Match(agents=("Claude-*",)),
        Match(is_subagent=False),
        Match(tools=("mcp__jira__*",)),
        Match(paths=("docs/**",)),
        Match(tokens_over=19_999, tokens_under=20_001),
        Match(hours=Hours.read("09:00-17:00")),
    ],
    ids=lambda when: next(name for name in when.__slots__ if getattr(when, name) not in ((), None, frozenset())),
)
def test_each_condition_alone_means_what_it_names(when):
    assert when.takes(FACTS)


@pytest.mark.parametrize(
    "when",
    [
        Match(task_classes=frozenset({TaskClass.debugging})),
        Match(tiers=frozenset({Tier.L2})),
        Match(models=("claude-haiku-*",)),
        Match(agents=("opencode",)),
        Match(is_subagent=True),
        Match(tools=("Bash",)),
        Match(paths=("src/**",)),
        Match(tokens_over=20_000),
        Match(tokens_under=20_000),
        Match(hours=Hours.read("17:00-09:00")),
    ],
)
def test_one_condition_that_does_not_hold_is_enough_to_leave_a_request_alone(when):
    assert not when.takes(FACTS)
    assert not replace(when, tiers=when.tiers or frozenset({Tier.L1})).takes(FACTS)


def test_the_first_rule_that_matches_decides():
    rules = [
        Rule("nights", Match(hours=Hours.read("22:00-06:00")), "local"),
        Rule("docs", Match(paths=("docs/",)), "local"),
        Rule("rest", route="cloud"),
    ]
    found = choose(rules, FACTS, {})
    assert found is not None
    assert found.name == "docs"


def test_a_rule_whose_day_is_used_up_leaves_the_request_to_the_next():
    rules = [
        Rule("some", route="cloud", daily_requests=20),
        Rule("dear", route="cloud", daily_spend=Money.usd("2")),
        Rule("rest", route="local"),
    ]
    names = [
        choose(rules, FACTS, used).name
        for used in (
            {"some": Used(19)},
            {"some": Used(20)},
            {"some": Used(20), "dear": Used(3, Money.usd("1.999999999999"))},
            {"some": Used(20), "dear": Used(3, Money.usd("2"))},
        )
    ]
    assert names == ["some", "dear", "dear", "rest"]


def test_without_a_rule_that_matches_there_is_none():
    assert choose([Rule("x", Match(is_subagent=True))], FACTS, {}) is None


@pytest.mark.parametrize(
    ("glob", "path", "is_named"),
    [
        ("*.md", "/a/b/readme.md", True),
        ("*.md", "/a/b/readme.mdx", False),
        ("docs/**", "/a/docs/x/y.txt", True),
        ("docs/**", "/a/docs", False),
        ("docs/", "/a/docs/x", True),
        ("docs/*", "/a/docs/x/y", False),
        ("src/**/api.py", "/w/src/api.py", True),
        ("src/**/api.py", "/w/src/v1/v2/api.py", True),
        ("src/?.py", "/w/src/a.py", True),
        ("/etc/hosts", "/etc/hosts", True),
        ("/etc/hosts", "/mnt/etc/hosts", False),
        ("docs/**", "C:\\work\\docs\\a.md", True),
        ("ocs/**", "/a/docs/x", False),
        ("a+b(c)/*", "/x/a+b(c)/d", True),
    ],
)
def test_a_glob_names_what_a_line_of_gitignore_would(glob, path, is_named):
    assert matches_path(glob, path) is is_named


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_glob_and_no_path_break_the_matching(glob, path):
    matches_path(glob, path)


@pytest.mark.parametrize(
    ("text", "hour", "is_within"),
    [
        ("22:00-06:00", 23, True),
        ("22:00-06:00", 5, True),
        ("22:00-06:00", 6, False),
        ("09:00-17:00", 9, True),
        ("09:00-17:00", 17, False),
        ("00:00-24:00", 13, True),
        ("18:00–24:00", 23, True),
    ],
)
def test_hours_go_past_midnight(text, hour, is_within):
    assert Hours.read(text).hold(NOON.replace(hour=hour)) is is_within


@pytest.mark.parametrize("text", ["", "9-17", "25:00-06:00", "09:60-10:00", "09:00-24:01", "now"])
def test_what_is_no_span_of_hours_is_said(text):
    with pytest.raises(ValueError, match="22:00-06:00"):
        Hours.read(text)


def test_the_same_wildcard_many_times_takes_no_longer():
    deep = "/".join("a" * 12) + "/b.md"
    assert matches_path("**/" * 60 + "*.md", deep)
    assert not matches_path("**/" * 60 + "*.py", deep)


@pytest.mark.parametrize("glob", ["a*a*a*a*a*b", "**a**a**a**a**b", "**/a/**/a/**/a/**/a/**/b", "*a?a*a?a*a?a*b"])
@pytest.mark.parametrize("path", ["/" + "a" * 511, "/a" * 256])
def test_t12_no_stranger_s_glob_and_path_keep_bursar_busy(glob, path):
    """Tried one after the other, the ways to match these would take hours, in which not even a stop was heard."""
    for number in range(100):
        assert not matches_path(glob, f"{path}{number}")


@given(
    st.lists(st.sampled_from(["a", "b", "/", "*", "**", "?", "**/", "/**"])).map("".join), st.text("ab/", max_size=12)
)
def test_globs_mean_what_the_regular_expression_of_them_would(glob, path):
    words = {"**/": r"(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    body = glob.strip("/") + ("/**" if glob.endswith("/") else "")
    body = re.sub(r"\*{3,}", "**", body)
    parts = "".join(words.get(part, re.escape(part)) for part in re.findall(r"\*\*/|\*\*|.", body))
    start = "/" if glob.startswith("/") else r"(?:.*/)?"
    assert matches_path(glob, path) is (re.fullmatch(start + parts, path) is not None)
