"""Spans: which words of a request a reason is about, for a person who explains a file of their own.

Reasons themselves hold no word of a prompt, and the proxy never asks for one. What a secret stands in is never shown.
"""

from __future__ import annotations

import re

from proxy.classify.lexicon import Lexicon, words_of
from proxy.classify.paths import Restricted, restricted_in_text
from proxy.classify.plain import plain
from proxy.classify.restricted_words import mentions_of
from proxy.classify.secrets import secret_in
from proxy.classify.terms import TRAITS

LONGEST = 80
"""Characters of a span."""
MOST_TOKENS = 20_000

_TOKEN = re.compile(r"[^\s\"'`()<>|;,]+")
_LEXICON = Lexicon.of(TRAITS)


def span_of(rule: str, text: str, restricted: Restricted) -> str | None:
    """Give the first words of a text that a rule hit; None where it is about no words, and where a secret is."""
    if secret_in(text):
        return None
    kind, _, name = rule.partition(".")
    match kind:
        case "path":
            found = _path(rule, text, restricted)
        case "words":
            found = _word(rule, name, text)
        case _:
            found = None
    return found[:LONGEST] if found else None


def _path(rule: str, text: str, restricted: Restricted) -> str | None:
    tokens = _TOKEN.findall(text)[:MOST_TOKENS]
    return next((token for token in tokens if restricted_in_text(token, restricted) == rule), None)


def _word(rule: str, name: str, text: str) -> str | None:
    low = plain(text).low
    words = words_of(low)
    trait = name.removeprefix("opens.").removesuffix(".ordered")
    places = mentions_of(low, words).get(rule) or _LEXICON.find(low, words).get(trait)
    return words[min(places)] if places and min(places) < len(words) else None
