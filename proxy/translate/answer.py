"""The state machine of an answer: a local server's bytes → the Messages API's events, sans I/O.

Both forms of answer are made of it: `stream.py` writes the events, `response.py` folds them into one message.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from proxy.toolcalls.call import Calls, ToolUse
from proxy.toolcalls.check import judge
from proxy.toolcalls.held import HeldText
from proxy.toolcalls.intext import calls_in_text
from proxy.toolcalls.policy import Accept, pass_on
from proxy.toolcalls.signals import Heard
from proxy.toolcalls.thought import Thoughtless
from proxy.toolcalls.toolbox import Toolbox
from proxy.toolcalls.verdict import Verdict
from proxy.translate.constrained import call_in
from proxy.translate.errors import Trouble, failure, unusable
from proxy.translate.happenings import Done, Finish, Happening, Reasoning, Sureness, Text, ToolPiece
from proxy.translate.readers import reader_for
from proxy.translate.translated import Translated
from proxy.translate.usage import LocalUsage, Speed, estimated, usage_for_client

Payload = dict[str, Any]
"""One event as the API has it; its `type` is also the event's name."""

ANSWER_LIMIT_CHARS = 32 * 1024 * 1024
ANSWER_LIMIT_BYTES = 256 * 1024 * 1024
"""Of all that a server sends for one answer, also where it says nothing: each token brings some two hundred."""
PIECE_CHARS = 8192

ENDS = {
    "stop": "end_turn", "eos": "end_turn", "eos_token": "end_turn", "end_turn": "end_turn", "stop_sequence": "end_turn",
    "length": "max_tokens", "max_tokens": "max_tokens", "model_length": "max_tokens", "content_filter": "refusal",
}  # fmt: skip
"""Why a model stopped, in Chat Completions' words and its relatives', → the API's `stop_reason`."""


def mint() -> str:
    """Make 24 hex digits for an id: local ids are never passed on, the API would refuse some when they come back."""
    return secrets.token_hex(12)


