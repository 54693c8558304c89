"""Traits: what a request's words and form tell, as names with values; what they weigh is the model's to say."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from proxy.classify.form import form_of
from proxy.classify.lexicon import Found, Lexicon, joined, words_in
from proxy.classify.plain import Plain
from proxy.classify.terms import COMPLEX, TRAITS
from proxy.words import words as plain_words

Traits = dict[str, float]
"""Values from 0, which stands for a trait that is absent, to about 3."""

OPENING = 4
"""Words at the beginning of a request that tell whether it asks or orders."""

_LEXICON = Lexicon.of(TRAITS)
_COMPLEX = frozenset(COMPLEX)
_TELLING = frozenset(
    plain_words(
        """destroy review deploy migrate feature rewrite root.cause autonomous plan.execute architecture planning
        analyse docs text git tests run rename one.thing style config"""
    )
)
"""Traits that weigh otherwise where something is ordered than where something is told."""

_ORDERING = frozenset(TRAITS) - {
    "explain",
    "chat",
    "opinion",
    "no.code",
    "wish",
    "please.do",
    "small",
    "error",
    "config",
}
_SEARCHING = {"root.cause", "analyse", "review"}
"""Traits of words that order a search, whatever question follows them."""

_STRENGTHS = (0.0, 1.0, 1.25, 1.4, 1.5)
_OPENS = frozenset(
    plain_words(
        """explain change run git feature opinion please.do review autonomous wish rewrite docs tests rename error
        deploy planning architecture analyse"""
    )
)

# Where sentences end; a full stop before a blank, a Chinese one anywhere.
_ENDS = (". ", "! ", "? ", ".\t")
_SPACELESS_ENDS = "。！？；，、"
# What is named or quoted, not said: inline code, paths, mentions of files.
_SHOWN = re.compile(
    r"`[^`\n]{1,200}`|(?<![\w/])(?:[@~]|\.{0,2}/)[\w./@-]+|\b[\w.-]+(?:/[\w.@-]+){2,}/?|\b[\w-]+\.[a-z]{1,5}\b(?!\.\w)",
    re.A,
)
_FILLERS = frozenset(
    plain_words(
        """ok okay great good nice cool perfect awesome thanks yes yep yeah sure hmm hm so now and well alright right oh
        ah hi hello hey also then actually but no nope gut danke jetzt bien vale gracias ahora bom certo agora obrigado
        merci bon alors maintenant хорошо так теперь спасибо а и ок ладно"""
    )
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: whether it asks, orders or only tells; and its traits."""

    role: Literal["question", "order", "statement"]
    traits: frozenset[str]


def traits_of(asked: Plain) -> Traits:
    """Find the traits of a request's words and form."""
    sentences, counts, opens, said = list[Sentence](), Counter[str](), set[str](), list[str]()
    for part in _parts(asked.low):
        words = words_in(part)
        said += words
        found = _LEXICON.find(part, words)
        if found or words:
            opening, first = _opening(words, found), _opening(words, found, 1)
            opens |= opening if not opens else set()
            sentences.append(Sentence(_role(part, found, opening, first), frozenset(found)))
            counts.update({name: len(places) for name, places in found.items()})
    if len(sentences) > 3:
        counts.pop("chat", None)  # A kind word at the beginning of a long request says nothing about it.
    traits = {name: _STRENGTHS[min(count, 4)] for name, count in counts.items()}
    traits.update({f"opens.{name}": 1.0 for name in opens if name in _OPENS})
    traits.update({name: value for name, value in {**form_of(asked, said), **_roles(sentences)}.items() if value})
    return traits


def _parts(low: str) -> list[str]:
    """Split into sentences; of very many the first and the last."""
    text = joined(_SHOWN.sub(" x ", low))
    for end in _ENDS:
        text = text.replace(end, f"{end[0]}\n")
    for end in () if text.isascii() else _SPACELESS_ENDS:
        text = text.replace(end, f"{end}\n")
    parts = [part for part in text.split("\n") if part and not part.isspace()]
    return [*parts[:40], *parts[-20:]] if len(parts) > 60 else parts


def _opening(words: list[str], found: Found, most: int = OPENING) -> set[str]:
    start = next((place for place, word in enumerate(words[:12]) if word not in _FILLERS), 0)
    end = start + most
    return {name for name, places in found.items() if any(start <= place < end for place in places)}


def _role(part: str, found: Found, opening: set[str], first: set[str]) -> Literal["question", "order", "statement"]:
    """Tell what a sentence does; "can you explain" asks, "can you fix" orders, and so does "investigate why"."""
    explains = "explain" in opening and ("explain" in first or not first & _SEARCHING)
    asks = part.rstrip()[-1:] in "?？" or explains
    works = bool(opening & _ORDERING)
    polite = "please.do" in opening and "explain" not in opening and "opinion" not in found
    if asks and not polite:
        return "question"
    return "order" if works or "please.do" in opening else "statement"


def _roles(sentences: list[Sentence]) -> Traits:
    """Tell how much is asked, ordered and told, and how much of the complex stands in which."""
    roles = Counter(sentence.role for sentence in sentences)
    heavy = {
        role: {name for sentence in sentences if sentence.role == role for name in sentence.traits & _COMPLEX}
        for role in ("question", "order", "statement")
    }
    ordered = {name for sentence in sentences if sentence.role == "order" for name in sentence.traits & _TELLING}
    last = sentences[-1].role if sentences else "statement"
    return {
        **{f"{name}.ordered": 1.0 for name in ordered},
        "only.asks": float(bool(sentences) and not roles["order"] and last == "question"),
        "only.asks.briefly": float(len(sentences) == 1 and last == "question"),
        "only.tells": float(bool(sentences) and roles["statement"] == len(sentences)),
        "ends.with.order": float(last == "order"),
        "orders": min(4, roles["order"]) / 2,
        "tells": min(6, roles["statement"]) / 3,
        "questions": min(4, roles["question"]) / 2,
        "complex.order": min(5, len(heavy["order"])) / 2,
        "complex.statement": min(5, len(heavy["statement"])) / 2,
        "complex.question": min(5, len(heavy["question"])) / 2,
        "no.words": float(not any(sentence.traits for sentence in sentences)),
    }
