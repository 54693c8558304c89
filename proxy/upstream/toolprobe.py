"""The tool probe: finds out by asking whether a model's tool calls can be relied on, and what is wrong where not.

Its requests take the same way as an agent's: the same translation, the same reading of the answer, streamed and whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from proxy.translate.request import CannotTranslate
from proxy.upstream import diagnosis
from proxy.upstream.interview import Interview, Over, Said
from proxy.upstream.local_model import LocalModel, LocalUpstream
from proxy.upstream.pace import Pace
from proxy.upstream.probe_checks import LARGE, Task, tasks
from proxy.upstream.probe_result import Check, Diagnosis, ProbeResult

TRIES = 3
"""A model samples: one that fails a check once has to pass it twice then."""

OUTSIDE = ("cancelled", "busy", "no server", "loading", "key")
"""Causes that lie outside the model, whatever was asked of it."""

BUSY_S = 0.5

Tell = Callable[[str, int, int], None]
"""Is told the check that begins, its number from 1, and how many there are."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a probe may take."""

    request_s: float = 120.0
    whole_s: float = 600.0


PATIENCE = Patience()


class ToolProbe:
    """One probe of one model; `run` makes it, `leaving` ends it early, and it rests while it is not `ready`."""

    def __init__(
        self,
        upstream: LocalUpstream,
        model: LocalModel,
        *,
        clock: Callable[[], datetime],
        leaving: Callable[[], bool] = lambda: False,
        ready: Callable[[], bool] = lambda: True,
        tell: Tell = lambda name, number, of: None,
        patience: Patience = PATIENCE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._upstream, self._model = upstream, model
        self._clock, self._monotonic = clock, monotonic
        self._leaving, self._ready, self._tell = leaving, ready, tell
        self._patience = patience
        # A person who lets the model take longer lets the probe wait as long.
        self._request_s = max(patience.request_s, model.first_s or 0.0)
        self._interview = Interview(upstream, model, leaving=leaving, request_s=self._request_s, monotonic=monotonic)
        self._until = 0.0
        self._checks: list[Check] = []
        self._limits: list[Diagnosis] = []
        self._pace = Pace()
        self._style: str | None = None

    def run(self) -> ProbeResult:
        """Make all checks, or as many as it takes to know that it cannot work."""
        began = self._monotonic()
        self._until = began + self._patience.whole_s
        cause = self._cause_of_all()
        return ProbeResult(
            passed=None if cause and cause.passing else cause is None,
            checks=tuple(self._checks),
            at=self._clock(),
            diagnosis=cause,
            limits=tuple(self._all_limits()) if cause is None else (),
            first_token_s=self._pace.first_s,
            prompt_tokens_per_s=self._pace.reads,
            tokens_per_s=self._pace.writes,
            setup=self._model.setup,
            seconds=round(self._monotonic() - began, 1),
        )

    def _cause_of_all(self) -> Diagnosis | None:
        if not self._upstream.healthy and not self._upstream.models:
            return diagnosis.unreachable(self._upstream, self._upstream.why)
        if self._model.claims_tools is False:
            return diagnosis.no_tools_in_template(self._upstream, self._model)
        every = tasks()
        try:
            for number, task in enumerate(every, start=1):
                self._wait_until_ready()
                self._tell(task.name, number, len(every))
                self._check(task)
        except Over as over:
            return over.cause
        return None

    def _wait_until_ready(self) -> None:
        """Let the agents' own requests go first."""
        while not self._ready():
            if self._leaving() or self._monotonic() > self._until:
                raise Over(Diagnosis("busy", f"{self._model.id} had other work all the time", passing=True))
            time.sleep(BUSY_S)

    def _all_limits(self) -> list[Diagnosis]:
        too_slow = diagnosis.slow(self._upstream, self._model, self._pace.reads, self._pace.writes)
        as_text = self._style and diagnosis.as_text(self._upstream, self._model, self._style, read=True)
        return [*([too_slow] if too_slow else []), *([as_text] if as_text else []), *self._limits]

    def _check(self, task: Task) -> None:
        """Make one check, streamed and in one piece where agents get it so; a fatal one that fails ends the probe."""
        began = self._monotonic()
        try:
            cause = self._majority(task, judged=False)
            if cause is None and task.fatal and self._comes_whole_too(task):
                cause = self._majority(task, judged=True)
        except Over as over:
            self._note(task, over.cause, began)
            self._limits.append(self._limit_of(task, over))
            return
        except CannotTranslate as cannot:
            self._note(task, self._unfit(task, cannot), began)
            return
        self._note(task, cause, began)
        if cause is not None and task.fatal:
            raise Over(cause)
        if cause is not None:
            self._limits.append(self._limit(task))

    def _limit_of(self, task: Task, over: Over) -> Diagnosis:
        """Take what ends other checks for a limit, where the calls themselves were right; else the probe is over."""
        key = over.cause.key
        if task.name == LARGE and key == "slow":
            # How long a person waits for right calls is theirs to judge.
            return diagnosis.too_late_for_an_agent(self._upstream, self._model, self._request_s)
        if task.name == LARGE and key == "context":
            return over.cause
        if task.fatal or key in OUTSIDE:
            raise over
        return self._limit(task)

    def _limit(self, task: Task) -> Diagnosis:
        return Diagnosis("limit", f"{self._model.id}: {task.limit}")

    def _note(self, task: Task, cause: Diagnosis | None, began: float) -> None:
        took = round(self._monotonic() - began, 1)
        self._checks.append(
            Check(task.name, cause is None, cause.key if cause else "", cause.says if cause else "", took)
        )

    def _unfit(self, task: Task, cannot: CannotTranslate) -> Diagnosis:
        """Tell what does not fit; that a long list of tools does not is the context's fault, not that of the calls."""
        cause = diagnosis.too_small(self._upstream, self._model)
        if task.name != LARGE or not cannot.does_not_fit:
            raise Over(cause)
        return cause

    def _majority(self, task: Task, *, judged: bool) -> Diagnosis | None:
        """Ask until one side has the majority of the tries; gives what is wrong, or nothing."""
        cause = self._try(task, judged=judged)
        if cause is None:
            return None
        again = (self._try(task, judged=judged) for _ in range(TRIES - 1))
        return next((one for one in again if one), None)

    def _try(self, task: Task, *, judged: bool) -> Diagnosis | None:
        if self._monotonic() > self._until:
            raise Over(diagnosis.too_late(self._upstream, self._model, self._patience.whole_s))
        said = self._interview.ask(task.fields, judged=judged)
        self._pace.add(said, streamed=not judged)
        if said.style and said.made:
            self._style = said.style
        if said.is_cut:
            raise Over(diagnosis.prompt_cut(self._upstream, self._model))
        return said.cause or self._judged(task, said)

    def _judged(self, task: Task, said: Said) -> Diagnosis | None:
        wrong = task.judge(said.text, said.made)
        if not wrong:
            return None
        if said.is_stray:
            return diagnosis.as_text(self._upstream, self._model, said.style, read=False)
        if wrong == "no call":
            return diagnosis.no_calls(self._upstream, self._model)
        return diagnosis.wrong_calls(self._model, wrong)

    def _comes_whole_too(self, task: Task) -> bool:
        """Tell whether a judged answer comes in another form than a streamed one at this server."""
        ask = self._interview.translated
        return ask(task.fields, judged=True).wire != ask(task.fields, judged=False).wire
