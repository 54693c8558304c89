"""The classifier: from a request to a task – hard rules first, then the words of its turn; in doubt the safer tier."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterator
from threading import Lock
from typing import Any

from proxy.classify.features import kind_of, only_agrees, points_of
from proxy.classify.paths import Restricted, restricted_in_call, restricted_in_text
from proxy.classify.plain import plain
from proxy.classify.restricted_words import restricted_words
from proxy.classify.secrets import secret_in, secret_told
from proxy.classify.side import side_of
from proxy.request import AgentRequest
from proxy.task import Reason, Side, Task, TaskClass, Tier

L2_FROM = 1
"""Points from which work counts as complex; a lower figure sends more to Claude."""

SAFE_KINDS = frozenset({TaskClass.explanation, TaskClass.documentation, TaskClass.other})
"""Work that changes no behaviour: safe, unless it is complex."""

MOST_BLOCKS = 65_536
"""Blocks whose scan is remembered; a conversation of a megabyte has about a thousand."""

MOST_TURNS = 4096

_log = logging.getLogger(__name__)


class Seen:
    """Remembers of each block of text which secret was found in it, so that only new blocks are scanned.

    Blocks are told apart by Python's keyed hash and their length: nothing of them is kept. Safe from any thread.
    """

    def __init__(self, most: int = MOST_BLOCKS) -> None:
        self._most = most
        self._found: OrderedDict[tuple[int, int], str | None] = OrderedDict()
        self._lock = Lock()

    def secret_in(self, text: str) -> str | None:
        """Name the kind of secret in a text, from memory if it was scanned before."""
        key = (hash(text), len(text))
        with self._lock:
            if key in self._found:
                return self._found[key]
        found = secret_in(text)
        with self._lock:
            self._found[key] = found
            while len(self._found) > self._most:
                self._found.popitem(last=False)
        return found


class Words:
    """Remembers what the words of a turn weigh: nine requests in ten continue a turn that was weighed before.

    Texts are told apart as in `Seen`. Safe from any thread.
    """

    def __init__(self, most: int = MOST_TURNS) -> None:
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
            known = by_words(turn.text, turn.previous)
            with self._lock:
                self._tasks[key] = known
                while len(self._tasks) > self._most:
                    self._tasks.popitem(last=False)
        return known


class Classifier:
    """Classifies requests, and remembers which blocks it has scanned."""

    def __init__(self, restricted: Restricted | None = None) -> None:
        self._restricted = restricted or Restricted()
        self._seen = Seen()
        self._words = Words()

    def classify(self, request: AgentRequest) -> Task:
        """Classify a request; whatever goes wrong here makes it restricted."""
        return classify(request, restricted=self._restricted, seen=self._seen, words=self._words)


def classify(
    request: AgentRequest, *, restricted: Restricted, seen: Seen | None = None, words: Words | None = None
) -> Task:
    """Classify a request: the same one always gets the same task. Fails closed to L3."""
    try:
        return _classify(request, restricted, seen or Seen(), words or Words())
    except Exception:  # noqa: BLE001 - whatever goes wrong in the scan, it must not open the door that it guards.
        _log.warning("a request could not be classified and is taken as restricted", exc_info=False)
        return Task(TaskClass.unknown, Tier.L3, 0.0, (Reason("scan.failed", "request"),))


def _classify(request: AgentRequest, restricted: Restricted, seen: Seen, words: Words) -> Task:
    side = side_of(request)
    hard = _hard(request, restricted, seen)
    if hard:
        kind = TaskClass.background if side in _BACKGROUND else words.weigh(request).task_class
        return Task(kind, Tier.L3, 1.0, (hard,), side)
    if side in _BACKGROUND:
        return Task(TaskClass.background, _BACKGROUND[side], 0.9, (Reason(f"side.{side}", "request"),), side)
    task = words.weigh(request)
    return Task(task.task_class, task.tier, task.confidence, task.reasons, side)


_BACKGROUND: dict[Side | None, Tier] = {
    "title": Tier.L0,
    "webfetch": Tier.L0,
    "websearch": Tier.L0,
    "count": Tier.L0,
    # What is left out of a summary is lost to all later turns.
    "compaction": Tier.L2,
}


def _hard(request: AgentRequest, restricted: Restricted, seen: Seen) -> Reason | None:
    """Look for what makes a request restricted whatever else it asks: secrets anywhere, restricted paths."""
    for where, text in _texts(request.fields):
        found = seen.secret_in(text)
        if found:
            return Reason(found, where)
    for name, arguments in _calls(request.fields):
        found = restricted_in_call(name, arguments, restricted)
        if found:
            return Reason(found, "tool call")
    words = request.turn.text
    found = secret_told(words) or restricted_in_text(words, restricted)
    return Reason(found, "prompt") if found else None


def by_words(text: str, previous: str = "") -> Task:
    """Classify by the words of the current request; one that only says yes is what was asked before it."""
    if not text:
        return Task(TaskClass.unknown, Tier.L2, 0.0, (Reason("words.none", "prompt"),))
    if only_agrees(text):
        before = _weigh(previous) if previous and not only_agrees(previous) else None
        tier = before.tier if before else Tier.L1
        return Task(TaskClass.continuation, max(tier, Tier.L1), 0.5, (Reason("words.continue", "prompt"),))
    return _weigh(text)


def _weigh(text: str) -> Task:
    words = plain(text)
    rule = restricted_words(words.low)
    points, found = points_of(words)
    kind = kind_of(found)
    if rule:
        return Task(kind, Tier.L3, 0.8, (Reason(rule, "prompt"),))
    tier = Tier.L2 if points >= L2_FROM else Tier.L0 if kind in SAFE_KINDS else Tier.L1
    ranked = sorted(found, key=lambda name: -abs(found[name]))[:3]
    reasons = tuple(Reason(name, "prompt") for name in ranked) or (Reason("words.no_rule", "prompt"),)
    return Task(kind, tier, min(1.0, abs(points - L2_FROM) / 20), reasons)


def _texts(fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Give each text that the model reads, with the kind of place it stands in; signatures and images are none."""
    yield from _texts_of(fields.get("system"), "system")
    for message in fields["messages"]:
        yield from _texts_of(message.get("content"), "conversation")


def _texts_of(content: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(content, str):
        yield where, content
        return
    for block in content if isinstance(content, list) else ():
        match block.get("type"):
            case "tool_result":
                yield from _texts_of(block.get("content"), "tool result")
            case "tool_use":
                yield from (("tool call", text) for text in _strings(block.get("input")))
            case _:
                text = block.get("text") or block.get("thinking")
                if isinstance(text, str):
                    yield where, text


def _strings(value: Any) -> Iterator[str]:
    rest = [value]
    while rest:
        node = rest.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            rest.extend(node.values())
        elif isinstance(node, list):
            rest.extend(node)


def _calls(fields: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give the tool calls of the conversation."""
    for message in fields["messages"]:
        content = message.get("content")
        if message.get("role") == "assistant" and isinstance(content, list):
            for block in content:
                if block.get("type") == "tool_use":
                    yield str(block.get("name")), block.get("input")
