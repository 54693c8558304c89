"""Lengths: what the provider counted of a prompt makes the next one that begins the same almost exact.

A conversation grows at its end. Of a prompt whose beginning was measured only the rest has to be estimated, and by how
much that estimate was off teaches the ratios.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from budget.prompt import Prompt, Split
from pricing.tokens import Estimate, Kind, Ratios, Sizes
from pricing.usage import ImpossibleUsage, Usage, usage_from_anthropic

MOST_KEPT = 4096
"""Measured prefixes remembered; each request measures up to three, and a conversation needs the last ones: 1 MB."""
NEAR = 50
"""By how many thousandths a prefix that was read may differ from what it was taken for."""

NO_REST = Estimate(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Laid:
    """A prompt with what stands in its blocks; the first `known` of them were measured, the rest is estimated.

    `rest` says between which numbers the tokens of the rest lie. `messages` says with which block each message begins,
    `asked_before` how many blocks came before the last answer that stands in it: all of an earlier request.
    """

    prompt: Prompt
    sizes: Sequence[Sizes]
    generation: str
    known: int
    rest: Estimate
    messages: Sequence[int] = ()
    asked_before: int = 0

    @property
    def tokens(self) -> Estimate:
        """All tokens of the prompt."""
        known = self.prompt.sums[self.known]
        return Estimate(known + self.rest.low, self.prompt.sums[-1], known + self.rest.high)

    def low(self, split: Split) -> Split:
        """Divide the prompt at the same places if its estimated blocks had the fewest tokens."""
        return self._stretched(split, self.rest.low)

    def high(self, split: Split) -> Split:
        """Divide it at the same places if they had the most."""
        return self._stretched(split, self.rest.high)

    def _stretched(self, split: Split, rest: int) -> Split:
        sums, places = self.prompt.sums, len(self.prompt.blocks)
        known, whole = sums[self.known], sums[-1]
        if whole == known:
            return split
        measured = tuple(pair for pair in ((self.known, known), (places, known + rest)) if pair[0])
        return self.prompt.fitted(measured).split(*split.cuts)


class Lengths:
    """Remembers what prefixes were measured at, by their digests; the caller keeps threads apart."""

    def __init__(self, ratios: Ratios, most: int = MOST_KEPT) -> None:
        self._ratios, self._most = ratios, most
        self._kept: OrderedDict[bytes, int] = OrderedDict()

    def fitted(
        self,
        prompt: Prompt,
        sizes: Sequence[Sizes],
        generation: str,
        messages: Sequence[int] = (),
        asked_before: int = 0,
    ) -> Laid:
        """Put what is known of a prompt's beginning in the place of estimates."""
        found = [(place + 1, self._kept[digest]) for place, digest in prompt.prefixes.items() if digest in self._kept]
        known = max((place for place, _ in found), default=0)
        if found:
            prompt = prompt.fitted(tuple(sorted(found)))
        if known == len(sizes):
            return Laid(prompt, sizes, generation, known, NO_REST, messages, asked_before)
        likely = prompt.sums[-1] - prompt.sums[known]
        guess = self._ratios.tokens(generation, _summed(sizes[known:]))
        share = max(1, guess.likely)
        rest = Estimate(likely * guess.low // share, likely, -(-likely * guess.high // share))
        return Laid(prompt, sizes, generation, known, rest, messages, asked_before)

    def heard(self, laid: Laid, usage: Mapping[str, Any], told: Usage | None = None) -> None:
        """Keep what an answer's usage says of its prompt, and learn from what was only estimated."""
        try:
            told = told or usage_from_anthropic(usage)
        except ImpossibleUsage:
            return
        prompt = laid.prompt
        # An answer in several passes has read several prompts: its counts are no length of this one.
        if not prompt.blocks or not told.prompt or usage.get("iterations"):
            return
        new = told.prompt - prompt.sums[laid.known]
        if new > 0:
            self._ratios.teach(laid.generation, _summed(laid.sizes[laid.known :]), new)
        self._keep(prompt.prefixes[len(prompt.blocks) - 1], told.prompt)
        cached = told.cache_read + told.cache_write_5m + told.cache_write_1h
        if cached and prompt.marks:
            self._keep(prompt.prefixes[prompt.last_mark], cached)
        if told.cache_read and cached > told.cache_read:
            self._place(prompt, told.cache_read)

    def _place(self, prompt: Prompt, read: int) -> None:
        """Find the breakpoint that a read can only have ended at, and keep its length."""
        if any(tokens == read for _, tokens in prompt.measured):
            return
        near = [place for place in prompt.marks if abs(prompt.sums[place + 1] - read) * 1000 <= read * NEAR]
        if len(near) == 1:
            self._keep(prompt.prefixes[near[0]], read)

    def _keep(self, digest: bytes, tokens: int) -> None:
        self._kept[digest] = tokens
        self._kept.move_to_end(digest)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)


def _summed(sizes: Sequence[Sizes]) -> dict[Kind, int]:
    total: dict[Kind, int] = {}
    for size in sizes:
        for kind, units in size.items():
            total[kind] = total.get(kind, 0) + units
    return total
