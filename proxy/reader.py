"""Reader: from a request's body to its fields; of its messages and tools only what is new is read strictly.

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
from proxy.wellformed import BadRequest, check_around, check_fields, check_message, check_tools, parsed_object
from proxy.written import Written

MOST_KEPT = 8192
"""Messages of which is remembered that they were read: 5 MB; a conversation of a megabyte has about five hundred."""
LEAST = 16_384
"""Bytes; a shorter body is read as a whole sooner."""

MOST_TOOLS = 256
"""Lists of tools of which the same is remembered; each agent and kind of sub-agent sends its own."""

_MESSAGES, _TOOLS = b'"messages":[', b'"tools":['
"""In a JSON text these can only be a key and what follows it: quotes within a string are escaped."""
_EMPTY = b"[]"
_WITHIN_MESSAGES, _WITHIN = 2, 1
"""Levels of nesting around a message, and around the tools."""
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
    """How long the messages and the tools of a body are, none of them read."""

    messages: list[msgspec.Raw]
    tools: msgspec.Raw = msgspec.Raw(_EMPTY)


_split = msgspec.json.Decoder(_Split).decode
_decode = msgspec.json.Decoder().decode


class Reader:
    """Reads bodies, and remembers by a keyed hash which messages it has read; safe from any thread."""

    def __init__(self, most: int = MOST_KEPT, least: int = LEAST) -> None:
        self._known: Kept[tuple[Gist, Written]] = Kept(most)
        self._tools: Kept[Written] = Kept(MOST_TOOLS)
        self._least = least

    def read(self, body: bytes) -> Fields:
        """Read a body, which has to be one JSON object; raises BadRequest."""
        found = self._read_new(body) if len(body) >= self._least else None
        return found or read_whole(body)

    def _read_new(self, body: bytes) -> Fields | None:
        """Read what is new in a body; None if it is not written the usual way, or if anything is wrong with it.

        The text around the messages and the tools is read strictly with an empty list in place of each, and they by
        themselves unless they are known: together they have the one meaning that the whole has.
        """
        cuts, tools = _cuts(body)
        if not cuts:
            return None
        try:
            around = parse(_without(body, slice(cuts[0].start, cuts[-1].stop), tools))
            read = [self._message(body[cut]) for cut in cuts]
            written = [Written.of(around.canonical), *([self._tools_of(body[tools])] if tools else [])]
        except (NotStrictJson, BadRequest):
            return None
        values = around.value
        if not isinstance(values, dict) or values.get("messages") != [] or (tools and values.get("tools") != []):
            return None
        check_around(values)
        if tools:
            values["tools"] = _decode(body[tools])
        known = [about for _, about in read]
        messages = Conversation(cuts, body, [gist for gist, _ in known], [key for key, _ in read])
        commas = len(cuts) - 1 - (len(_EMPTY) if tools else 0)
        together = Written.together([*written, *(each for _, each in known)], commas)
        return Fields({**values, "messages": messages}, messages, together)

    def _tools_of(self, raw: bytes) -> Written:
        """Read tools strictly unless they are known, and tell how they are written."""
        key = key_of(raw)
        known = self._tools.get(key)
        if known is not FRESH:
            return known
        tools = parse(raw, within=_WITHIN)
        check_tools(tools.value)
        return self._tools.put(key, Written.of(tools.canonical))

    def _message(self, raw: bytes) -> tuple[Key, tuple[Gist, Written]]:
        key = key_of(raw)
        known = self._known.get(key)
        if known is not FRESH:
            return key, known
        message = parse(raw, within=_WITHIN_MESSAGES)
        check_message(message.value, 0)
        gist, written = Gist.of(message.value, words_of(message.value)), Written.of(message.canonical)
        # What holds words of its own, such as the names of tools, is looked at each time rather than kept.
        is_wordless = not gist.met.references and not gist.met.cloud and len(gist.role) <= _SHORT_ROLE
        return key, self._known.put(key, (gist, written)) if is_wordless else (gist, written)


def read_whole(body: bytes) -> Fields:
    """Read all of a body, which has to be one JSON object; raises BadRequest."""
    parsed = parsed_object(body)
    return Fields.of(parsed.value, parsed.canonical)


def _cuts(body: bytes) -> tuple[list[slice], slice | None]:
    """Tell where the messages of a body lie, if a comma and nothing else stands between them, and where its tools do.

    Only lengths are taken from here: whether a message, or the tools, lie in each cut is seen when that is read.
    """
    start = body.find(_MESSAGES) + len(_MESSAGES)
    if start < len(_MESSAGES):
        return [], None
    try:
        split = _split(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return [], None
    ends = list(accumulate((len(memoryview(raw)) + 1 for raw in split.messages), initial=start))
    cuts = [slice(begin, end - 1) for begin, end in pairwise(ends)]
    between = bytes(body[cut.stop] for cut in cuts) if ends[-1] <= len(body) else b""
    if not cuts or between != b"," * (len(cuts) - 1) + b"]":
        return [], None
    return cuts, _tools_cut(body, len(memoryview(split.tools)), start, ends[-1])


def _tools_cut(body: bytes, size: int, start: int, stop: int) -> slice | None:
    """Tell where tools of a size lie, before or after the messages; None if there are none."""
    if size <= len(_EMPTY):
        return None
    at = body.find(_TOOLS, 0, start)
    is_before = at >= 0
    at = at if is_before else body.find(_TOOLS, stop)
    begin = at + len(_TOOLS) - 1
    end = begin + size
    return None if at < 0 or (is_before and end > start) else slice(begin, end)


def _without(body: bytes, messages: slice, tools: slice | None) -> bytes:
    """Give the text around messages and tools, with empty lists in their place."""
    if tools is None:
        return body[: messages.start] + body[messages.stop :]
    if tools.start < messages.start:
        return body[: tools.start] + _EMPTY + body[tools.stop : messages.start] + body[messages.stop :]
    return body[: messages.start] + body[messages.stop : tools.start] + _EMPTY + body[tools.stop :]
