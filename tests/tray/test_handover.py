"""What a person set, as the layers get it."""

from __future__ import annotations

import pytest

from proxy.request import read as read_request
from proxy.task import Tier
from tests.kit.bodies import encode
from tray.handover import classifier_of
from tray.settings import SettingsError
from tray.settings import read as read_settings

DOUBTFUL = "Fix the bug where the list is empty after reload"


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
