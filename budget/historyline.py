"""One line of Claude Code's logs: what somebody said, an answer with its usage, or nothing that counts.

The form is that of Claude Code 2.1.329, as it was seen to write it; older ones lack some of the fields. A line is an
object of JSON. An answer is written once for each of its blocks, each time with its whole usage as known by then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

SYNTHETIC = "<synthetic>"
"""The model of answers that Claude Code makes up itself, such as that the API failed."""
SIDECHAIN = "sidechain"
"""The agent of a sub-agent's lines from the time when its id was not written."""

MOST_NAME = 128
YEARS = range(2020, 2200)
"""In which an answer can have been given: other years are no dates but zeros or mistakes."""

_PLAIN = re.compile(r"[\w.:@/+\[\]-]{1,128}", re.A)
_FOLDERS = re.compile(r"[\\/]+")


class Unreadable(ValueError):
    """A line that should say something and does not; `kind` is one of those that `Skipped` counts."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Spoken:
    """What stands in the user's place: words, results of tools, or what the client put in. `name` is the line's own.

    It stays the same in a fork, where the name of the prompt does not.
    """

    agent: str
    name: str
    content: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answered:
    """One line of an answer; `usage` is the provider's own object."""

    message_id: str
    request_id: str
    at: datetime
    session: str
    agent: str
    project: str
    model: str
    stop_reason: str | None
    usage: Mapping[str, Any] = field(repr=False)
    content: Any = field(repr=False)


def read_line(line: bytes) -> Spoken | Answered | None:
    """Read a line; None for one of no account here. Raises Unreadable."""
    if not line.startswith(b"{"):
        raise Unreadable("garbage")
    if not line.rstrip().endswith(b"}"):
        raise Unreadable("cut")
    # Most bytes of a log are in lines of other types, whose JSON need not be read.
    if b'"assistant"' not in line and b'"user"' not in line:
        return None
    fields = _parsed(line)
    message = fields.get("message")
    match fields.get("type"):
        case "user" if isinstance(message, dict):
            return None if fields.get("isCompactSummary") else _spoken(fields, message)
        case "assistant" if isinstance(message, dict):
            return _answered(fields, message)
        case "user" | "assistant":
            raise Unreadable("garbage")
        case _:
            return None


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        raise Unreadable("garbage") from None
    if not isinstance(fields, dict):
        raise Unreadable("garbage")
    return fields


def _spoken(fields: dict[str, Any], message: dict[str, Any]) -> Spoken:
    content = "" if fields.get("isMeta") else message.get("content")
    return Spoken(_agent(fields), _plain(fields.get("uuid")), content)


def _answered(fields: dict[str, Any], message: dict[str, Any]) -> Answered:
    model, usage = message.get("model"), message.get("usage")
    if model == SYNTHETIC:
        raise Unreadable("synthetic")
    if not isinstance(usage, dict):
        raise Unreadable("without_usage")
    message_id = _plain(message.get("id")) or _plain(fields.get("uuid"))
    if not message_id or not _plain(model):
        raise Unreadable("garbage")
    stop = message.get("stop_reason")
    return Answered(
        message_id=message_id,
        request_id=_plain(fields.get("requestId")),
        at=_moment(fields.get("timestamp")),
        # A fork repeats the lines of its origin under its own name, and says whose they were.
        session=_plain(fields.get("requestSessionId")) or _plain(fields.get("sessionId")),
        agent=_agent(fields),
        project=_folder(fields.get("cwd")),
        model=_plain(model),
        stop_reason=stop if isinstance(stop, str) else None,
        usage=usage,
        content=message.get("content"),
    )


def _agent(fields: dict[str, Any]) -> str:
    return _plain(fields.get("agentId")) or (SIDECHAIN if fields.get("isSidechain") is True else "")


def _moment(text: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise Unreadable("garbage") from None
    if moment.year not in YEARS:
        raise Unreadable("garbage")
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _folder(path: Any) -> str:
    """Give the name of a folder, without the folders that it lies in."""
    if not isinstance(path, str):
        return ""
    name = _FOLDERS.split(path.rstrip("\\/"))[-1]
    return name if name.isprintable() and len(name) <= MOST_NAME else ""


def _plain(name: Any) -> str:
    return name if isinstance(name, str) and _PLAIN.fullmatch(name) else ""
