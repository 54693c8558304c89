"""Escalation: whether a local model's answer is good enough, judged from what is known of it – pure.

A sign alone may be wrong, so each says for which turns it counts. Wrong in every turn: no whole answer, a call that
cannot be run, words that are none. A turn decides the others: an announcement without a call is bad only where deeds
were asked for, an answer in another script only where Claude may be asked freely. What was slow, or hardly fitted, is
an answer all the same: that is told and remembered, and the next turn thinks better of the model.
"""

from __future__ import annotations

from dataclasses import dataclass

from proxy.decision import Escalation
from proxy.request import AgentRequest
from proxy.task import Task, TaskClass
from proxy.toolcalls.signals import Signal
from proxy.translate.errors import Trouble, unusable

DEEDS = frozenset(
    {
        TaskClass.code_generation,
        TaskClass.debugging,
        TaskClass.refactor,
        TaskClass.test,
        TaskClass.documentation,
        TaskClass.ops,
        TaskClass.continuation,
    }
)
"""Classes of tasks that want something done; the others want something said."""

REMEMBERED = frozenset({Signal.SLOW, Signal.NEARLY_FULL})
"""Signs that speak against the model, not against the answer that is there."""
ONLY_FREELY = frozenset({Signal.LANGUAGE, *REMEMBERED})
"""Signs that count only where Claude may be asked for more than failures."""
MENDED = frozenset({Signal.WRONG_CALL, Signal.NOT_CALLED, Signal.NO_CALL, Signal.RAW_MARKERS})
"""Signs of a call gone wrong in its form: a second attempt that is held to the schema can put it right."""
BUSY = 529
NOT_MEANT = "its server made it call a tool that it did not mean to call"
"""Such a call is well-formed and would be run: it is no answer, not even as the last resort."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be thought of one local answer.

    `signals` are the signs that count. `trouble` says why there is no whole answer at all; without it the answer can be
    shown, as the last resort even if it is not good. `was_answered` unless the server could not be reached, fell silent
    or broke off.
    """

    signals: tuple[Signal, ...] = ()
    trouble: Trouble | None = None
    was_answered: bool = True

    @property
    def is_good(self) -> bool:
        """Whether it may be shown without looking further."""
        return self.trouble is None and not self._against

    @property
    def why(self) -> str:
        """Say what is wrong in a few words, free of prompt text."""
        return self.trouble.why if self.trouble else ", ".join(self._against)

    @property
    def may_mend(self) -> bool:
        """Whether a second attempt that is held to the tools' schemas can do better."""
        if self.trouble:
            return self.was_answered and self.trouble.retry and self.trouble.status != BUSY
        return bool(self._against) and set(self._against) <= MENDED

    @property
    def badness(self) -> tuple[bool, int]:
        """Order judgements from best to worst."""
        return self.trouble is not None, len(self._against)

    @property
    def _against(self) -> tuple[Signal, ...]:
        return tuple(signal for signal in self.signals if signal not in REMEMBERED)


def weigh(
    trouble: Trouble | None, seen: tuple[Signal, ...], escalation: Escalation, *, was_answered: bool = True
) -> Judgement:
    """Weigh the signs of an answer for a turn that may go on to Claude so far."""
    if Signal.FORCED in seen and trouble is None:
        trouble = unusable(NOT_MEANT, retry=False)
    counting = seen if escalation == "freely" else tuple(signal for signal in seen if signal not in ONLY_FREELY)
    # A broken answer lacks its finish too: the trouble says so already.
    said = tuple(signal for signal in counting if signal is not Signal.NO_FINISH) if trouble else counting
    return Judgement(said, trouble, was_answered)


def wants_action(task: Task, request: AgentRequest) -> bool:
    """Tell whether the turn asks for deeds: work of a kind that changes or runs something, with tools to do it."""
    return request.has_tools and task.side != "compaction" and task.task_class in DEEDS
