"""Restricted words: whether a request is about secrets, sign-in, payments, personal data or law."""

from __future__ import annotations

import re

from proxy.classify.lexicon import Found, Lexicon, words_of
from proxy.classify.terms import HARMLESS, RESTRICTED

ENDS = 45
"""Words at the beginning and the end of a long text that say what it is about."""

OFTEN = 3

_RESTRICTED = Lexicon.of(RESTRICTED)
_HARMLESS = Lexicon.of({"harmless": HARMLESS})

# Names of variables; `token_count` and `primary_key` are none of them.
_NAME = re.compile(
    r"^[a-z0-9_]*(?:(?:api|secret|private|access|auth|publishable|service|signing|encryption|anon|role)_?key|"
    r"(?<!max)(?<!pad)(?<!eos)_token|_secrets?|_passw(?:or)?d|_credentials?)$",
    re.A,
)
_IN_EXPRESSION = re.compile(r"\b(?:github|secrets)\.\w*(?:token|key|secret)\b|\bsecrets\.\w+", re.A)
_CONCEPT = re.compile(
    r"^\W*(?:(?:can|could|please|briefly|kindly|you|me|hi|hey|ok|so)\W+){0,4}(?:explain|what(?:'s| is| are| does)|"
    r"how (?:do|does|is)|describe|tell me about|define|teach|compare|difference between|qué (?:es|son)|explica|"
    r"was (?:ist|sind)|erkläre?|qu'est-ce|c'est quoi|explique|что такое|объясни|как работает|什么是|解释|"
    r"o que (?:é|são))|^.{1,30}(?:是什么|とは)",
    re.I,
)
_SENTENCE_END = re.compile(r"(?<=[.?!;])\s+|[\n\u3002\uff1f\uff01\uff1b]+")
_OF_PROJECT = re.compile(
    r"\b(?:my|our|this|these|that|we|us|here|i|it|mine|above|below|repo|codebase|project|code|files?|implement\w*|"
    r"app|set|use|add|fix|need|needed)\b|[@/]\w|\b\w+\.\w{1,4}\b|\bmi\b|nuestr|mein|unser|notre|\bmon\b|наш|"
    r"мо[йюея]\b|我们|我的|这个|项目|\bmeu|noss|うちの|この",
    re.A,
)


def restricted_words(low: str, words: list[str] | None = None) -> str | None:
    """Name the rule of the first restricted word in a text of small letters; questions about concepts are free.

    A long text is about what its ends say, or about what it says again and again: one word in passing is not enough.
    """
    words = words_of(low) if words is None else words
    found = mentions_of(low, words)
    if not found or is_concept(low):
        return None
    places = sorted((place, rule) for rule, at in found.items() for place in at)
    near = [rule for place, rule in places if place < ENDS or place >= len(words) - ENDS]
    if near:
        return near[0]
    return places[0][1] if len(places) >= OFTEN else None


def mentions_of(low: str, words: list[str]) -> Found:
    """Find every restricted word, less those in phrases that make them harmless."""
    found = _RESTRICTED.find(low, words, _HARMLESS.cover(words))
    named = [place for place, word in enumerate(words) if "_" in word and _NAME.match(word)]
    if named or _IN_EXPRESSION.search(low):
        found.setdefault("words.secret", []).extend(named or [0])
    return found


def is_concept(low: str) -> bool:
    """Tell whether a short question is about a concept, and not about anything in the project.

    What stands behind a question may be an order: each sentence with a restricted word in it has to ask.
    """
    return (
        len(low) < 240
        and bool(_CONCEPT.match(low))
        and all(_CONCEPT.match(rest) or not mentions_of(rest, words_of(rest)) for rest in _SENTENCE_END.split(low)[1:])
        and not _OF_PROJECT.search(low)
        and not _IN_EXPRESSION.search(low)
        and not any(_NAME.match(word) for word in words_of(low) if "_" in word)
    )
