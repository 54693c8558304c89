"""Identity: which session, agent and project a request belongs to."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from proxy.conversation import conversation_of

MOST_LENGTH = 128
_PLAIN = re.compile(r"[\w.:@/+-]+", re.A)
_OLD_FORM = re.compile(r"_session_([\w-]{1,128})", re.A)
_BILLING = "x-anthropic-billing-header:"
_PLAN = b"Bearer sk-ant-oat"
"""How the credential of a Pro or Max plan begins; its requests are not billed one by one."""


def is_plan(headers: Mapping[bytes, bytes]) -> bool:
    """Tell by its headers, lower-case, whether a plan pays for a request; of its credential only the kind is seen."""
    return b"x-api-key" not in headers and headers.get(b"authorization", b"").startswith(_PLAN)


def session_of(headers: Mapping[str, str], fields: Mapping[str, Any]) -> str:
    """Name the session: as the agent does, else by how the conversation began, which each of its requests repeats."""
    told = _plain(headers.get("x-claude-code-session-id", ""))
    return told or _from_metadata(fields.get("metadata")) or session_named(headers) or _from_beginning(fields)


def session_named(headers: Mapping[str, str], key: str = "") -> str:
    """Name the session as opencode does, by a header, or by the key that OpenAI's dialect has for the prompt cache.

    Empty if neither is there. `user` names a person and not a session: one secret would restrict all their work.
    """
    return _plain(headers.get("x-session-id", "")) or _plain(key)


def agent_of(headers: Mapping[str, str]) -> str:
    """Name the sub-agent; empty for the main one."""
    return _plain(headers.get("x-claude-code-agent-id", ""))


def agent_name(headers: Mapping[str, str]) -> str:
    """Name the program that asks as it names itself, in plain form: "claude-cli/2.1 (external)" is claude-cli."""
    first = headers.get("user-agent", "").partition("/")[0].strip().lower()
    return _plain(first.replace(" ", "-"))


def project_of(headers: Mapping[str, str]) -> str:
    """Name the project if a person tagged the agent's requests with one."""
    return _plain(headers.get("x-bursar-project", ""))


def _plain(name: str) -> str:
    """Keep a name that can stand in a header, a log and a table; empty if it cannot."""
    name = name.strip()
    return name if len(name) <= MOST_LENGTH and _PLAIN.fullmatch(name) else ""


def _from_metadata(metadata: Any) -> str:
    user = metadata.get("user_id") if isinstance(metadata, dict) else None
    if not isinstance(user, str) or len(user) > 4096:
        return ""
    old = _OLD_FORM.search(user)
    if old:
        return old.group(1)
    try:
        told = json.loads(user)
    except (ValueError, RecursionError):
        return ""
    session = told.get("session_id") if isinstance(told, dict) else None
    return _plain(session) if isinstance(session, str) else ""


def _from_beginning(fields: Mapping[str, Any]) -> str:
    messages = conversation_of(fields.get("messages") or ())
    first = next((place for place, gist in enumerate(messages.gists) if gist.role == "user"), None)
    words = "\0".join([*system_texts(fields), "" if first is None else messages.words(first)])
    return "h-" + hashlib.blake2b(words.encode("utf-8", "replace"), digest_size=10).hexdigest()


def system_texts(fields: Mapping[str, Any]) -> list[str]:
    """Give the system prompt's texts, less Claude Code's first line, of which three digits differ each time."""
    system = fields.get("system")
    if isinstance(system, str):
        return [system]
    blocks = system if isinstance(system, list) else []
    texts = [b["text"] for b in blocks if isinstance(b, dict) and isinstance(b.get("text"), str)]
    return [text for text in texts if not text.startswith(_BILLING)]
