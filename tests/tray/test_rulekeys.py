"""Rules as a person writes them in the config."""

import tomllib
from datetime import datetime
from decimal import Decimal

import pytest

from pricing.money import Money
from proxy.rules.rule import Facts
from proxy.task import TaskClass, Tier
from tray.rulekeys import RULE, rule_of
from tray.settings import SettingsError
from tray.settings import read as read_settings


def read(text):
    raw = tomllib.loads(text, parse_float=Decimal)
    return rule_of({key: RULE[key](value) for key, value in raw.items()}, 0)


FACTS = Facts(TaskClass.documentation, Tier.L1, "claude-opus-5-5", "claude-cli", False, 900, datetime(2026, 1, 1, 23))


def test_a_rule_reads_as_it_is_written():
    rule = read(
        """
        name = "docs at night"
        task = ["documentation", "explanation"]
        tier = "L1"
        hours = "22:00-06:00"
        route = "local"
        daily_limit = 20
        """
    )
    assert rule.when.takes(FACTS)
    assert (rule.name, rule.route, rule.daily_requests, rule.daily_spend) == ("docs at night", "local", 20, None)


def test_a_limit_in_quotes_is_in_dollars():
    rule = read('route = "cloud"\nuse_model = "claude-sonnet-5-5"\ndaily_limit = "2.50"')
    assert (rule.name, rule.model, rule.daily_spend) == ("rule 1", "claude-sonnet-5-5", Money.usd("2.50"))
    assert read('use_tier = "L3"').tier is Tier.L3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('task = "poetry"\nroute = "local"', "must be one of code_generation"),
        ('path = "*a*a*a*a*a*a"\nroute = "local"', "must have at most 5 wildcards"),
        ('name = "the \\"best\\""\nroute = "local"', "must be a name without quotes in it"),
        ('tier = "L4"\nroute = "local"', "must be one of L0, L1, L2, L3"),
        ('route = "moon"', "'local', 'cloud', 'block'"),
        ('hours = "9-17"\nroute = "local"', "22:00-06:00"),
        ('route = "cloud"\ndaily_limit = 0', "dollars in quotes"),
        ('route = "cloud"\ndaily_limit = true', "dollars in quotes"),
        ('task = []\nroute = "local"', "one value or a list"),
        ('task = "test"', "does nothing"),
        ('route = "local"\nuse_model = "claude-sonnet-5-5"', "does not go to Claude"),
    ],
)
def test_what_makes_no_sense_is_said_in_words(text, said):
    with pytest.raises(ValueError, match=said):
        read(text)


def settings(text):
    return read_settings(text, lambda: "UTC")


def test_the_rules_of_the_config_keep_their_order():
    found = settings('[[rule]]\ntask = "test"\nroute = "local"\n[[rule]]\nname = "rest"\nroute = "cloud"\n').rules
    assert [rule.name for rule in found] == ["rule 1", "rest"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[rule]]\nroute = "cloud"\n\n[[rule]]\ntask = "test"\n', 'line 4: the rule "rule 2" does nothing'),
        ('budget = 5\n[[rule]]\nroute = "moon"\n', "line 3: `route` must be one of"),
        ('[[rule]]\nroutes = "local"\n', 'line 2: there is no key "routes" in [rule]; did you mean "route"?'),
        ('[[rule]]\nname="a"\nroute="local"\n[[rule]]\nname="a"\nroute="cloud"\n', "line 5: two rules are called"),
        ('[rule]\nroute = "local"\n', "`rule` must be written as [[rule]], once for each rule"),
    ],
)
def test_a_mistake_in_a_rule_names_its_line(text, said):
    with pytest.raises(SettingsError) as wrong:
        settings(text)
    assert said in str(wrong.value)
