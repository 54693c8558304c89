"""What a person set, as the layers get it."""

from __future__ import annotations

from datetime import time

import pytest

from budget.shares import Shares
from budget.workday import Workday
from pricing.table import PriceTable
from proxy.request import read as read_request
from proxy.task import Tier
from tests.kit.bodies import encode
from tray.handover import classifier_of, options_of
from tray.modelnames import unknown_models
from tray.settings import SettingsError
from tray.settings import read as read_settings

DOUBTFUL = "add a notification system: email and in-app, users choose what they get"


def settings_of(text: str):
    return read_settings(text, lambda: "UTC")


def asked(words: str):
    return read_request(
        encode({"model": "claude-opus-5-5", "max_tokens": 9, "messages": [{"role": "user", "content": words}]}), {}
    )


@pytest.mark.parametrize(
    ("caution", "tier"),
    [
        ("", Tier.L1),
        ('caution = "balanced"', Tier.L1),
        ('caution = "strict"', Tier.L2),
        ('caution = "thrifty"', Tier.L1),
    ],
)
def test_caution_moves_the_line_between_routine_and_complex(caution, tier):
    assert classifier_of(settings_of(caution)).classify(asked(DOUBTFUL)).tier is tier


@pytest.mark.parametrize("caution", ["strict", "balanced", "thrifty"])
def test_no_caution_lowers_restricted_work(caution):
    words = "rename the variable in .env.production and rotate the API key"
    assert classifier_of(settings_of(f'caution = "{caution}"')).classify(asked(words)).tier is Tier.L3


def test_another_caution_is_an_error():
    with pytest.raises(SettingsError, match="`caution` must be one of 'strict', 'balanced', 'thrifty'"):
        settings_of('caution = "bold"')


def test_a_model_without_a_price_is_named_with_the_nearest_one():
    settings = settings_of('[cloud_models]\nL2 = "claude-sonet-5-5"\n[[rule]]\nuse_model = "claude-haiku-5-5"')
    assert unknown_models(settings, PriceTable.load()) == (
        '[cloud_models] L2: no price is known for a model "claude-sonet-5-5"; did you mean "claude-sonnet-5-5"?',
    )


def test_tiers_get_their_models_and_shares():
    options = options_of(settings_of('cache_gate = "all"\n[cloud_models]\nL2 = "claude-haiku-5-5"\n[shares]\nL3 = 10'))
    assert options.cloud_models == {Tier.L2: "claude-haiku-5-5"}
    assert (options.shares, options.cache_gate) == (Shares(10, 0), "all")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[cloud_models]\nL5 = "claude-haiku-5-5"',
            'line 2: there is no key "L5" in [cloud_models]',
        ),
        ("[shares]\nL3 = 101", "line 2: `L3` must be a percentage of the budget from 0 to 100, not 101"),
        ("[shares]\nL3 = 60\nL2 = 50", "line 3: `L3` and `L2` together keep 110% of the budget"),
    ],
)
def test_what_is_wrong_with_models_and_shares_is_said_with_its_line(text, said):
    with pytest.raises(SettingsError) as caught:
        settings_of(text)
    assert said in str(caught.value)


def test_a_person_s_patience_is_handed_over_and_none_is_endless():
    assert options_of(settings_of("")).patience_s == 90.0
    assert options_of(settings_of("patience_s = 30")).patience_s == 30.0
    assert options_of(settings_of("patience_s = 0")).patience_s is None


@pytest.mark.parametrize(
    ("written", "workday"),
    [
        ("", None),
        ("[pace]", None),
        ('[pace]\nhours = "09:00-17:00"', None),
        ("[pace]\nenabled = true", "usual"),
        ('[pace]\nenabled = true\nhours = "22:00-06:00"', Workday(time(22), time(6))),
        ('[pace]\nenabled = false\nhours = "22:00-06:00"', None),
    ],
)
def test_a_pace_counts_only_where_it_is_wanted(written, workday):
    assert options_of(settings_of(written)).workday == workday


def test_hours_that_are_none_are_named_with_their_line():
    with pytest.raises(SettingsError, match='line 3: `hours` must be hours such as "22:00-06:00", not "9 to 5"'):
        settings_of('[pace]\nenabled = true\nhours = "9 to 5"')
