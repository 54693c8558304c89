"""Conversation: the messages of a request, and what is known of each without its words."""

from __future__ import annotations

import marshal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any, overload

import msgspec

from proxy.met import Met
from proxy.ownwords import user_text

Key = tuple[int, int]
"""Python's keyed hash of a message, and its length."""

_decode = msgspec.json.Decoder().decode
_PLAIN = 2
"""The format of `marshal` that writes the same bytes for equal values, with nothing of how they lie in memory."""


@dataclass(frozen=True, slots=True)
class Gist:
    """What is known of a message: never a word of it."""

    role: Any
    has_words: bool
    """Whether a user says something in it."""
    has_results: bool
    met: Met

    @classmethod
    def of(cls, message: Any, words: str) -> Gist:
        """Look at a message, in which a user says these words."""
        content = message.get("content") if isinstance(message, dict) else None
        role, met = message.get("role") if isinstance(message, dict) else None, Met()
        met.look_at(content)
        blocks = content if isinstance(content, list) else ()
        has_results = any(isinstance(block, dict) and block.get("type") == "tool_result" for block in blocks)
        return cls(role, bool(words), has_results, met)


class Conversation(Sequence[dict[str, Any]]):
    """Messages in their order; one that lies in a body is made into an object only when somebody asks for it."""

    def __init__(
        self,
        items: list[Any],
        body: bytes = b"",
        gists: list[Gist] | None = None,
        keys: list[Key] | None = None,
    ) -> None:
        """Take messages, each as an object or as the slice of `body` that it is written in."""
        self._items, self._body, self._gists, self._keys = items, body, gists, keys
        self._words = dict[int, str]()

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(self.__getitem__, range(len(self._items)))

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, place: slice) -> Conversation: ...

    def __getitem__(self, place: int | slice) -> dict[str, Any] | Conversation:
        """Give a message, or some of them as a conversation of their own."""
        if isinstance(place, slice):
            gists, keys = self._gists and self._gists[place], self._keys and self._keys[place]
            return Conversation(self._items[place], self._body, gists, keys)
        item = self._items[place]
        if type(item) is slice:
            item = self._items[place] = _decode(self._body[item])
        return item  # type: ignore[no-any-return]

    @property
    def gists(self) -> list[Gist]:
        """What is known of each message."""
        if self._gists is None:
            self._gists = [Gist.of(message, self.words(place)) for place, message in enumerate(self)]
        return self._gists

    def words(self, place: int) -> str:
        """Give what a user says in a message; empty if it is no user's, or only brings results."""
        found = self._words.get(place)
        if found is None:
            found = self._words[place] = words_of(self[place])
        return found

    @property
    def keys(self) -> list[Key]:
        """By what each message is told from others."""
        if self._keys is None:
            self._keys = [key_of(marshal.dumps(message, _PLAIN)) for message in self]
        return self._keys

    def last_of(self, role: str) -> int | None:
        """Give the place of the last message of a role; None if there is none."""
        gists = self.gists
        return next((place for place in range(len(gists) - 1, -1, -1) if gists[place].role == role), None)

    @cached_property
    def first_words(self) -> str:
        """The first user text, with which all requests of a conversation begin; empty without any."""
        place = next((place for place, gist in enumerate(self.gists) if gist.has_words), None)
        return "" if place is None else self.words(place)

    @cached_property
    def beginning(self) -> bytes:
        """What tells a conversation from others by its first words: a digest of them."""
        return blake2b(self.first_words.encode("utf-8", "replace"), digest_size=12).digest()


def words_of(message: Any) -> str:
    """Give what a user says in a message; empty if it is no user's, or only brings results."""
    is_users = isinstance(message, dict) and message.get("role") == "user"
    return user_text(message.get("content")) if is_users else ""


def conversation_of(messages: Sequence[Any]) -> Conversation:
    """Take a list of messages for a conversation."""
    return messages if type(messages) is Conversation else Conversation(list(messages))


def with_conversation(fields: dict[str, Any]) -> dict[str, Any]:
    """Give the fields of a request with its messages as a conversation."""
    return {**fields, "messages": conversation_of(fields["messages"])}


def as_lists(fields: dict[str, Any]) -> dict[str, Any]:
    """Give the fields of a request with its messages as a list, for who writes them out."""
    return {**fields, "messages": list(fields["messages"])}


def key_of(raw: bytes) -> Key:
    """Tell a message from others by what it is written as: nothing of it is kept."""
    return hash(raw), len(raw)
