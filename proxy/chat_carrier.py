"""The chat carrier: what another carrier gives in the Messages API's dialect, told in OpenAI's as it comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec

from proxy.errors import JSON_TYPE, error
from proxy.headers import value_of
from proxy.meter import Inflate
from proxy.translate.chat.errors import error_of
from proxy.translate.chat.tell import PING, UNREADABLE, ChatStream
from proxy.translate.chat.told import Told
from proxy.wire.answer import Answer, Carrier, Ending, Head, Headers, Tail, Whole

_OF_THE_BODY = frozenset({b"content-encoding", b"content-type", b"content-length"})


class ChatCarrier:
    """Wraps a carrier: whatever it meters, settles or passes on to, only the bytes for the agent are other ones."""

    passes: Callable[[bytes], bool] | None = None

    def __init__(self, inner: Carrier, told: Told, following: Callable[[Answer], Answer]) -> None:
        self._inner, self._told, self._following = inner, told, following
        self._stream = ChatStream(told)
        self._inflate = Inflate("")

    def open(self) -> Head | None:
        """Open as the carrier within does."""
        head = self._inner.open()
        return chat_head(head) if head else None

    def head(self, status: int, headers: Headers) -> Head | None:
        """Pass a stream's head on; the answer was asked for unpacked, and is unpacked here if it comes packed."""
        head = self._inner.head(status, headers)
        if head is None:
            return None
        self._inflate = Inflate(value_of(head.headers, b"content-encoding"))
        return chat_head(head)

    def feed(self, data: bytes) -> bytes:
        """Tell what the carrier within gives."""
        return self._tell(self._inner.feed(data))

    def ping(self) -> bytes:
        """Keep the agent waiting, with a comment: events of this dialect are whole when they are sent."""
        self._inner.ping()
        return PING

    def nearly_done(self) -> bool:
        """Ask the carrier within."""
        return self._stream.has_ended or self._inner.nearly_done()

    def finish(self, ending: Ending, detail: str) -> Tail:
        """Settle as the carrier within does, and end as cleanly as it does and no more."""
        tail = self._inner.finish(ending, detail)
        then = tail.then
        if then:
            return replace(tail, data=b"", then=lambda: self._following(then()))
        if tail.whole:
            return replace(tail, data=b"", whole=chat_whole(tail.whole, self._told))
        data = self._tell(tail.data)
        if tail.clean and self._stream.has_ended:
            return replace(tail, data=data + self._stream.end())
        return replace(tail, data=data + self._stream.cut(), clean=False)

    def _tell(self, data: bytes) -> bytes:
        if not data:
            return b""
        plain = self._inflate.feed(data)
        return self._stream.fail(UNREADABLE) if self._inflate.is_broken else self._stream.feed(plain)


def chat_head(head: Head) -> Head:
    """Keep a stream's head but for what described the other bytes."""
    kept = [(name, value) for name, value in head.headers if name.lower() not in _OF_THE_BODY]
    return Head(head.status, [(b"content-type", b"text/event-stream; charset=utf-8"), *kept])


def chat_whole(whole: Whole, told: Told) -> Whole:
    """Put a whole answer, or an error in its place, in the caller's dialect."""
    kept = [(name, value) for name, value in whole.headers if name.lower() not in _OF_THE_BODY]
    inflate = Inflate(value_of(whole.headers, b"content-encoding"))
    body = inflate.feed(whole.body)
    if whole.status >= 300:
        return Whole(whole.status, [JSON_TYPE, *kept], error_of(body, whole.status))
    try:
        message = msgspec.json.decode(body)
        completion = msgspec.json.encode(told.completion(message))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return error(502, "bursar: the answer cannot be read", "openai", headers=kept)
    return Whole(whole.status, [JSON_TYPE, *kept], completion)
