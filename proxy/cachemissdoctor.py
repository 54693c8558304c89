"""The cache doctor: follows what Claude's cache should hold, and judges each answer's bill by it.

It works in the recorder's thread, aside from the way of requests.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from budget.cachemiss import Looked, Miss
from budget.entries import Outcome, Settlement
from budget.promptcache import LIFETIMES, Life, Prompt, Simulator, Split
from pricing.money import Money
from pricing.table import PriceTable
from pricing.tariff import Tariff
from pricing.usage import ImpossibleUsage, Usage
from proxy.baselineworld import Pending
from proxy.cachemiss import Expected, fitted, milliseconds, missed, prefix_of, priced
from proxy.cachemisschange import change
from proxy.cachemisshints import Hint, Hints
from proxy.cachemisslines import Lines, Said

MOST_OPEN = 1024
MOST_KEPT_WARM = 1024
"""Conversations remembered that the cache keeper has pinged."""
NEVER = 0.0
"""The moment at which all happens in a cache that forgets nothing."""

_UNKNOWN: tuple[Money | None, Money | None] = (None, None)


@dataclass(frozen=True, slots=True)
class _Case:
    """A request at Claude whose answer is not judged yet."""

    hold_id: int
    owner: tuple[str, str]
    expected: Expected
    prices: PriceTable
    is_plan: bool
    is_unsure: bool


class Doctor:
    """Judges what requests missed; one thread at a time, but `hints` from any."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._ever = Simulator()
        self._lives: dict[Life, Simulator] = {life: Simulator() for life in LIFETIMES}
        self._open: OrderedDict[int, _Case] = OrderedDict()
        self._kept_warm: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._hints = Hints()

    def hints(self, now: datetime) -> tuple[Hint, ...]:
        """Name the sessions whose prefix breaks all the time, while they go on."""
        return self._hints.of(now)

    def sent(self, number: int, pending: Pending, active: datetime | None) -> None:
        """Say what can be expected of a request; `active` is when its session was last active before this process."""
        sent, really = pending.sent, pending.really
        owner = (sent.session, sent.agent)
        if really is None:
            self._lines.local(owner)
            return
        prompt = really.laid.prompt
        said = Said.of(prompt, really.laid.generation, sent.at)
        before, only_front = self._lines.add(owner, said)
        expected = Expected(
            laid=really.laid,
            said=said,
            before=before,
            only_front=only_front,
            still=before.still(said.digests) if before else (),
            change=change(before, said, really.laid.messages) if before else None,
            really=really.split.cuts[0],
            ever=self._ever.ask(prompt, NEVER).cuts[0],
            rested=sent.at - active if active is not None else None,
            lives=self._ask_lives(prompt, sent.at),
        )
        self._open[number] = _Case(
            sent.hold_id, owner, expected, pending.prices, sent.is_plan, pending.warm is not None
        )
        while len(self._open) > MOST_OPEN:
            self._open.popitem(last=False)

    def pinged(self, pending: Pending) -> None:
        """Note a ping of the cache keeper: nobody knows which ones it had sent with another lifetime.

        So its conversation is compared no more. What others share with it lives on as they ask for it.
        """
        if pending.really is None:
            return
        sent, prompt = pending.sent, pending.really.laid.prompt
        self._kept_warm[(sent.session, sent.agent)] = None
        self._kept_warm.move_to_end((sent.session, sent.agent))
        while len(self._kept_warm) > MOST_KEPT_WARM:
            self._kept_warm.popitem(last=False)
        life = prompt.marks.get(prompt.last_mark)
        if life:
            self._lives[life].ask(prompt.lasting(life), sent.at.timestamp())

    def began(self, number: int, at: datetime) -> None:
        """Note that Claude answers: what the request wrote can be read."""
        case = self._open.get(number)
        if case is None:
            return
        prompt = case.expected.laid.prompt
        case.expected.said.began_at = at
        self._ever.began(prompt, NEVER)
        for simulator in self._lives.values():
            simulator.began(prompt, at.timestamp())

    def ended(self, number: int, settlement: Settlement, raw: Mapping[str, Any], told: Usage | None) -> Looked | None:
        """Judge a request by its bill and the usage object in it; None where none is there or can be told apart.

        `told` is what that object says; None if no answer can have it.
        """
        case = self._open.pop(number, None)
        if case is None:
            return None
        if settlement.outcome is Outcome.voided:
            self._lines.forget(case.owner, case.expected.said)
            return None
        if told is None:
            return None
        try:
            looked = self._look(case, settlement, raw, told)
        except ImpossibleUsage:
            return None
        case.expected.said.cached = told.cache_read + told.cache_write_5m + told.cache_write_1h
        self._hints.heard(case.owner[0], case.expected, looked)
        return looked

    def _look(self, case: _Case, settlement: Settlement, raw: Mapping[str, Any], told: Usage) -> Looked:
        expected = case.expected
        prompt, before = expected.laid.prompt, expected.before
        prefix = marked = 0
        misses, lives = tuple[Miss, ...](), _UNKNOWN
        # An answer in several passes has read several prompts, of which only one is known.
        if told.prompt and not raw.get("iterations"):
            fit, tariff = fitted(expected, told), Tariff.of(raw, expected.said.model, expected.said.at, case.prices)
            tariff.total(told)  # What cannot have been billed tells nothing.
            misses = priced(expected, missed(expected, told, fit), told, tariff)
            prefix, marked = prefix_of(expected, fit) if expected.is_continued else 0, fit.sums[prompt.last_mark + 1]
            if self._is_known(case, settlement):
                lives = _lives(expected, fit, tariff, told)
        return Looked(
            hold_id=case.hold_id,
            prefix=prefix,
            marked=marked,
            life=prompt.marks.get(prompt.last_mark, ""),
            pause_ms=milliseconds(expected.pause),
            local_between=before.locals if before else 0,
            if_5m=lives[0],
            if_1h=lives[1],
            is_plan=case.is_plan,
            misses=misses,
        )

    def _is_known(self, case: _Case, settlement: Settlement) -> bool:
        """Tell whether it can be known what a request would have cost with another lifetime."""
        if case.is_unsure or case.owner in self._kept_warm:
            return False
        return settlement.outcome is Outcome.complete and bool(settlement.likely)

    def _ask_lives(self, prompt: Prompt, at: datetime) -> dict[Life, Split]:
        return {life: world.ask(prompt.lasting(life), at.timestamp()) for life, world in self._lives.items()}


def _lives(expected: Expected, fit: Prompt, tariff: Tariff, told: Usage) -> tuple[Money, Money]:
    """Price a request as it would have been with either lifetime."""
    short, long = expected.lives["5m"], expected.lives["1h"]
    if_5m = tariff.total(fit.split(*short.cuts).tokens(told.output))
    return if_5m, if_5m if long == short else tariff.total(fit.split(*long.cuts).tokens(told.output))
