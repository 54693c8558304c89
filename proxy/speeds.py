"""Speeds: what was measured of local models as answers passed, and how long one is therefore likely to take."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from statistics import median_low
from typing import TypeVar

from proxy.bench.result import BenchResult, speeds_at
from proxy.speed import LEAST_ANSWERS, RECENT_S, Passed, Speed, Usual, speed_of
from proxy.upstream.knowledge import Knowledge
from proxy.upstream.local_model import LocalModel, LocalUpstream, identity

_Value = TypeVar("_Value")

MOST_SEEN = 8
"""Answers remembered of each model."""
MOST_MODELS, MOST_CONVERSATIONS = 256, 2048
KEPT_EVERY = 20
"""Answers after which what is usual is written down: the file is not written for every one."""
OUTPUT_TOKENS = 187
"""A typical answer (ROUTING.md), where too few of a model's own were seen."""
CACHE_LASTS_S = 1800.0
"""So long, about, a local server keeps the prompt of a conversation that it worked on."""


class Speeds:
    """Remembers the last answers of each model; safe from any thread.

    What is usual is kept with what else is known of a model, and stands for it where `bursar bench` measured nothing.
    """

    def __init__(self, knowledge: Callable[[], Knowledge], elapsed: Callable[[], float] = time.monotonic) -> None:
        self._knowledge, self._elapsed = knowledge, elapsed
        self._seen: OrderedDict[str, deque[tuple[float, Passed]]] = OrderedDict()
        self._usual: OrderedDict[str, Usual] = OrderedDict()
        self._unkept: Counter[str] = Counter()
        self._benches: OrderedDict[str, tuple[object, BenchResult | None]] = OrderedDict()
        self._held: OrderedDict[str, tuple[str, int, float]] = OrderedDict()
        self._shared: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def answered(self, upstream: LocalUpstream, model: LocalModel, passed: Passed) -> None:
        """Remember one whole answer."""
        name = identity(upstream, model)
        known = self._usual_of(name)
        with self._lock:
            self._see(name, passed)
            # Another answer may have come since.
            usual = self._usual[name] = self._usual.get(name, known).after(passed)
            _shorten(self._usual, MOST_MODELS)
            self._unkept[name] += 1
            is_due = usual.answers == LEAST_ANSWERS or self._unkept[name] >= KEPT_EVERY
            if is_due:
                del self._unkept[name]
        if is_due:
            self._knowledge().keep_seen(name, usual.as_json())

    def gave_up(self, upstream: LocalUpstream, model: LocalModel, after_s: float) -> None:
        """Remember that an agent left before it was shown anything: the wait was at least so long."""
        with self._lock:
            self._see(identity(upstream, model), Passed(after_s, after_s))

    def holds(
        self, conversation: str, upstream: LocalUpstream, model: LocalModel, tokens: int, cached: int = 0
    ) -> None:
        """Remember that a server has so many tokens of a conversation in its cache, and `cached` of them before.

        What it had of a conversation that was new to it, others have too: the agent's own words and its tools.
        """
        name, now = identity(upstream, model), self._elapsed()
        with self._lock:
            if self._held.get(conversation, ("", 0, 0.0))[0] != name:
                self._shared[name] = (cached, now)
                _shorten(self._shared, MOST_MODELS)
            self._held[conversation] = (name, tokens, now)
            self._held.move_to_end(conversation)
            _shorten(self._held, MOST_CONVERSATIONS)

    def held(self, conversation: str, upstream: LocalUpstream, model: LocalModel) -> int:
        """Say how many tokens of a conversation a server is likely to have in its cache."""
        name, now = identity(upstream, model), self._elapsed()
        with self._lock:
            place, tokens, at = self._held.get(conversation, ("", 0, 0.0))
            shared, since = self._shared.get(name, (0, 0.0))
        if place == name and now - at < CACHE_LASTS_S:
            return tokens
        return shared if now - since < CACHE_LASTS_S else 0

    def speed(self, upstream: LocalUpstream, model: LocalModel, tokens: int) -> Speed:
        """Say how fast a model is now at a prompt of so many tokens: by bench or habit, and by what passed."""
        name = identity(upstream, model)
        return speed_of(self._recent(name), self._benched(name, tokens) or self._usual_of(name).speed())

    def typical(self, upstream: LocalUpstream, model: LocalModel) -> tuple[int, float]:
        """Give the output tokens of a typical answer, and the seconds that one took of late; 0 where none was seen."""
        recent = [passed for _, passed in self._recent(identity(upstream, model))]
        outputs = [passed.output_tokens for passed in recent if passed.output_tokens]
        tokens = median_low(outputs) if len(outputs) >= 3 else OUTPUT_TOKENS
        return tokens, sum(passed.whole_s for passed in recent) / len(recent) if recent else 0.0

    def _recent(self, name: str) -> list[tuple[float, Passed]]:
        now = self._elapsed()
        with self._lock:
            return [(now - at, passed) for at, passed in self._seen.get(name, ()) if now - at < RECENT_S]

    def _see(self, name: str, passed: Passed) -> None:
        self._seen.setdefault(name, deque(maxlen=MOST_SEEN)).append((self._elapsed(), passed))
        self._seen.move_to_end(name)
        _shorten(self._seen, MOST_MODELS)

    def _usual_of(self, name: str) -> Usual:
        with self._lock:
            known = self._usual.get(name)
        if known is None:
            known = Usual.from_json(self._knowledge().seen(name))
            with self._lock:
                self._usual.setdefault(name, known)
                _shorten(self._usual, MOST_MODELS)
        return known

    def _benched(self, name: str, tokens: int) -> Speed | None:
        raw = self._knowledge().bench(name)
        if raw is None:
            return None
        with self._lock:
            before, result = self._benches.get(name, (None, None))
            if before is not raw:
                # Read once: the same object is given until the file changes.
                try:
                    result = BenchResult.from_json(raw)
                except ValueError:
                    result = None
                self._benches[name] = (raw, result)
                _shorten(self._benches, MOST_MODELS)
        found = speeds_at(result, tokens) if result else None
        return Speed(0.0, *found) if found else None


def _shorten(kept: OrderedDict[str, _Value], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
