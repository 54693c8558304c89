"""Facts: what a person's rules can ask of a request, gathered from it only where there are rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from proxy.classify.paths import paths_in
from proxy.identity import agent_name
from proxy.request import AgentRequest
from proxy.rules.rule import Facts
from proxy.task import Task

MOST_PATHS = 2000
MOST_TEXT = 16_384
_WORD = re.compile(r"[^\s\"'`()<>|;,]+")


def facts_of(asked: AgentRequest, task: Task, headers: Mapping[str, str], tokens: int, at: datetime) -> Facts:
    """Gather the facts; `at` is the moment on the person's own clock, `tokens` a likely figure."""
    return Facts(
        task_class=task.task_class,
        tier=task.tier,
        model=asked.model,
        agent=agent_name(headers),
        is_subagent=task.side == "subagent" or bool(asked.agent_id),
        tokens=tokens,
        at=at,
        tools=frozenset(tools_sent(asked)),
        paths=frozenset(paths_touched(asked)),
    )


def tools_sent(asked: AgentRequest) -> Iterator[str]:
    """Name the tools that come with a request."""
    for tool in asked.fields.get("tools") or ():
        if isinstance(tool.get("name"), str):
            yield tool["name"]


def paths_touched(asked: AgentRequest) -> Iterator[str]:
    """Give the paths that the current request names and that the tool calls of its turn touched."""
    yield from _paths_in_words(asked.turn.text[:MOST_TEXT])
    count = 0
    for call in calls_of_turn(asked):
        for said in paths_in(call.get("input")):
            for path in _paths_in_words(said):
                yield path
                count += 1
                if count >= MOST_PATHS:
                    return


def calls_of_turn(asked: AgentRequest) -> Iterator[dict[str, Any]]:
    """Give the tool calls that were made since the user last spoke, oldest first."""
    for message in asked.fields["messages"][asked.turn.since :]:
        content = message.get("content")
        if message["role"] == "assistant" and isinstance(content, list):
            yield from (block for block in content if block.get("type") == "tool_use")


def _paths_in_words(text: str) -> Iterator[str]:
    """Give the words that can be paths: those with a slash, a backslash or a dot inside."""
    for word in _WORD.findall(text):
        path = word.removeprefix("@").removeprefix("./").rstrip(".:!?")
        if any(mark in path for mark in "/\\."):
            yield path
