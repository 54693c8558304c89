"""Weigh: from the words of a turn to its kind and tier; in doubt the safer tier."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from proxy.classify.agrees import only_agrees
from proxy.classify.forest import chance
from proxy.classify.form import size_of
from proxy.classify.model import BEFORE, Caution, Model, shipped, with_before
from proxy.classify.plain import Plain, plain
from proxy.classify.restricted_words import leans_on_restricted, restricted_words
from proxy.classify.terms import COMPLEX, TRAITS
from proxy.classify.traits import Traits, traits_of
from proxy.request import AgentRequest
from proxy.task import NO_WORDS, Reason, Task, TaskClass, Tier

MOST_TURNS = 4096
SHOWN_REASONS = 4
SURE_OF_WORDS = 0.6
"""How often a restricted word means restricted work, on labelled prompts; the tier does not depend on it."""


class Words:
    """Remembers what the words of a turn weigh: nine requests in ten continue a turn that was weighed before.

    Texts are told apart by Python's keyed hash and their length: nothing of them is kept. Safe from any thread.
    """

    def __init__(self, caution: Caution = "balanced", most: int = MOST_TURNS) -> None:
        self._caution = caution
        self._model = shipped()  # Read now: it would take ten milliseconds of the first request.
        self._most = most
        self._tasks: OrderedDict[tuple[int, int], Task] = OrderedDict()
        self._lock = Lock()

    def weigh(self, request: AgentRequest) -> Task:
        """Classify by the words of the current request, from memory if they were weighed before."""
        turn = request.turn
        key = (hash((turn.text, turn.previous)), len(turn.text))
        with self._lock:
            known = self._tasks.get(key)
        if known is None:
            known = by_words(turn.text, turn.previous, self._caution, self._model)
            with self._lock:
                self._tasks[key] = known
                while len(self._tasks) > self._most:
                    self._tasks.popitem(last=False)
        return known


def by_words(text: str, previous: str = "", caution: Caution = "balanced", model: Model | None = None) -> Task:
    """Classify by the words of the current request; one that only says yes is what was asked before it.

    A request without words is taken for complex.
    """
    if not text:
        return Task(TaskClass.unknown, Tier.L2, 0.0, (Reason(NO_WORDS, "prompt"),))
    model = model or shipped()
    if not only_agrees(text):
        return _weigh(plain(text), plain(previous), caution, model)
    goes_on = Reason("words.continue", "prompt")
    if not previous or only_agrees(previous):
        return Task(TaskClass.continuation, Tier.L1, 0.4, (goes_on,))
    before = _weigh(plain(previous), plain(""), caution, model)
    reasons = (goes_on, *(Reason(reason.rule, "previous prompt") for reason in before.reasons[: SHOWN_REASONS - 1]))
    tier = max(before.tier, Tier.L1)
    return Task(TaskClass.continuation, tier, before.confidence / 2, reasons, doubt=before.doubt)


def _weigh(asked: Plain, before: Plain, caution: Caution, model: Model) -> Task:
    traits = traits_of(asked)
    kind = model.kind(traits)
    rule = restricted_words(asked.low)
    if rule:
        return Task(kind, Tier.L3, SURE_OF_WORDS, (Reason(rule, "prompt"),))
    rule = _carried(asked, before, traits)
    if rule:
        return Task(kind, Tier.L3, SURE_OF_WORDS, (Reason(rule, "previous prompt"),))
    whole = with_before(traits, traits_of(before) if before.low else {}, size_of(asked.text))
    is_complex, is_more = chance(model.complex.score(whole)), chance(model.more_than_safe.score(whole))
    tier, sure = _tier(is_complex, is_more, model.complex_from[caution])
    return Task(kind, tier, round(sure, 3), _reasons(whole, tier, model), doubt=round(is_complex, 3))


def _carried(asked: Plain, before: Plain, traits: Traits) -> str | None:
    """Name the rule that restricted what this request goes on with."""
    only_asks, broken = "only.asks.briefly" in traits, "still.broken" in traits
    return leans_on_restricted(asked.low, before.low, only_asks=only_asks, still_broken=broken)


def _tier(is_complex: float, is_more: float, complex_from: float) -> tuple[Tier, float]:
    """Tell the tier and how likely it is that it is no other."""
    if is_complex >= complex_from:
        return Tier.L2, is_complex
    if is_more >= 0.5:
        return Tier.L1, (1 - is_complex) * is_more
    return Tier.L0, (1 - is_complex) * (1 - is_more)


def _reasons(traits: Traits, tier: Tier, model: Model) -> tuple[Reason, ...]:
    """Name the traits that spoke most for the tier, what was said before how it was said."""
    moved = sorted(_moved(traits, tier, model).items(), key=lambda each: (-each[1], each[0]))
    # How many signs of complex work there are may count most; which ones there are says more to a person.
    names = [name for name, by in moved if by > 0 and not name.startswith("complex.")]
    first = COMPLEX if tier is Tier.L2 else TRAITS
    names.sort(key=lambda name: name not in first)
    return tuple(_reason(name) for name in names[:SHOWN_REASONS]) or (Reason("words.no_rule", "prompt"),)


def _moved(traits: Traits, tier: Tier, model: Model) -> dict[str, float]:
    """Tell by how much each trait spoke for the tier: routine work is more than safe, and less than complex."""
    found = dict[str, float]()
    sides = {Tier.L2: ((model.complex, 1),), Tier.L1: ((model.more_than_safe, 1), (model.complex, -1))}
    for forest, speaks in sides.get(tier, ((model.more_than_safe, -1),)):
        for name, by in forest.contributions(traits):
            found[name] = found.get(name, 0.0) + speaks * by
    return found


def _reason(name: str) -> Reason:
    if name.startswith(BEFORE):
        return Reason(f"words.{name.removeprefix(BEFORE)}", "previous prompt")
    return Reason(f"words.{name}", "prompt")
