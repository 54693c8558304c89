"""Restricted words: whether a request is about secrets, sign-in, payments, personal data or law."""

from __future__ import annotations

import re

from proxy.classify.lexicon import Found, Lexicon, words_of
from proxy.classify.terms import HARMLESS, LIKELY, RESTRICTED
from proxy.words import words as plain_words

ENDS = 45
"""Words at the beginning and the end of a long text that say what it is about."""

OFTEN = 3

_RESTRICTED = Lexicon.of(RESTRICTED)
_HARMLESS = Lexicon.of({"harmless": HARMLESS})
_LIKELY = Lexicon.of(LIKELY)

LEANING = 40
"""Words of a request that may lean on the one before it; a longer one stands by itself."""
BRIEF = 14

# What a program said, pasted with its signs; what it advises is not what is asked.
_SAID_BY_PROGRAM = re.compile(r"^[ \t]*(?:[\u2139\u26a0\u2714\u2716\u2705\u274c]|\U0001f4ca|\U0001f6a7).*$", re.M)
_POINTS_BACK = frozenset(
    plain_words(
        """it them that those these das es davon ihn isso isto esse ele ela eles elas lo los ça le les его это её их
        hazlo hacelo hágalo ponlo sacalos sácalos cámbialo cambialo quítalo bórralo elimínalo"""
    )
)
_COMMON = frozenset(
    plain_words(
        """which where there would could should about these those other while after before still again never always
        please under every first second thing things what when with that this have from into your they then than also
        just like make need want does work works sigue ahora cuando donde porque para como pero este esta todo toda
        quando ainda agora nicht noch immer wieder dann wenn aber auch eine einen soll jetzt encore toujours quand avec
        dans pour cette"""
    )
)

# Names of variables; `token_count` and `primary_key` are none of them.
_NAME = re.compile(
    r"^[a-z0-9_]*(?:(?:api|secret|private|access|auth|publishable|service|signing|encryption|anon|role)_?key|"
    r"(?<!max)(?<!pad)(?<!eos)_token|_secrets?|_passw(?:or)?d|_credentials?|_pat)$",
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
    if words is None:
        low = _SAID_BY_PROGRAM.sub(" ", low)
        words = words_of(low)
    found = mentions_of(low, words)
    if not found or is_concept(low):
        return None
    places = sorted((place, rule) for rule, at in found.items() for place in at)
    near = [rule for place, rule in places if place < ENDS or place >= len(words) - ENDS]
    if near:
        return near[0]
    return places[0][1] if len(places) >= OFTEN else None


def leans_on_restricted(low: str, before: str, *, only_asks: bool, still_broken: bool) -> str | None:
    """Name the rule by which the request before this one was restricted, if this one goes on with it.

    It does if it is short and says that something still does not work, takes up a word of the one before it, points
    back at something, or has a word that goes with restricted work. A mere question is about itself.
    """
    words = words_of(low)
    if not before or len(words) > LEANING or (only_asks and not still_broken):
        return None
    goes_on = (
        still_broken
        or bool(_stems(words) & _stems(words_of(before)))
        or (len(words) <= BRIEF and not _POINTS_BACK.isdisjoint(words))
        or bool(_LIKELY.find(low, words))
    )
    return restricted_words(before) if goes_on else None


def _stems(words: list[str]) -> set[str]:
    return {word[:5] for word in words if len(word) >= 4 and word not in _COMMON and not word.isdigit()}


def mentions_of(low: str, words: list[str]) -> Found:
    """Find every restricted word, less those in phrases that make them harmless."""
    found = _RESTRICTED.find(low, words)
    if found:
        found = _RESTRICTED.find(low, words, _HARMLESS.cover(words))
    named = [place for place, word in enumerate(words) if "_" in word and _NAME.match(word)]
    if named or _expressed(low):
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
        and not _expressed(low)
        and not any(_NAME.match(word) for word in words_of(low) if "_" in word)
    )


def _expressed(low: str) -> bool:
    """Tell whether a text names a secret as a workflow file does."""
    return ("secrets." in low or "github." in low) and bool(_IN_EXPRESSION.search(low))
