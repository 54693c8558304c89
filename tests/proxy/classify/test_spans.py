"""Spans: the words that a reason is about are shown, and never a secret."""

import pytest

from proxy.classify import Restricted
from proxy.classify.spans import span_of

OWN = Restricted(("infra/prod/**",))


@pytest.mark.parametrize(
    ("rule", "text", "span"),
    [
        ("path.env", "Look into config/.env.production, please", "config/.env.production"),
        ("path.own", "Change infra/prod/main.tf and its tests", "infra/prod/main.tf"),
        ("words.rename", "Please RENAME the parser", "rename"),
        ("words.opens.rename", "Rename the parser", "rename"),
        ("words.size.brief", "Rename the parser", None),  # It is about no words.
        ("side.title", "Rename the parser", None),
        ("path.env", "Rename the parser", None),
    ],
)
def test_the_words_that_a_rule_hit_are_given(rule: str, text: str, span: str | None):
    assert span_of(rule, text, OWN) == span


@pytest.mark.parametrize("rule", ["secret.aws", "secret.told", "path.own", "words.secret"])
def test_a_secret_is_never_given(rule: str):
    text = "the password is AKIAQYLPMN5HHHFPZAM2: put it into infra/prod/AKIAQYLPMN5HHHFPZAM2"
    assert span_of(rule, text, OWN) is None


def test_a_span_of_a_long_path_is_cut():
    assert len(span_of("path.own", f"see infra/prod/{'a/' * 100}b", OWN) or "") == 80
