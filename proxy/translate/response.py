"""A local model's answer as one message of the Messages API, for clients that do not stream."""

from __future__ import annotations

import json

from proxy.translate.answer import Payload
from proxy.translate.errors import Trouble, failure
from proxy.translate.reading import Reading


class Unfinished(ValueError):
    """There is no whole message; `trouble` says why, and which error answers the client."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.why)
        self.trouble = trouble


class Folded(Reading):
    """Collect one answer; the local server streams it all the same, so that a broken one is noticed."""

    _message: Payload
    _pieces: list[str]

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the local server."""
        self._fold(self._answer.feed(chunk))

    def end(self, clean: bool) -> None:
        """Take the end of its bytes; `clean` unless the connection broke."""
        self._fold(self._answer.end(clean))

    def fail(self, why: str) -> None:
        """Give the answer up for a reason of ours."""
        self._answer.give_up(failure(why))

    def message(self) -> Payload:
        """Return the whole message; raises Unfinished when there is none."""
        if self.trouble is not None:
            raise Unfinished(self.trouble)
        if not self.over:
            raise Unfinished(failure("its answer is still under way"))
        return self._message

    def _fold(self, events: list[Payload]) -> None:
        for event in events:
            match event["type"]:
                case "message_start":
                    self._message = event["message"]
                case "content_block_start":
                    self._message["content"].append(event["content_block"])
                    self._pieces = []
                case "content_block_delta":
                    delta = event["delta"]
                    self._pieces.append(delta["text"] if delta["type"] == "text_delta" else delta["partial_json"])
                case "content_block_stop":
                    self._close(self._message["content"][-1])
                case "message_delta":
                    self._message.update(event["delta"], usage=event["usage"])

    def _close(self, block: Payload) -> None:
        whole = "".join(self._pieces)
        if block["type"] == "text":
            block["text"] = whole
        else:
            block["input"] = json.loads(whole)
