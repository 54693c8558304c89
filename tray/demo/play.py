"""The play: sends the day's steps to bursar, each at its moment and one after the other, as an agent would."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection
from typing import Literal

from budget.saved import Saved
from pricing.money import Money
from tray.demo.day import Step
from tray.demo.stage import Stage
from tray.demo.talk import Talk, blocks_of, headers_of

TIMEOUT_S = 60.0
Fate = Literal["Claude", "local", "refused"]


@dataclass(frozen=True, slots=True)
class Sent:
    """One request, and what became of it; `reason` is bursar's own."""

    step: Step
    fate: Fate
    tier: str
    task_class: str
    reason: str

    @property
    def escalated(self) -> str:
        """Say why a local attempt went on at Claude; empty if none did."""
        return self.reason.partition("escalated: ")[2]


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn that has ended, and how the day stood then."""

    at: datetime
    sent: tuple[Sent, ...]
    spent: Money
    saved: Saved
    crossed: tuple[int, ...]
    """The percentages of the budget that were passed in it."""

    @property
    def fates(self) -> Counter[Fate]:
        """Count where its requests went."""
        return Counter(one.fate for one in self.sent)


class Play:
    """Plays days; `sent` are the requests of the last of them."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self._now: Step | None = None
        self._talks: dict[tuple[str, str], Talk] = {}
        self._open: dict[tuple[str, str], list[Sent]] = {}
        self._over: set[tuple[str, str, int]] = set()
        self._percent = 0

    def now(self) -> Step:
        """Give the step that is under way."""
        assert self._now is not None, "nothing was asked yet"
        return self._now

    def turns(
        self, steps: list[Step], stage: Stage, pace: Callable[[float], None], *, is_watched: bool = True
    ) -> Iterator[Turn]:
        """Send a day's steps, one after the other, and tell of each turn that ends.

        `pace` is told each step's share of the day first, and waits as long as the audience wants. What was saved is
        exact with each turn of a day that is watched, and else with the last.
        """
        self.sent, self._percent = [], 0
        first_s, lasts_s = steps[0].at_s, max(1.0, steps[-1].at_s - steps[0].at_s)
        port = int(stage.app.proxy_url.rpartition(":")[2])
        connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        for step in steps:
            pace((step.at_s - first_s) / lasts_s)
            if (step.session, step.agent, step.turn) in self._over:
                continue
            self._now = step
            stage.moment.turn_to(step.at_s)
            sent = self._send(connection, step, stage)
            self.sent.append(sent)
            self._open.setdefault((step.session, step.agent), []).append(sent)
            if sent.fate == "refused" or not step.tool:
                if is_watched or step is steps[-1]:
                    stage.settle()
                yield self._ended(step, stage)
        connection.close()

    def _send(self, connection: HTTPConnection, step: Step, stage: Stage) -> Sent:
        key = (step.session, step.agent)
        talk = self._talks.setdefault(key, Talk(step))
        connection.request("POST", "/v1/messages?beta=true", talk.ask(step), headers_of(step))
        answer = connection.getresponse()
        body = answer.read()
        _wait_for_holds(stage)
        line = stage.services.log.find(answer.headers.get("x-bursar-request", ""))
        told = (answer.headers.get("x-bursar-tier", ""), line.task_class if line else "")
        reason = answer.headers.get("x-bursar-reason", "")
        if answer.status != 200:
            self._over.add((*key, step.turn))
            talk.drop()
            return Sent(step, "refused", *told, reason)
        talk.take(blocks_of(body))
        is_claude = answer.headers["x-bursar-route"].startswith("anthropic")
        return Sent(step, "Claude" if is_claude else "local", *told, reason)

    def _ended(self, step: Step, stage: Stage) -> Turn:
        ledger = stage.services.ledger
        today = ledger.today()
        before, self._percent = self._percent, today.settled.picos * 100 // max(1, today.limits.budget.picos)
        crossed = tuple(percent for percent in today.limits.alerts if before < percent <= self._percent)
        sent = tuple(self._open.pop((step.session, step.agent)))
        saved = ledger.baselines.saved(today.day, today.day)
        return Turn(stage.moment.clock(), sent, today.settled, saved, crossed)


def _wait_for_holds(stage: Stage) -> None:
    """Wait until what was just answered is settled, so that the next request finds the day as it is."""
    end = time.monotonic() + TIMEOUT_S
    while stage.services.ledger.today().open_holds and time.monotonic() < end:
        time.sleep(0.001)
