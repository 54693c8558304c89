"""Reader: from a request's body to its fields; of its messages only those are read that were not read before.

An agent sends its whole conversation with every request. To read a megabyte strictly takes six milliseconds, to find
that all but its last messages came before in the very same bytes takes one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import msgspec

from proxy.conversation import Conversation, Gist, Key, key_of, words_of
from proxy.kept import FRESH, Kept
from proxy.strictjson import NotStrictJson, parse
from proxy.wellformed import BadRequest, check_around, check_fields, check_message, parsed_object
from proxy.written import Written

MOST_KEPT = 8192
"""Messages of which is remembered that they were read: 5 MB; a conversation of a megabyte has about five hundred."""
LEAST = 16_384
"""Bytes; a shorter body is read as a whole sooner."""

_BEGIN = b'"messages":['
"""In a JSON text this can only be a key and what follows it: quotes within a string are escaped."""
_WITHIN = 2
"""Levels of nesting around a message."""
_SHORT_ROLE = 16


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a request, of which `messages` are a Conversation, and how they are written."""

    values: dict[str, Any]
    messages: Conversation
    written: Written

    @classmethod
    def of(cls, values: dict[str, Any], canonical: bytes) -> Fields:
        """Check the fields of a request as they were read; raises BadRequest."""
        check_fields(values)
        messages = Conversation(values["messages"])
        return cls({**values, "messages": messages}, messages, Written.of(canonical))


class _Split(msgspec.Struct, gc=False):
    """Where the messages of a body begin and end, none of them read."""

    messages: list[msgspec.Raw]


_split = msgspec.json.Decoder(_Split).decode


class Reader:
    """Reads bodies, and remembers by a keyed hash which messages it has read; safe from any thread."""

    def __init__(self, most: int = MOST_KEPT, least: int = LEAST) -> None:
        self._known: Kept[tuple[Gist, Written]] = Kept(most)
        self._least = least

    def read(self, body: bytes) -> Fields:
        """Read a body, which has to be one JSON object; raises BadRequest."""
        found = self._read_new(body) if len(body) >= self._least else None
        return found or read_whole(body)

    def _read_new(self, body: bytes) -> Fields | None:
        """Read what is new in a body; None if it is not written the usual way, or if anything is wrong with it.

        The text around the messages is read strictly with an empty list in their place, and each message by itself
        unless it is known: together they have the one meaning that the whole has.
        """
        cuts = _cuts(body)
        if not cuts:
            return None
        try:
            around = parse(body[: cuts[0].start] + body[cuts[-1].stop :])
            read = [self._message(body[cut]) for cut in cuts]
        except (NotStrictJson, BadRequest):
            return None
        values = around.value
        if not isinstance(values, dict) or values.get("messages") != []:
            return None
        check_around(values)
        known = [about for _, about in read]
        messages = Conversation(cuts, body, [gist for gist, _ in known], [key for key, _ in read])
        written = _together(Written.of(around.canonical), [written for _, written in known])
        return Fields({**values, "messages": messages}, messages, written)

    def _message(self, raw: bytes) -> tuple[Key, tuple[Gist, Written]]:
        key = key_of(raw)
        known = self._known.get(key)
        if known is not FRESH:
            return key, known
        message = parse(raw, within=_WITHIN)
        check_message(message.value, 0)
        gist, written = Gist.of(message.value, words_of(message.value)), Written.of(message.canonical)
        # What holds words of its own, such as the names of tools, is looked at each time rather than kept.
        is_wordless = not gist.met.references and not gist.met.cloud and len(gist.role) <= _SHORT_ROLE
        return key, self._known.put(key, (gist, written)) if is_wordless else (gist, written)


def read_whole(body: bytes) -> Fields:
    """Read all of a body, which has to be one JSON object; raises BadRequest."""
    parsed = parsed_object(body)
    return Fields.of(parsed.value, parsed.canonical)


def _cuts(body: bytes) -> list[slice]:
    """Tell where the messages of a body lie, if a comma and nothing else stands between them; empty if not."""
    start = body.find(_BEGIN) + len(_BEGIN)
    if start < len(_BEGIN):
        return []
    try:
        messages = _split(body).messages
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return []
    # Only lengths are taken from here: whether a message lies in each cut is seen when it is read.
    ends = list(accumulate((len(memoryview(raw)) + 1 for raw in messages), initial=start))
    cuts = [slice(begin, end - 1) for begin, end in pairwise(ends)]
    between = bytes(body[cut.stop] for cut in cuts) if ends[-1] <= len(body) else b""
    return cuts if between == b"," * (len(cuts) - 1) + b"]" else []


def _together(around: Written, messages: list[Written]) -> Written:
    """Add up what is written around an empty list of messages, in them, and the commas between them."""
    return Written(
        around.size + sum(each.size for each in messages) + len(messages) - 1,
        around.for_5m or any(each.for_5m for each in messages),
        around.for_1h or any(each.for_1h for each in messages),
    )
