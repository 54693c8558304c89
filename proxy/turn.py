"""Turn: what the user asks for now – found by walking back over tool results and past what the client put in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from proxy.words import words

MOST_TEXT = 65_536
"""Of a longer user text, the head and the tail are looked at."""

_TAIL = 16_384

# Blocks that clients put into user messages. What a slash command was given (`command-args`) is the user's own.
_TAGS = words(
    """system-reminder ide_opened_file ide_selection ide_diagnostics new-diagnostics command-name command-message
    command-contents local-command-stdout local-command-stderr local-command-caveat bash-input bash-stdout bash-stderr
    user-prompt-submit-hook session-start-hook task-notification user-memory-input environment_details
    open_and_recently_viewed_files attached_files additional_data function_results file_contents"""
)
_OWN_TAGS = re.compile(r"</?(?:command-args|user_query|task|feedback|user_message)>")
_TAG = re.compile(r"@(local|cloud)(?:\s+|$)", re.A)
_CLIENT_TEXTS = (
    "Caveat: The messages below were generated",
    "[Request interrupted by user",
    "This session is being continued from a previous conversation",
    "<session>",
)
"""How texts begin that stand in the user's place but are the client's."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The user's current request: `key` names it within all sessions, `text` is empty if there is none to be found.

    `previous` is the user text before it. `since` is the place of its message in the conversation; what comes after
    belongs to this turn. `continuation` says that the newest user message brings tool results and no words. `tag` is
    where the user wants it to go, if its first word is `@local` or `@cloud`; the text is without it.
    """

    key: str
    text: str
    previous: str
    continuation: bool
    since: int = 0
    tag: Literal["local", "cloud"] | None = None


def turn_of(messages: list[Any], session: str, agent_id: str) -> Turn:
    """Find the current turn of a conversation."""
    texts = _user_texts(messages)
    place, text = next(texts, (0, ""))
    _, previous = next(texts, (0, ""))
    spoken = place - [_role(message) for message in messages[:place]].count("system")
    mark = f"{session}\0{agent_id}\0{spoken}\0{text}"
    key = hashlib.blake2b(mark.encode("utf-8", "replace"), digest_size=12).hexdigest()
    tagged = _TAG.match(text)
    tag: Literal["local", "cloud"] | None = None
    if tagged:
        tag, text = ("local" if tagged.group(1) == "local" else "cloud"), text[tagged.end() :]
    return Turn(key, text, previous, _continues(messages, place), place, tag)


def turns_begin(messages: list[Any], after: int = -1) -> list[int]:
    """Give the places of the messages with which turns begin, newest first, of those after a place."""
    if after >= len(messages) - 1:
        return []
    return [after + 1 + place for place, _ in _user_texts(messages[after + 1 :])]


def first_words(messages: list[Any]) -> str:
    """Give the first user text of a conversation, with which all of its requests begin; empty without any."""
    texts = (user_text(message.get("content")) for message in messages if _role(message) == "user")
    return next((text for text in texts if text), "")


def user_text(content: Any) -> str:
    """Give the words of a user message: its text, less what the client put in and less tool results."""
    if isinstance(content, str):
        return own_words(content)
    if not isinstance(content, list):
        return ""
    words = (own_words(block["text"]) for block in content if _is_text(block))
    return "\n".join(word for word in words if word)


def own_words(text: str) -> str:
    """Strip a text of what the client put in; of a very long one only the head and the tail are kept."""
    if len(text) > MOST_TEXT:
        text = f"{text[: MOST_TEXT - _TAIL]}\n{text[-_TAIL:]}"
    if text.lstrip()[:80].startswith(_CLIENT_TEXTS):
        return ""
    if "<" not in text:
        return text.strip()
    for tag in _TAGS:
        text = _without(text, tag)
    return _OWN_TAGS.sub(" ", text).strip()


def _user_texts(messages: list[Any]) -> Iterator[tuple[int, str]]:
    """Give the user's texts, newest first, with the places of their messages."""
    for place in range(len(messages) - 1, -1, -1):
        if _role(messages[place]) == "user":
            text = user_text(messages[place].get("content"))
            if text:
                yield place, text


def _continues(messages: list[Any], place: int) -> bool:
    newest = next((n for n in range(len(messages) - 1, -1, -1) if _role(messages[n]) == "user"), None)
    if newest is None or newest == place:
        return False
    content = messages[newest].get("content")
    return isinstance(content, list) and any(
        isinstance(block, dict) and block.get("type") == "tool_result" for block in content
    )


def _without(text: str, tag: str) -> str:
    opening, closing = f"<{tag}", f"</{tag}>"
    start = text.find(opening)
    while start >= 0:
        end = text.find(closing, start)
        if end < 0:
            return text
        text = text[:start] + text[end + len(closing) :]
        start = text.find(opening, start)
    return text


def _is_text(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") == "text" and isinstance(block.get("text"), str)


def _role(message: Any) -> Any:
    return message.get("role") if isinstance(message, dict) else None
