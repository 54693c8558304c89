"""Lexicon: finds the terms of a vocabulary in a text, each word being looked at once however many terms there are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

GAP = 3
"""Words that may stand between the two sides of `..`."""

_WORD = re.compile(r"[a-z0-9_\u00df-\u024f]+|[\u0400-\u04ff]+")
# "don't" is one word, "l'api" are two.
_NOT = re.compile(r"n't\b", re.A)
_SPACELESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

Found = dict[str, list[int]]
"""For each trait the places (counted in words) where its terms were found."""

Step = tuple[int, int]
"""A word by its number, and how far behind the word before it it may stand."""

Phrase = tuple[tuple[Step, ...], str]
"""The words that must follow, and the trait they mean."""


def words_of(low: str) -> list[str]:
    """Split a text of small letters into words; boundaries are those of a script, so that 支付api has two."""
    return words_in(joined(low))


def joined(low: str) -> str:
    """Join what an apostrophe parts only in writing, before the words are read."""
    plain = low if low.isascii() else low.replace("\u2019", "'").replace("\u00ad", "")
    return _NOT.sub("nt", plain) if "n't" in plain else plain


def words_in(low: str) -> list[str]:
    """Split a text in which apostrophes were seen to."""
    return _WORD.findall(low)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a word: its numbers, the traits it has alone, and the phrases that begin with it.

    Those whose second word follows at once are kept by that word: nearly all words are followed by none of them.
    """

    numbers: tuple[int, ...]
    traits: tuple[str, ...]
    phrases: Mapping[int, list[Phrase]]
    gapped: tuple[Phrase, ...]


@dataclass
class Lexicon:
    """A vocabulary made ready for the search. Immutable once made, but for a memory of words."""

    _exact: dict[str, set[int]] = field(default_factory=dict)
    _stems: dict[str, set[int]] = field(default_factory=dict)
    _alone: dict[int, list[str]] = field(default_factory=dict)
    _phrases: dict[int, list[Phrase]] = field(default_factory=dict)
    _anywhere: list[tuple[str, str]] = field(default_factory=list)
    _sizes: tuple[int, ...] = ()
    _known: dict[str, Known | None] = field(default_factory=dict)

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
        steps, gap = list[Step](), 1
        for part in term.split(" "):
            if part == "..":
                gap = GAP + 1
                continue
            number = ids.setdefault(part, len(ids))
            table, word = (self._stems, part[:-1]) if part.endswith("*") else (self._exact, part)
            table.setdefault(word, set()).add(number)
            steps.append((number, gap))
            gap = 1
        if len(steps) == 1:
            self._alone.setdefault(steps[0][0], []).append(trait)
        else:
            self._phrases.setdefault(steps[0][0], []).append((tuple(steps[1:]), trait))

    def find(self, low: str, words: list[str] | None = None, masked: Iterable[int] = ()) -> Found:
        """Find the traits of a text of small letters, less those whose words stand at masked places."""
        words = words_of(low) if words is None else words
        hidden, found = frozenset(masked), Found()
        known = self._all(words)
        for place, word in enumerate(known):
            if word is None:
                continue
            if word.traits and place not in hidden:
                for trait in word.traits:
                    found.setdefault(trait, []).append(place)
            if word.phrases or word.gapped:
                for trait, span in _spans(word, place, known):
                    if hidden.isdisjoint(span):
                        found.setdefault(trait, []).append(place)
        if self._anywhere and not low.isascii() and _SPACELESS.search(low):
            for term, trait in self._anywhere:
                if term in low:
                    # Two characters say about as much as a word does.
                    found.setdefault(trait, []).append(low.find(term) // 2)
        return found

    def cover(self, words: list[str]) -> set[int]:
        """Give the places of all words that belong to some term."""
        known, covered = self._all(words), set[int]()
        for place, word in enumerate(known):
            if word is not None:
                if word.traits:
                    covered.add(place)
                for _, span in _spans(word, place, known):
                    covered.update(span)
        return covered

    def _all(self, words: list[str]) -> list[Known | None]:
        memory = self._known
        return [memory[word] if word in memory else self._look_up(word) for word in words]

    def _look_up(self, word: str) -> Known | None:
        ids = set(self._exact.get(word, ()))
        for size in self._sizes:
            if size > len(word):
                break
            ids |= self._stems.get(word[:size], set())
        known = None
        if ids:
            alone = dict.fromkeys(trait for number in sorted(ids) for trait in self._alone.get(number, ()))
            phrases = [phrase for number in sorted(ids) for phrase in self._phrases.get(number, ())]
            gapped = tuple(phrase for phrase in phrases if phrase[0][0][1] > 1)
            known = Known(tuple(sorted(ids)), tuple(alone), _by_second(phrases), gapped)
        # Words of people are few; words of logs and code are without end.
        if len(self._known) < 20_000 and len(word) < 32:
            self._known[word] = known
        return known


def _by_second(phrases: Iterable[Phrase]) -> dict[int, list[Phrase]]:
    found = dict[int, list[Phrase]]()
    for steps, trait in phrases:
        number, gap = steps[0]
        if gap == 1:
            found.setdefault(number, []).append((steps[1:], trait))
    return found


def _spans(word: Known, place: int, known: list[Known | None]) -> Iterator[tuple[str, list[int]]]:
    """Give each phrase that begins with a word at this place: its trait and the places of its words."""
    second = known[place + 1] if place + 1 < len(known) else None
    if second is not None and word.phrases:
        for number in second.numbers:
            for steps, trait in word.phrases.get(number, ()):
                if not steps or (rest := _span(steps, place + 1, known)):
                    yield trait, [place, place + 1, *(rest if steps else ())]
    for steps, trait in word.gapped:
        rest = _span(steps, place, known)
        if rest:
            yield trait, [place, *rest]


def _span(steps: tuple[Step, ...], place: int, known: list[Known | None]) -> list[int]:
    """Give the places of the words that must follow the one at this place, none if they do not."""
    span, end = list[int](), len(known)
    for number, gap in steps:
        for at in range(place + 1, min(end, place + gap + 1)):
            word = known[at]
            if word is not None and number in word.numbers:
                span.append(at)
                place = at
                break
        else:
            return []
    return span
