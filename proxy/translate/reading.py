"""What both forms of an answer, the stream and the one message, tell of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from proxy.toolcalls.policy import Accept, pass_on
from proxy.toolcalls.signals import Heard
from proxy.toolcalls.verdict import Verdict
from proxy.translate.answer import Answer, mint
from proxy.translate.errors import Trouble
from proxy.translate.translated import Translated
from proxy.translate.usage import Speed


class Reading:
    """What both forms of an answer tell of it, while it comes and after."""

    def __init__(
        self,
        requested_model: str,
        request: Translated | None = None,
        *,
        accept: Accept = pass_on,
        mint: Callable[[], str] = mint,
    ) -> None:
        self._answer = Answer(requested_model, request, accept=accept, mint=mint)

    @property
    def over(self) -> bool:
        """Tell whether the last event is out: the connection to the server is of no more use."""
        return self._answer.over

    @property
    def usage(self) -> dict[str, int]:
        """The counts in the API's classes."""
        return self._answer.usage

    @property
    def estimated(self) -> bool:
        """Tell whether `usage` is a guess, because the server has sent no counts."""
        return not self._answer.counted

    @property
    def finish(self) -> str | None:
        """The server's own reason for stopping."""
        return self._answer.finish

    @property
    def stop_reason(self) -> str | None:
        """The reason that the client was told; None while there is none, and after a failure."""
        return self._answer.stop_reason

    @property
    def trouble(self) -> Trouble | None:
        """Why there is no whole answer, as a status and an error; None while there may be one."""
        return self._answer.trouble

    @property
    def failed(self) -> str | None:
        """Why there is no whole answer, in a few words that are free of prompt text."""
        return self._answer.trouble.why if self._answer.trouble else None

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What was thought of each call, once the answer is over."""
        return self._answer.verdicts

    @property
    def heard(self) -> Heard:
        """What the answer came to, for whoever looks for signs of a bad one (`toolcalls.signals`)."""
        return self._answer.heard

    @property
    def speed(self) -> Speed | None:
        """How long the server worked at it by its own clock, where it says so."""
        return self._answer.speed

    @property
    def timings(self) -> Mapping[str, Any] | None:
        """llama.cpp's table of times and counts, where it came."""
        return self._answer.timings
