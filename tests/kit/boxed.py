"""A proxy before a misbehaving local server, which takes every request for what the test says it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from proxy.task import Reason, Task, TaskClass, Tier
from proxy.upstream.local_model import LocalSetting
from tests.kit.inproc import InProcess
from tests.kit.local_fake import Act, LocalFake, calls, local_fake, says

WEATHER = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
TOOLS = {"tools": [WEATHER]}
GOOD_CALL = Act(calls("get_weather", '{"city": "Paris"}'))
WRONG_CALL = Act(calls("get_wether", '{"city": "Rome"}'))
MENDED = Act(says('{"name": "get_weather", "arguments": {"city": "Paris"}}'))
ERROR = Act(status=500, body=b'{"error":{"message":"Unexpected empty grammar stack"}}', content_type="application/json")
ROUND = "I will try it again in the same way as before. "

Start = Callable[..., InProcess]


@dataclass
class Fixed:
    """Stands where the classifier stands."""

    tier: Tier = Tier.L1
    task_class: TaskClass = TaskClass.refactor

    def classify(self, asked: Any, also: tuple[str, ...] = ()) -> Task:
        """Give the task that was set."""
        return Task(self.task_class, self.tier, 1.0, (Reason("fixed", "the test"),))


@contextmanager
def box(*acts: Act, **more: Any) -> Iterator[tuple[LocalFake, dict[str, Any]]]:
    """Run a misbehaving server, and give the settings of a proxy that uses it."""
    with local_fake(*acts) as local:
        setting = LocalSetting("box", local.url, "openai", ("fake-model",), context=32768, tools=True, **more)
        yield local, {"servers": (setting,)}


def begun(start: Start, settings: dict[str, Any], *, tier: Tier = Tier.L1, **more: Any) -> InProcess:
    """Start a proxy that takes every request for this tier."""
    proxy = start(**settings, **more)
    proxy.services.classifier = Fixed(tier)  # type: ignore[assignment]
    return proxy
