"""What a request missed of Claude's cache: from what could be expected of it and what was billed – pure.

The bill alone says how many tokens were read and written. Simulations only say why: what a cache that never forgets
would have read, and what Claude's should have read by its own rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import compress
from operator import sub

from budget.cachemiss import Cause, Kind, Miss, What
from budget.promptcache import LIFETIMES, Life, Prompt, Split
from pricing.tariff import Tariff
from pricing.usage import Usage
from proxy.cachemisslines import Said
from proxy.promptlengths import NEAR, Laid

NO_REST = timedelta(0)


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known of a request before its answer; places are numbers of blocks.

    `before` is the request before it in its line, of which `still` says for each block whether it stood in its cached
    part; `only_front`: they share only tools or system. `change` is what is not as it was there. Claude should read up
    to `really`, a cache that forgets nothing up to `ever`. `rested` is how long the session had been silent where
    bursar was started since; None if that is not known.
    """

    laid: Laid
    said: Said
    before: Said | None
    only_front: bool
    still: Sequence[bool]
    change: Cause | None
    really: int
    ever: int
    rested: timedelta | None
    lives: Mapping[Life, Split]

    @property
    def pause(self) -> timedelta | None:
        """From the start of the request before to that of this one; None where there was none."""
        return self.rested if self.before is None else self.said.at - self.before.at

    @property
    def is_continued(self) -> bool:
        """Whether an earlier request of this conversation was, or must have been, made."""
        return self.before is not None or self.laid.asked_before > 0

    @property
    def was_begun(self) -> bool:
        """Whether the request before had begun to be answered."""
        return self.before is not None and _begun(self.before, self.said.at)


def missed(expected: Expected, told: Usage, prompt: Prompt) -> list[tuple[Cause, int]]:
    """Say how many tokens were missed and why, in the order of the prompt; `prompt` is fitted to what was billed."""
    read, charged = told.cache_read, told.cache_write_1h + told.cache_write_5m + told.input
    if not expected.is_continued:
        return _first(expected, prompt, (read, read + charged - told.input))
    if expected.only_front and not _both_are_marked(expected):
        return []  # A title or a summary beside the conversation asks for no caching.
    until = min(prefix_of(expected, prompt), read + charged)
    is_hit = until <= read or (_is_near(until, read) and prompt.sums[expected.really] != read)
    own = [] if is_hit else _own(expected, told, prompt, (read, until))
    return [*own, *_of_others(expected, prompt, (max(read, until), read + charged))]


def prefix_of(expected: Expected, prompt: Prompt) -> int:
    """Count the tokens that stood in the conversation before, in the part that could be cached."""
    sums, before = prompt.sums, expected.before
    if before is None:
        return sums[expected.laid.asked_before]
    whole: int = sum(compress(map(sub, sums[1:], sums), expected.still))
    if before.cached and before.generation == expected.laid.generation:
        return min(whole, before.cached)
    return whole


def fitted(expected: Expected, told: Usage) -> Prompt:
    """Fit the prompt to what Claude counted: up to where it read, up to the last breakpoint, and all of it."""
    prompt = expected.laid.prompt
    facts = {len(prompt.blocks): told.prompt}
    cached = told.cache_read + told.cache_write_5m + told.cache_write_1h
    if cached and prompt.marks:
        facts[prompt.last_mark + 1] = cached
    if expected.really and _is_near(prompt.sums[expected.really], told.cache_read):
        facts[expected.really] = told.cache_read
    kept = {place: tokens for place, tokens in prompt.measured if _agrees(place, tokens, facts)}
    return prompt.fitted(tuple(sorted({**kept, **facts}.items())))


def priced(expected: Expected, pieces: Sequence[tuple[Cause, int]], told: Usage, tariff: Tariff) -> tuple[Miss, ...]:
    """Give each miss the classes its tokens were charged as: what follows the read part, longest-lived first."""
    if not pieces:
        return ()
    left, rates = [told.cache_write_1h, told.cache_write_5m, told.input], tariff.rates(told.prompt)
    misses = []
    for cause, tokens in pieces:
        taken = []
        for number, there in enumerate(left):
            take = min(there, tokens)
            left[number], tokens = there - take, tokens - take
            taken.append(take)
        misses.append(Miss(cause, taken[2], taken[1], taken[0], rates, _pause_ms(cause, expected)))
    return tuple(miss for miss in misses if miss.tokens)


