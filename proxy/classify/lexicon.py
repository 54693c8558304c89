"""Lexicon: finds the terms of a vocabulary in a text, each word being looked at once however many terms there are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

GAP = 3
"""Words that may stand between the two sides of `..`."""

_WORD = re.compile(r"[a-z0-9_\u00df-\u024f]+|[\u0400-\u04ff]+")
# What the marks that join words become before the words are read: "don't" is one word, "l'api" are two.
_JOINTS = str.maketrans({"\u2019": "'", "\u00ad": ""})
_NOT = re.compile(r"n't\b", re.A)
_SPACELESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

Found = dict[str, list[int]]
"""For each trait the places (counted in words) where its terms were found."""


def words_of(low: str) -> list[str]:
    """Split a text of small letters into words; boundaries are those of a script, so that 支付api has two."""
    return _WORD.findall(_NOT.sub("nt", low.translate(_JOINTS)))


@dataclass
class Lexicon:
    """A vocabulary made ready for the search. Immutable once made, but for a memory of words."""

    _exact: dict[str, set[int]] = field(default_factory=dict)
    _stems: dict[str, set[int]] = field(default_factory=dict)
    _phrases: dict[int, list[tuple[tuple[tuple[int, int], ...], str]]] = field(default_factory=dict)
    _anywhere: list[tuple[str, str]] = field(default_factory=list)
    _sizes: tuple[int, ...] = ()
    _known: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, vocabulary: Mapping[str, str]) -> Lexicon:
        """Make a lexicon of a vocabulary: for each trait its terms, parted by commas."""
        made, ids = cls(), dict[str, int]()
        for trait, terms in vocabulary.items():
            for term in (" ".join(part.split()) for part in terms.split(",")):
                if term and _SPACELESS.search(term):
                    made._anywhere.append((term, trait))
                elif term:
                    made._add(term, trait, ids)
        made._sizes = tuple(sorted({len(stem) for stem in made._stems}))
        return made

    def _add(self, term: str, trait: str, ids: dict[str, int]) -> None:
        steps, gap = list[tuple[int, int]](), 1
        for part in term.split(" "):
            if part == "..":
                gap = GAP + 1
                continue
            number = ids.setdefault(part, len(ids))
            table, word = (self._stems, part[:-1]) if part.endswith("*") else (self._exact, part)
            table.setdefault(word, set()).add(number)
            steps.append((number, gap))
            gap = 1
        self._phrases.setdefault(steps[0][0], []).append((tuple(steps), trait))

    def find(self, low: str, words: list[str] | None = None, masked: Iterable[int] = ()) -> Found:
        """Find the traits of a text of small letters, less those whose words stand at masked places."""
        words = words_of(low) if words is None else words
        places, hidden = self._places(words), frozenset(masked)
        found = Found()
        for number, at in places.items():
            for steps, trait in self._phrases.get(number, ()):
                for place in at:
                    span = _span(steps, place, places)
                    if span and hidden.isdisjoint(span):
                        found.setdefault(trait, []).append(place)
        if _SPACELESS.search(low):
            for term, trait in self._anywhere:
                if term in low:
                    # Two characters say about as much as a word does.
                    found.setdefault(trait, []).append(low.find(term) // 2)
        return found

    def cover(self, words: list[str]) -> set[int]:
        """Give the places of all words that belong to some term."""
        places, covered = self._places(words), set[int]()
        for number, at in places.items():
            for steps, _ in self._phrases.get(number, ()):
                for place in at:
                    covered.update(_span(steps, place, places))
        return covered

    def _places(self, words: list[str]) -> dict[int, list[int]]:
        places = dict[int, list[int]]()
        for place, word in enumerate(words):
            for number in self._ids(word):
                places.setdefault(number, []).append(place)
        return places

    def _ids(self, word: str) -> tuple[int, ...]:
        known = self._known.get(word)
        if known is None:
            ids = set(self._exact.get(word, ()))
            for size in self._sizes:
                if size > len(word):
                    break
                ids |= self._stems.get(word[:size], set())
            known = tuple(sorted(ids))
            # Words of people are few; words of logs and code are without end.
            if len(self._known) < 20_000 and len(word) < 32:
                self._known[word] = known
        return known


def _span(steps: tuple[tuple[int, int], ...], place: int, places: dict[int, list[int]]) -> list[int]:
    """Give the places of a phrase that begins here, none if it does not."""
    span = [place]
    for number, gap in steps[1:]:
        following = next((at for at in places.get(number, ()) if span[-1] < at <= span[-1] + gap), None)
        if following is None:
            return []
        span.append(following)
    return span