class Answer:
    """One answer on its way from a local model to the client.

    `over` once the last event is out; `trouble` says then why it is no whole answer.
    """

    def __init__(
        self,
        requested_model: str,
        request: Translated | None = None,
        *,
        accept: Accept = pass_on,
        mint: Callable[[], str] = mint,
    ) -> None:
        self.over = False
        self.started = False
        self.finish: str | None = None
        self.stop_reason: str | None = None
        self.trouble: Trouble | None = None
        self.timings: Mapping[str, Any] | None = None
        self.verdicts: tuple[Verdict, ...] = ()
        self._model = requested_model
        self._request = request or Translated(b"", 0, 0)
        self._accept, self._mint = accept, mint
        self._reader = reader_for(self._request.wire)
        self._tools = Toolbox(self._request.functions)
        self._calls = Calls()
        self._thought, self._held = Thoughtless(), HeldText(tools=bool(self._tools))
        self._kept: list[str] = []
        self._bytes = 0
        self._said: list[str] = []
        self._stop: str | None = None
        self._counted: LocalUsage | None = None
        self._least_logprob: float | None = None
        self._chars = 0
        self._index = -1
        self._text_open = False

    @property
    def counted(self) -> bool:
        """Tell whether the server has sent its counts."""
        return self._counted is not None

    @property
    def heard(self) -> Heard:
        """What the answer has come to so far."""
        is_told = bool(self._calls) or self._request.constrained
        heard = Heard(
            "".join(self._said), self.verdicts, self.finish, self._request.tool_names,
            self._least_logprob if is_told else None,
            context=self._request.context, prompt_bytes=self._request.prompt_bytes,
            prompt_words=self._request.prompt_words, must_call=self._request.must_call,
            constrained=self._request.constrained,
        )  # fmt: skip
        counted = self._counted
        if counted is None:
            return heard
        return replace(
            heard, prompt_tokens=counted.prompt, output_tokens=counted.output, speed=counted.speed,
            counts_all=counted.is_all,
        )  # fmt: skip

    @property
    def speed(self) -> Speed | None:
        """How long the server worked, where it says so."""
        return self._counted.speed if self._counted else None

    @property
    def usage(self) -> dict[str, int]:
        """What the answer has used so far, as the API would say it."""
        return usage_for_client(self._counted or estimated(self._request.prompt_tokens, self._chars))

    def feed(self, chunk: bytes) -> list[Payload]:
        """Take the next bytes of the local server, and return the events that they make."""
        self._bytes += len(chunk)
        if self._bytes > ANSWER_LIMIT_BYTES and not self.over:
            return self._fail(unusable("its answer has no end"))
        return self._take_all(self._reader.feed(chunk))

    def end(self, clean: bool) -> list[Payload]:
        """Take the end of the bytes; `clean` unless the connection broke.

        An answer without a finish reason is never ended cleanly: clients would take the half for the whole.
        """
        events = self._take_all(self._reader.end())
        if self.over:
            return events
        return events + (self._conclude() if clean else self._fail(failure("its connection broke")))

    def give_up(self, trouble: Trouble) -> list[Payload]:
        """End the answer for a reason that lies outside its bytes."""
        return [] if self.over else self._fail(trouble)

    def _take_all(self, happenings: list[Happening]) -> list[Payload]:
        events: list[Payload] = []
        for happening in happenings:
            if self.over:
                break
            events += self._take(happening)
        return events

    def _take(self, happening: Happening) -> list[Payload]:
        match happening:
            case Text(text):
                return self._hear(self._thought.feed(text)) + self._grow(len(text))
            case Reasoning(text):
                return self._grow(len(text))
            case ToolPiece():
                return self._collect(happening)
            case Finish(reason, stop):
                self.finish, self._stop = reason, stop
            case Sureness(least):
                self._least_logprob = least
            case LocalUsage():
                self._counted = happening
                self.timings = happening.timings or self.timings
            case Trouble():
                return self._fail(happening)
            case Done():
                return self._conclude()
        return []

    def _hear(self, text: str) -> list[Payload]:
        """Tell words as far as they can be no call; of an answer that is held to be one, none."""
        if self._request.constrained:
            self._kept.append(text)
            return []
        return self._say(self._held.feed(text))

    def _grow(self, chars: int) -> list[Payload]:
        self._chars += chars
        return self._fail(unusable("its answer has no end")) if self._chars > ANSWER_LIMIT_CHARS else []

    def _say(self, text: str) -> list[Payload]:
        if not text:
            return []
        self._said.append(text)
        events = self._start()
        if not self._text_open:
            events.append(self._open({"type": "text", "text": ""}))
            self._text_open = True
        delta = {"type": "text_delta", "text": text}
        events.append({"type": "content_block_delta", "index": self._index, "delta": delta})
        return events

    def _collect(self, piece: ToolPiece) -> list[Payload]:
        """Keep a piece of a tool call: a call is checked whole, and clients run it only when it is."""
        if not self._calls.add(piece.index, piece.id, piece.name, piece.arguments):
            return self._fail(unusable("its tool calls have no end"))
        return self._grow(len(piece.arguments))

    def _conclude(self) -> list[Payload]:
        """End the answer with its tool calls, its reason and its counts, or with why it is none."""
        if self.finish is None:
            return self._fail(failure("its answer stopped in the middle"))
        events, rest = self._last_words()
        uses = self._accept(self.verdicts)[: 1 if self._request.one_call else None]
        self.stop_reason = "tool_use" if uses else ENDS.get(self.finish)
        if self.stop_reason is None:
            return events + self._fail(unusable(self._no_reason()))
        stop = self._stop if self._stop in self._request.stop_sequences and not uses else None
        if stop is not None and self.stop_reason == "end_turn":
            self.stop_reason = "stop_sequence"
        self.over = True
        events += self._say(rest) + self._start() + self._close_text()
        for use in uses:
            events += self._call(use)
        delta = {"stop_reason": self.stop_reason, "stop_sequence": stop}
        return [*events, {"type": "message_delta", "delta": delta, "usage": self.usage}, {"type": "message_stop"}]

    def _last_words(self) -> tuple[list[Payload], str]:
        """Judge the calls, and find out whether what was held of the text is text: that is returned too.

        The text is looked into only where the server found no calls itself, and the model had said all it wanted.
        """
        events = self._hear(self._thought.rest())
        kept = "".join(self._kept)
        if kept and (call := call_in(kept)) and not self._calls:
            self.verdicts = judge((call,), self.finish or "", self._tools)
            return events, ""
        events += self._say(self._held.feed(kept))
        rest = self._held.rest()
        self.verdicts = judge(self._calls.all(), self.finish or "", self._tools)
        if rest and not self._calls and ENDS.get(self.finish or "") == "end_turn":
            self.verdicts = calls_in_text("".join(self._said), rest, self._tools)
            rest = "" if self.verdicts else rest
        return events, rest

    def _no_reason(self) -> str:
        if self.finish in ("tool_calls", "function_call"):
            return "it announced a tool call and made none that can be run"
        return "it stopped for a reason that we do not know"

    def _start(self) -> list[Payload]:
        if self.started:
            return []
        self.started = True
        message: Payload = {
            "id": f"msg_{self._mint()}", "type": "message", "role": "assistant", "model": self._model, "content": [],
            "stop_reason": None, "stop_sequence": None, "usage": usage_for_client(LocalUsage(0, 0, 0)),
        }  # fmt: skip
        return [{"type": "message_start", "message": message}]

    def _open(self, block: Payload) -> Payload:
        self._index += 1
        return {"type": "content_block_start", "index": self._index, "content_block": block}

    def _close_text(self) -> list[Payload]:
        was_open, self._text_open = self._text_open, False
        return [{"type": "content_block_stop", "index": self._index}] if was_open else []

    def _call(self, use: ToolUse) -> list[Payload]:
        start = self._open({"type": "tool_use", "id": f"toolu_{self._mint()}", "name": use.name, "input": {}})
        pieces = [use.arguments[at : at + PIECE_CHARS] for at in range(0, len(use.arguments), PIECE_CHARS)]
        deltas: list[Payload] = [
            {"type": "content_block_delta", "index": self._index,
             "delta": {"type": "input_json_delta", "partial_json": piece}}
            for piece in pieces
        ]  # fmt: skip
        return [start, *deltas, {"type": "content_block_stop", "index": self._index}]

    def _fail(self, trouble: Trouble) -> list[Payload]:
        """End with an error, whatever has been said: never with what looks like a whole answer."""
        self.over, self.trouble, self.stop_reason = True, trouble.at(self._request.server), None
        return [self.trouble.body()]