def milliseconds(pause: timedelta | None) -> int | None:
    """Count the milliseconds of a pause; one that a clock turned back made negative is none."""
    return None if pause is None else max(0, pause // timedelta(milliseconds=1))


def _pause_ms(cause: Cause, expected: Expected) -> int | None:
    """Give the pause before a request; how long another conversation's prefix was not used is not known."""
    pause = expected.pause
    if cause.kind is Kind.expired and (pause is None or not _is_expired(expected.before or expected.said, pause)):
        return None
    return milliseconds(pause)


def _first(expected: Expected, prompt: Prompt, written: tuple[int, int]) -> list[tuple[Cause, int]]:
    """Divide what a conversation's first request wrote: its beginning may have been another one's, and have expired."""
    read, until = written
    shared = min(prompt.sums[expected.ever], until) if expected.ever > expected.really else 0
    pieces = [(Cause(Kind.expired), shared - read), (Cause(Kind.first), until - max(read, shared))]
    return [(cause, tokens) for cause, tokens in pieces if tokens > 0]


def _of_others(expected: Expected, prompt: Prompt, missing: tuple[int, int]) -> list[tuple[Cause, int]]:
    """Find what other conversations had cached of it beyond its own, and what has expired since."""
    at, until = missing
    could = min(prompt.sums[expected.ever], until)
    is_gone = expected.before is not None and expected.ever > expected.really
    return [(Cause(Kind.expired), could - at)] if is_gone and could > at and not _is_near(could, at) else []


def _own(expected: Expected, told: Usage, prompt: Prompt, missing: tuple[int, int]) -> list[tuple[Cause, int]]:
    """Say why a conversation's own prefix was not read."""
    if expected.before is None:
        return [(_of_before_the_start(expected), missing[1] - missing[0])]
    if (nothing := _nothing_cached(expected, expected.before, told)) is not None:
        return [(nothing, missing[1] - missing[0])]
    return list(_pieces(expected, expected.before, prompt, missing))


def _nothing_cached(expected: Expected, before: Said, told: Usage) -> Cause | None:
    """Say why nothing of the request before could be read, whatever this one asks; None if something could."""
    if not expected.was_begun:
        return Cause(Kind.parallel)
    if not _both_are_marked(expected):
        return Cause(Kind.unmarked)
    # Sizes are estimated until Claude has counted: its bills say for certain what was cached.
    was_short = before.is_short if before.cached is None else not before.cached
    is_short = not (told.cache_read or told.cache_write_5m or told.cache_write_1h)
    return Cause(Kind.short) if was_short or is_short else None


def _pieces(expected: Expected, before: Said, prompt: Prompt, missing: tuple[int, int]) -> Iterator[tuple[Cause, int]]:
    at, until = missing
    should = min(prompt.sums[expected.really], until)
    if should > at and not _is_near(should, at):
        yield Cause(Kind.unknown, What.evicted), should - at
        at = should
    could = min(prompt.sums[expected.ever], until)
    if could > at and _is_expired(before, expected.pause or NO_REST):
        yield Cause(Kind.expired), could - at
        at = could
    if until > at:
        yield _cause(expected, before), until - at


def _cause(expected: Expected, before: Said) -> Cause:
    """Say why what is left was not read, of a cache that forgets nothing."""
    if expected.change is not None:
        return expected.change
    if expected.ever < before.cached_to:
        return Cause(Kind.marks, back=_back(expected.laid.prompt, before.cached_to))
    return Cause(Kind.unknown, What.evicted)


def _both_are_marked(expected: Expected) -> bool:
    return expected.said.is_marked and (expected.before is None or expected.before.is_marked)


def _back(prompt: Prompt, cached_to: int) -> int:
    """Count the blocks from the breakpoint of before to the next one; below zero if all lie before it."""
    after = [mark for mark in prompt.marks if mark >= cached_to - 1]
    return (min(after) if after else prompt.last_mark) - (cached_to - 1)


def _of_before_the_start(expected: Expected) -> Cause:
    """Judge what an earlier run may have had cached: of that only the pause is known, if anything is."""
    if expected.rested is not None and _is_expired(expected.said, expected.rested):
        return Cause(Kind.expired)
    return Cause(Kind.unknown, What.earlier)


def _is_expired(said: Said, pause: timedelta) -> bool:
    lives = [LIFETIMES[life] for life in LIFETIMES if life in said.lives]
    return bool(lives) and pause.total_seconds() >= min(lives)


def _begun(said: Said, at: datetime) -> bool:
    return said.began_at is not None and said.began_at <= at


def _agrees(place: int, tokens: int, facts: Mapping[int, int]) -> bool:
    return all((tokens < known) if place < fact else (tokens > known) for fact, known in facts.items() if fact != place)


def _is_near(one: int, other: int) -> bool:
    return abs(one - other) * 1000 <= max(one, other) * NEAR
