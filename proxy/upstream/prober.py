"""The prober: probes models in the background when they are first seen or wanted, one at a time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime

from proxy.upstream.ask import Asker, NoAnswer
from proxy.upstream.fields import tables
from proxy.upstream.local import Registry, plain_session
from proxy.upstream.local_model import LocalModel, LocalUpstream, identity
from proxy.upstream.toolprobe import PATIENCE, Patience, ToolProbe

LOOK_S = 1.0
FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 3600.0

Busy = Callable[[str, str], bool]
"""Whether a model of an upstream works at requests of agents."""

log = logging.getLogger(__name__)


class Prober:
    """Probes what the registry has to probe, until `leaving`.

    A probe that could find nothing out – the server was loading, or went away – is made again after a pause, which
    doubles each time.
    """

    def __init__(
        self,
        registry: Callable[[], Registry],
        *,
        clock: Callable[[], datetime],
        leaving: threading.Event,
        busy: Busy = lambda upstream, model: False,
        patience: Patience = PATIENCE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry, self._clock, self._leaving = registry, clock, leaving
        self._busy, self._patience, self._monotonic = busy, patience, monotonic
        self._pauses: dict[str, tuple[float, float]] = {}
        self._looked_at = 0.0

    def run(self) -> None:
        """Probe until `leaving`: the whole life of a thread."""
        while not self._leaving.wait(LOOK_S):
            try:
                self.look()
            except Exception:  # The top of a thread: the next look may succeed.
                log.exception("probing local models failed")

    def look(self) -> None:
        """Probe every model that is to be probed now; at once when there is nothing new."""
        registry = self._registry()
        if not registry.news.is_set() and self._monotonic() < self._looked_at + FIRST_PAUSE_S:
            return
        registry.news.clear()
        self._looked_at = self._monotonic()
        while (pair := self._next(registry)) and not self._leaving.is_set():
            self._probe(registry, *pair)

    def _next(self, registry: Registry) -> tuple[LocalUpstream, LocalModel] | None:
        now = self._monotonic()
        return next(
            (pair for pair in registry.to_probe() if now >= self._pauses.get(identity(*pair), (0.0, 0.0))[0]), None
        )

    def _probe(self, registry: Registry, upstream: LocalUpstream, model: LocalModel) -> None:
        probe = ToolProbe(
            upstream,
            model,
            clock=self._clock,
            leaving=self._leaving.is_set,
            ready=lambda: not self._busy(upstream.name, model.id) and not _has_work(upstream),
            patience=self._patience,
            monotonic=self._monotonic,
        )
        result = probe.run()
        if self._leaving.is_set():
            return
        registry.learned(upstream, model, result)
        self._pause(identity(upstream, model), found=result.passed is not None)
        said = {True: "passed", False: f"failed: {result.cause}", None: f"could not be made: {result.cause}"}
        log.info("tool probe of %s at %s %s", model.id, upstream.name, said[result.passed])

    def _pause(self, name: str, *, found: bool) -> None:
        if found:
            self._pauses.pop(name, None)
            return
        pause_s = min(self._pauses.get(name, (0.0, 0.0))[1] * 2 or FIRST_PAUSE_S, LONGEST_PAUSE_S)
        self._pauses[name] = (self._monotonic() + pause_s, pause_s)


def _has_work(upstream: LocalUpstream) -> bool:
    """Tell whether all slots of a llama.cpp server are at work, for whomever; no other server tells."""
    if upstream.kind != "llamacpp":
        return False
    try:
        with plain_session() as session:
            slots = tables(Asker(session, upstream.base_url, upstream.api_key).get("/slots").json)
    except NoAnswer:
        return False
    return bool(slots) and all(slot.get("is_processing") is True for slot in slots)
