"""An interview: one request of a probe put to a model in the way that an agent's would go, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from proxy.toolcalls.signals import Heard, Signal, has_raw_markers, signals
from proxy.toolcalls.styles import PLAIN_STYLES, STYLES
from proxy.toolcalls.verdict import Failed, Repaired, Why
from proxy.translate.errors import Trouble, from_local
from proxy.translate.request import Translated, to_chat
from proxy.translate.response import Folded
from proxy.translate.usage import Speed
from proxy.upstream import diagnosis
from proxy.upstream.call import Ended, Hearing, Question, ask
from proxy.upstream.local_model import LocalModel, LocalUpstream
from proxy.upstream.probe_checks import Fields, Made
from proxy.upstream.probe_result import Diagnosis

MOST_ERROR_BYTES = 64 * 1024
NO_SERVER = "it is not running"


class Over(Exception):
    """Nothing more is to be asked, for this cause."""

    def __init__(self, cause: Diagnosis) -> None:
        super().__init__(cause.says)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Said:
    """What a model answered: its text and its calls; `cause` where it is no proper answer.

    `style` is the one in which calls stood in the text; `is_stray` where they stand there still. `first_s` is the time
    to the first byte, by our clock.
    """

    text: str = ""
    made: tuple[Made, ...] = ()
    cause: Diagnosis | None = None
    style: str = ""
    is_stray: bool = False
    is_cut: bool = False
    first_s: float | None = None
    seconds: float = 0.0
    speed: Speed | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None


class Interview:
    """Asks one model at one server; raises Over where that has no more use, CannotTranslate where it cannot be put."""

    def __init__(
        self,
        upstream: LocalUpstream,
        model: LocalModel,
        *,
        leaving: Callable[[], bool],
        request_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._upstream, self._model = upstream, model
        # Whether it can call tools is the question; a guess that it cannot would answer it.
        self._caps = replace(model, tools=True)
        self._leaving, self._request_s, self._monotonic = leaving, request_s, monotonic

    def translated(self, fields: Fields, *, judged: bool) -> Translated:
        """Put a request as an agent's would be put."""
        return to_chat(fields, model=self._model.id, caps=self._caps, judged=judged)

    def ask(self, fields: Fields, *, judged: bool) -> Said:
        """Put a request, and give what came of it."""
        request = self.translated(fields, judged=judged)
        folded, broken = Folded("bursar-probe", request), bytearray()

        def take(status: int, data: bytes) -> None:
            if status == 200:
                folded.feed(data)
            else:
                broken.extend(data[: MOST_ERROR_BYTES - len(broken)])

        began = self._monotonic()
        hearing = Hearing(take, self._monotonic)
        question = Question(self._upstream.base_url + request.path, request.body, self._upstream.api_key)
        ended = ask(
            question, hearing, until=began + self._request_s, leaving=self._leaving, monotonic=self._monotonic
        )  # fmt: skip
        self._check_end(ended)
        if hearing.status not in (0, 200):
            return self._refused(from_local(hearing.status, bytes(broken)))
        folded.end(ended is Ended.WHOLE)
        first_s = None if hearing.first_at is None else hearing.first_at - began
        said = self._said(folded, request)
        return replace(said, first_s=first_s, seconds=self._monotonic() - began)

    def _check_end(self, ended: Ended) -> None:
        match ended:
            case Ended.UNREACHABLE:
                raise Over(diagnosis.unreachable(self._upstream, NO_SERVER))
            case Ended.TOO_LATE:
                raise Over(diagnosis.too_late(self._upstream, self._model, self._request_s))
            case Ended.CANCELLED:
                raise Over(Diagnosis("cancelled", "the probe was ended before it was done", passing=True))

    def _refused(self, trouble: Trouble) -> Said:
        """Give up on what asking again would not change; else it counts as one bad answer."""
        cause = diagnosis.refused(self._upstream, self._model, trouble)
        if not trouble.retry:
            raise Over(cause)
        return Said(cause=cause)

    def _said(self, folded: Folded, request: Translated) -> Said:
        heard = folded.heard
        if folded.trouble is not None:
            return self._refused(folded.trouble)
        message = folded.message()
        made = tuple(Made(block["name"], block["input"]) for block in message["content"] if block["type"] == "tool_use")
        styles = [one.style for one in heard.verdicts if isinstance(one, Repaired) and one.style]
        return Said(
            text=heard.text,
            made=made,
            cause=self._spoilt(heard),
            style=styles[0] if styles else "" if made else style_in(heard.text, request.tool_names),
            is_stray=not made and bool(style_in(heard.text, request.tool_names)),
            is_cut=Signal.PROMPT_CUT in signals(heard),
            speed=folded.speed,
            prompt_tokens=heard.prompt_tokens,
            output_tokens=heard.output_tokens,
        )

    def _spoilt(self, heard: Heard) -> Diagnosis | None:
        failed = [one for one in heard.verdicts if isinstance(one, Failed)]
        if heard.finish == "length" and not heard.text.strip() and not heard.verdicts:
            return diagnosis.endless_thought(self._upstream, self._model)
        if heard.finish == "length":
            return diagnosis.cut_short(self._upstream, self._model)
        if failed and failed[0].why != Why.CUT:
            return diagnosis.wrong_calls(self._model, failed[0].why.value)
        return None


def style_in(text: str, tools: tuple[str, ...]) -> str:
    """Name the style of a call that stands in a text as text; empty where there is none."""
    for style, markers, _ in STYLES:
        if style not in PLAIN_STYLES and any(marker in text for marker in markers):
            return style
    if has_raw_markers(text):
        return "of marks that we do not know"
    is_call = any(tool in text for tool in tools) and ('"name"' in text or '"arguments"' in text)
    return "bare JSON" if is_call and "{" in text else ""
