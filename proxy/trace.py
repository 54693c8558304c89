"""Trace: what was read as the request and why it went where it went, kept for a while to be explained."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Literal

from budget.bands import Band
from budget.state import Mode
from proxy.coldcache import Worth
from proxy.decision import Decision, Override, View
from proxy.request import AgentRequest, Dialect
from proxy.route import Fit
from proxy.task import Reason, Task, TaskClass, Tier
from proxy.upstream.local_model import LocalUpstream

MOST_KEPT = 1000
LONG_TEXT = 4096
"""Characters; the words of a longer text are counted by its blanks, which is quicker and near enough."""

TurnKind = Literal["new", "continuation", "side"]
RuleSource = Literal["config", "project", ""]


@dataclass(frozen=True, slots=True)
class Trace:
    """All that a decision was made from, as values: of the prompt only how long it was, never a word.

    `turn_key` begins with the same letters for each request of one turn. `off` names the local servers that were not
    usable, each with why. `rule` is empty where none matched; `bare` is then None, else the view and the task as they
    were before the rule. `gate` is None where the cold cache was not weighed.
    """

    request_id: str
    at: datetime
    session: str
    agent: str
    project: str
    dialect: Dialect
    model_asked: str
    turn: TurnKind
    turn_key: str
    request_words: int
    request_chars: int
    view: View
    task: Task
    fit: Fit
    decision: Decision
    off: tuple[tuple[str, str], ...] = ()
    rule: str = ""
    rule_source: RuleSource = ""
    project_file_problem: str = ""
    gate: Worth | None = None
    bare: tuple[View, Task] | None = None
    unsaid: View | None = None
    """The view as it would be without the person's word on this request; None where there was none."""
    said: str = ""
    """The sentence with which bursar itself refused it, if it did."""

    @property
    def tokens(self) -> int:
        """How many tokens the request is likely to have."""
        return self.fit.input_tokens

    @property
    def task_class(self) -> TaskClass:
        """What kind of work was found to be asked for."""
        return self.task.task_class

    @property
    def tier_found(self) -> Tier:
        """The tier of the request by itself, before any rule."""
        return (self.bare[1] if self.bare else self.task).tier

    @property
    def tier(self) -> Tier:
        """The tier that counted: of the turn, or of a session that was restricted once."""
        return self.decision.tier

    @property
    def confidence(self) -> float:
        """How sure the classifier was, from 0 to 1."""
        return self.task.confidence

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Which rules of the classifier hit, and where."""
        return self.task.reasons

    @property
    def override(self) -> Override | None:
        """A person's word on this one request."""
        return self.view.override

    @property
    def mode(self) -> Mode:
        """The mode at that moment."""
        return self.view.mode

    @property
    def band(self) -> Band:
        """The band at that moment."""
        return self.view.band


def trace_of(
    request_id: str,
    at: datetime,
    asked: AgentRequest,
    task: Task,
    view: View,
    fit: Fit,
    decision: Decision,
    *,
    servers: tuple[LocalUpstream, ...] = (),
    rule: str = "",
    rule_source: RuleSource = "",
    project_file_problem: str = "",
    gate: Worth | None = None,
    bare: tuple[View, Task] | None = None,
    unsaid: View | None = None,
) -> Trace:
    """Gather what a decision was made from; `servers` are all local ones as last seen, usable or not."""
    return Trace(
        request_id=request_id,
        at=at,
        session=asked.session,
        agent=asked.agent_id,
        project=asked.project,
        dialect=asked.dialect,
        model_asked=asked.model,
        turn=_turn(asked, task),
        turn_key=asked.turn.key,
        request_words=_words(asked.turn.text),
        request_chars=len(asked.turn.text),
        view=view,
        task=task,
        fit=fit,
        decision=decision,
        off=tuple((server.name, server.why) for server in servers if not server.healthy),
        rule=rule,
        rule_source=rule_source,
        project_file_problem=project_file_problem,
        gate=gate,
        bare=bare,
        unsaid=unsaid,
    )


class Traces:
    """The last traces by their requests' ids, the oldest forgotten; safe from any thread."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._kept: OrderedDict[str, Trace] = OrderedDict()
        self._most = most
        self._lock = Lock()

    def add(self, trace: Trace) -> None:
        """Keep a trace; one that is decided anew takes the place of what was decided before."""
        with self._lock:
            self._kept[trace.request_id] = trace
            self._kept.move_to_end(trace.request_id)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def told(self, request_id: str, said: str) -> None:
        """Keep with what sentence a request was refused."""
        with self._lock:
            if request_id in self._kept:
                self._kept[request_id] = replace(self._kept[request_id], said=said)

    def find(self, request_id: str) -> Trace | None:
        """Give the trace of a request; None once it is forgotten."""
        with self._lock:
            return self._kept.get(request_id)

    @property
    def last(self) -> Trace | None:
        """The newest trace; None before the first request."""
        with self._lock:
            return next(reversed(self._kept.values()), None)


def _turn(asked: AgentRequest, task: Task) -> TurnKind:
    if task.side not in (None, "subagent"):
        return "side"
    return "continuation" if asked.turn.continuation else "new"


def _words(text: str) -> int:
    if len(text) <= LONG_TEXT:
        return len(text.split())
    return text.count(" ") + text.count("\n") + 1
