"""Own words: what a user said in a message, less what the client put in and less tool results."""

from __future__ import annotations

import re
from typing import Any

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
_CLIENT_TEXTS = (
    "Caveat: The messages below were generated",
    "[Request interrupted by user",
    "This session is being continued from a previous conversation",
    "<session>",
)
"""How texts begin that stand in the user's place but are the client's."""


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
