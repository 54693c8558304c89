"""A local model's answer as a stream of the Messages API: bytes in, bytes out, sans I/O."""

from __future__ import annotations

from proxy.sse import frame
from proxy.translate.answer import Payload
from proxy.translate.errors import failure
from proxy.translate.reading import Reading

PING = frame("ping", {"type": "ping"})


class AnthropicStream(Reading):
    """Translate one answer as it comes.

    The headers and the timer for pings are the server's business; `request` is what `to_chat` returned.
    After the last event every method returns nothing more.
    """

    def start(self) -> bytes:
        """Return what the client gets with the headers, so that it sees life before the model has read the prompt."""
        return self.ping()

    def ping(self) -> bytes:
        """Return a ping, also before the message has begun; nothing once it is over."""
        return b"" if self._answer.over else PING

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes of the local server, and return those for the client."""
        return _written(self._answer.feed(chunk))

    def end(self, clean: bool) -> bytes:
        """Take the end of the local server's bytes; a cut answer ends in an `error` event."""
        return _written(self._answer.end(clean))

    def fail(self, why: str) -> bytes:
        """End the stream for a reason of ours, such as a silence that lasted too long."""
        return _written(self._answer.give_up(failure(why)))

    @property
    def started(self) -> bool:
        """Tell whether the client has been shown any of the answer."""
        return self._answer.started


def _written(events: list[Payload]) -> bytes:
    if len(events) == 1:  # As for nearly every piece.
        return frame(events[0]["type"], events[0])
    return b"".join(frame(event["type"], event) for event in events)
