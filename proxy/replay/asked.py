"""Asked: what the proxy would know of a recorded call – its turn, its task, and how far the turn has grown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pricing.bound import Shape
from pricing.figures import counted
from proxy.classify.paths import CHANGING
from proxy.inloop import MANY_FILES
from proxy.replay.call import Call
from proxy.replay.policy import Policy
from proxy.request import AgentRequest
from proxy.task import NO_WORDS, Reason, Side, Task, TaskClass, Tier
from proxy.turn import Turn

WORDS = "words"
"""Stands for the words of a prompt: what is asked of it is only whether there are any."""

_NO_FIELDS: dict[str, Any] = {"messages": []}


@dataclass(slots=True)
class _Loop:
    """What a turn's tools have done so far."""

    calls: int = 0
    files: set[str] = field(default_factory=set)


class Asker:
    """Makes of each call, in their order, the request that the router and its memory are asked with."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._loops: dict[str, _Loop] = {}
        self._wordless: set[str] = set()

    def request(self, call: Call) -> AgentRequest:
        """Give a request that says of session, agent, turn and size what the real one said."""
        key, said = call.turn_key, WORDS
        if self._policy.compacts_apart and call.is_compaction:
            key = f"{key}/compaction at {call.t}"
        elif key in self._wordless:
            said = ""
        return AgentRequest(
            body=b"",
            fields=_NO_FIELDS,
            model=call.model,
            stream=True,
            max_tokens=self._policy.max_tokens,
            session=call.session,
            agent_id=call.agent if call.is_subagent else "",
            project="",
            shape=self._shape(call),
            dialect="anthropic",
            has_tools=not call.is_title,
            has_images=False,
            cloud_only=(),
            turn=Turn(key, said, "", continuation=call.step > 0),
        )

    def task(self, call: Call) -> Task:
        """Say what it is taken for: requests of the agent's own by their form, all others as the policy takes them."""
        tier, side = self._policy.takes(call), _side(call)
        reasons: tuple[Reason, ...] = ()
        if side == "title":
            tier = Tier.L0
        elif side == "compaction" and self._policy.compacts_apart:
            tier = max(tier, Tier.L2)
        elif call.turn_key in self._wordless and self._policy.compacts_apart:
            tier, reasons = max(tier, Tier.L2), (Reason(NO_WORDS, "prompt"),)
        return Task(TaskClass.other, tier, 1.0, reasons, side)

    def outgrown(self, call: Call) -> str:
        """Say how the turn has outgrown what it was taken for, by what can be told from rows: calls, files."""
        loop, many = self._loops.get(call.turn_key), self._policy.leash(self._policy.doubt(call))
        if loop is None or many is None:
            return ""
        if len(loop.files) >= MANY_FILES:
            return f"it has edited {counted(len(loop.files), 'file')}"
        if loop.calls >= many:
            return f"it has made {counted(loop.calls, 'call')}"
        return ""

    def answered(self, call: Call) -> None:
        """Remember what the answer did, for the turn's next calls."""
        if call.is_compaction:
            self._loops.pop(call.turn_key, None)
            self._wordless.add(call.turn_key)
        elif call.tool:
            loop = self._loops.setdefault(call.turn_key, _Loop())
            loop.calls += 1
            if call.file and call.tool in CHANGING:
                loop.files.add(call.file)

    def _shape(self, call: Call) -> Shape:
        marked = not call.is_title
        return Shape(
            model=call.model,
            text_bytes=4 * call.prompt,
            blocks=1,
            images=0,
            has_tools=marked,
            unbounded=False,
            max_output=self._policy.max_tokens,
            writes_5m=marked and not self._policy.for_an_hour,
            writes_1h=marked and self._policy.for_an_hour,
        )


def _side(call: Call) -> Side | None:
    if call.is_title:
        return "title"
    if call.is_compaction:
        return "compaction"
    return "subagent" if call.is_subagent else None
