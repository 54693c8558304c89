"""The classifier: from a request to a task – hard rules first, then the words of its turn; in doubt the safer tier."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from proxy.classify.model import Caution
from proxy.classify.paths import Restricted, restricted_in_call, restricted_in_text
from proxy.classify.secrets import secret_in, secret_told
from proxy.classify.side import side_of
from proxy.classify.weigh import Words
from proxy.conversation import Conversation, conversation_of
from proxy.kept import FRESH, Kept
from proxy.request import AgentRequest
from proxy.task import Reason, Side, Task, TaskClass, Tier

MOST_KEPT = 16_384
"""Texts, and messages, whose scan is remembered: 3 MB of each. A conversation of a megabyte has about a thousand."""

LONGEST_S = 1.0
"""Seconds that the scan of one request may take; about twenty times what the largest one needs."""

_log = logging.getLogger(__name__)


class ScanTooLong(TimeoutError):
    """The scan of a request took longer than it may; what was scanned is remembered, the rest was not looked at."""


class Seen:
    """Remembers what was found in each message and in each text, so that only what is new is scanned.

    A conversation comes again with every request: its messages are looked up whole. Where something within one has
    moved, such as a mark for the cache, its texts are looked up. Both are told apart by Python's keyed hash and their
    length: nothing of them is kept. Safe from any thread.
    """

    def __init__(
        self,
        most: int = MOST_KEPT,
        *,
        longest_s: float = LONGEST_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._longest_s = longest_s
        self._monotonic = monotonic
        self._texts: Kept[str | None] = Kept(most)
        self._words: Kept[str | None] = Kept(most)
        self._messages: Kept[Reason | None] = Kept(most)

    def begin(self) -> float:
        """Give the moment at which the scan of a request that begins now must be done."""
        return self._monotonic() + self._longest_s

    def secret_in(self, text: str, until: float | None = None) -> str | None:
        """Name the kind of secret in a text, from memory if it was scanned before. Raises ScanTooLong."""
        key = (hash(text), len(text))
        known = self._texts.get(key)
        if known is not FRESH:
            return known
        if until is not None and self._monotonic() > until:
            raise ScanTooLong("a request takes too long to scan")
        return self._texts.put(key, secret_in(text))

    def told_in(self, words: str, restricted: Restricted) -> str | None:
        """Name what restricts a user's own words, from memory if they were looked at before."""
        key = (hash(words), len(words), hash(restricted))
        known = self._words.get(key)
        if known is not FRESH:
            return known
        return self._words.put(key, secret_told(words) or restricted_in_text(words, restricted))

    def first_in(self, messages: Conversation, restricted: Restricted, until: float) -> Reason | None:
        """Give the first reason why a conversation is restricted. Raises ScanTooLong."""
        rules = hash(restricted)
        for place, key in enumerate(messages.keys):
            found = self._messages.get((key, rules))
            if found is FRESH:
                found = self._messages.put((key, rules), _hard_in(messages[place], restricted, self, until))
            if found:
                return found
        return None


class Classifier:
    """Classifies requests, and remembers which blocks it has scanned.

    `caution` moves the line between routine and complex work, never that of restricted work.
    """

    def __init__(
        self,
        restricted: Restricted | None = None,
        *,
        caution: Caution = "balanced",
        longest_s: float = LONGEST_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._restricted = restricted or Restricted()
        self._seen = Seen(longest_s=longest_s, monotonic=monotonic)
        self._words = Words(caution)

    def classify(self, request: AgentRequest, also: tuple[str, ...] = ()) -> Task:
        """Classify a request; whatever goes wrong here makes it restricted.

        `also` are the restricted paths of its project.
        """
        restricted = _joined(self._restricted, also) if also else self._restricted
        return classify(request, restricted=restricted, seen=self._seen, words=self._words)


@lru_cache(maxsize=64)
def _joined(restricted: Restricted, also: tuple[str, ...]) -> Restricted:
    """Add a project's globs; remembered, as it makes one pattern of them all."""
    return Restricted((*restricted.globs, *also))


def classify(
    request: AgentRequest, *, restricted: Restricted, seen: Seen | None = None, words: Words | None = None
) -> Task:
    """Classify a request: the same one always gets the same task. Fails closed to L3."""
    try:
        return _classify(request, restricted, seen or Seen(), words or Words())
    except ScanTooLong:
        return Task(TaskClass.unknown, Tier.L3, 0.0, (Reason("scan.too_long", "request"),))
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
    return replace(task, side=side) if side else task


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
    until = seen.begin()
    found = _secret(_texts_of(request.fields.get("system"), "system"), seen, until)
    found = found or seen.first_in(conversation_of(request.fields["messages"]), restricted, until)
    if found:
        return found
    told = seen.told_in(request.turn.text, restricted)
    return Reason(told, "prompt") if told else None


def _hard_in(message: dict[str, Any], restricted: Restricted, seen: Seen, until: float) -> Reason | None:
    """Look through one message: for secrets in its texts, for restricted paths in its tool calls."""
    found = _secret(_texts_of(message.get("content"), "conversation"), seen, until)
    if found:
        return found
    paths = (restricted_in_call(name, arguments, restricted) for name, arguments in _calls(message))
    return next((Reason(path, "tool call") for path in paths if path), None)


def _secret(texts: Iterator[tuple[str, str]], seen: Seen, until: float) -> Reason | None:
    for where, text in texts:
        found = seen.secret_in(text, until)
        if found:
            return Reason(found, where)
    return None


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
            case "text" | "thinking" | None:
                text = block.get("text") or block.get("thinking")
                if isinstance(text, str):
                    yield where, text
            case "image" | "redacted_thinking":
                pass
            case "document" if _is_coded(block.get("source")):
                pass  # A file in base64: there are no words to be read without opening it.
            case _:
                yield from ((where, text) for text in _strings({k: v for k, v in block.items() if k not in _CODED}))


def _is_coded(source: Any) -> bool:
    return isinstance(source, dict) and source.get("type") == "base64"


_CODED = frozenset(("type", "signature", "encrypted_content", "encrypted_index", "cache_control"))
"""Fields of other blocks (documents, search results) that bring no words."""


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


def _calls(message: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give the tool calls of a message."""
    content = message.get("content")
    if message.get("role") == "assistant" and isinstance(content, list):
        for block in content:
            if block.get("type") == "tool_use":
                yield str(block.get("name")), block.get("input")
