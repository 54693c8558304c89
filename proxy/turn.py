"""Turn: what the user asks for now – found by walking back over tool results and past what the client put in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from proxy.conversation import Conversation

_TAG = re.compile(r"@(local|cloud)(?:\s+|$)", re.A)


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


def turn_of(messages: Conversation, session: str, agent_id: str) -> Turn:
    """Find the current turn of a conversation."""
    said = spoken_in(messages)
    place, previous = next(said, 0), next(said, None)
    text = _words(messages, place)
    spoken = place - [gist.role for gist in messages.gists[:place]].count("system")
    mark = f"{session}\0{agent_id}\0{spoken}\0{text}"
    key = hashlib.blake2b(mark.encode("utf-8", "replace"), digest_size=12).hexdigest()
    tagged = _TAG.match(text)
    tag: Literal["local", "cloud"] | None = None
    if tagged:
        tag, text = ("local" if tagged.group(1) == "local" else "cloud"), text[tagged.end() :]
    before = "" if previous is None else _words(messages, previous)
    return Turn(key, text, before, _continues(messages, place), place, tag)


def spoken_in(messages: Conversation) -> Iterator[int]:
    """Give the places of the messages in which a user says something, newest first: turns begin with them."""
    gists = messages.gists
    return (place for place in range(len(gists) - 1, -1, -1) if gists[place].has_words)


def _words(messages: Conversation, place: int) -> str:
    return messages.words(place) if messages.gists[place].has_words else ""


def _continues(messages: Conversation, place: int) -> bool:
    newest = messages.last_of("user")
    return newest is not None and newest != place and messages.gists[newest].has_results
