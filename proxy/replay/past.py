"""Past: takes the turns of logged conversations for what they are, as the proxy would have; words stay in memory."""

from __future__ import annotations

from typing import Any

from pricing.bound import Shape
from proxy.classify import Classifier
from proxy.ownwords import user_text
from proxy.request import AgentRequest
from proxy.task import Task, TaskClass
from proxy.turn import Turn

_NOBODY = "log"
_SHAPE = Shape(_NOBODY, 0, 1, 0, has_tools=True, unbounded=False, max_output=1, writes_5m=True, writes_1h=False)


class PastTaking:
    """Takes the turns of one conversation; only what was not heard before is scanned, and then forgotten.

    Left out is what logs do not have: the system prompt, and the tools.
    """

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._text = self._previous = ""
        self._unheard: list[dict[str, Any]] = []
        self._task: Task | None = None

    def spoken(self, content: Any) -> bool:
        """Hear what stands in the user's place; True if a turn begins with it."""
        self._hear("user", content)
        words = user_text(content)
        if not words:
            return False
        self._text, self._previous, self._task = words, self._text, None
        return True

    def answered(self, content: Any) -> None:
        """Hear what an answer said and called."""
        self._hear("assistant", content)

    def task(self) -> tuple[str, str]:
        """Give tier and task class of the turn; within a turn the tier only rises."""
        if self._unheard or self._task is None:
            before, found = self._task, self._classifier.classify(self._request())
            self._unheard = []
            self._task = found if before is None or found.tier > before.tier else before
        kind = TaskClass.other if self._task.task_class is TaskClass.unknown else self._task.task_class
        return self._task.tier.name, kind.value

    def _hear(self, role: str, content: Any) -> None:
        if isinstance(content, list):
            content = [block for block in content if isinstance(block, dict)]
        if content and isinstance(content, str | list):
            self._unheard.append({"role": role, "content": content})

    def _request(self) -> AgentRequest:
        return AgentRequest(
            body=b"",
            fields={"messages": self._unheard or [{"role": "user", "content": ""}]},
            model=_NOBODY,
            stream=True,
            max_tokens=1,
            session=_NOBODY,
            agent_id="",
            project="",
            shape=_SHAPE,
            dialect="anthropic",
            has_tools=True,
            has_images=False,
            cloud_only=(),
            turn=Turn(_NOBODY, self._text, self._previous, continuation=False),
        )
