"""The count: the one free question that is asked of Claude before money is held – how many tokens has this request?

It is carried by the loop like everything else that goes to a cloud, so that the emergency stop and a turn to mode local
reach it too, and no worker waits for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from proxy.headers import to_upstream
from proxy.upstream.anthropic import Cloud
from proxy.wire.answer import Answer, Ending, Forward, Headers, Patience, Tail

COUNT_S = 10.0
MAX_ANSWER = 64 * 1024
COUNTED = ("model", "messages", "system", "tools", "tool_choice", "thinking", "mcp_servers", "context_management")
"""What of a request its input tokens depend on; count_tokens refuses the rest."""

Then = Callable[[int | None], Answer]
"""How the request goes on, given its number of tokens, or None if Claude did not say."""


def count_tokens(
    cloud: Cloud,
    headers: Headers,
    fields: Mapping[str, Any],
    may_send: Callable[[], bool],
    then: Then,
    lost: Callable[[], object] | None = None,
) -> Forward:
    """Ask Claude how many tokens a request has, with the agent's own credentials; `lost` if the agent leaves meanwhile.

    Source: https://platform.claude.com/docs/en/build-with-claude/token-counting
    """
    asked = {name: fields[name] for name in COUNTED if name in fields}
    plain = [(name, value) for name, value in to_upstream(headers) if name.lower() != b"accept-encoding"]
    return Forward(
        origin=cloud.origin,
        method=b"POST",
        target=cloud.target(b"/v1/messages/count_tokens"),
        headers=[*plain, (b"accept-encoding", b"identity")],
        body=json.dumps(asked).encode(),
        carrier=CountCarrier(then, lost),
        patience=Patience(connect_s=COUNT_S, head_s=COUNT_S, idle_s=COUNT_S),
        may_send=may_send,
    )


class CountCarrier:
    """Takes the count and shows the agent none of it: its request goes on with what was learnt."""

    passes: Callable[[bytes], bool] | None = None

    def __init__(self, then: Then, lost: Callable[[], object] | None = None) -> None:
        self._then, self._lost = then, lost
        self._status = 0
        self._body = bytearray()

    def open(self) -> None:
        """Open nothing: the answer is still to come."""

    def head(self, status: int, headers: Headers) -> None:
        """Keep the status."""
        self._status = status

    def feed(self, data: bytes) -> bytes:
        """Keep the answer, as far as it is of any use."""
        self._body += data[: MAX_ANSWER - len(self._body)]
        return b""

    def ping(self) -> bytes:
        """Send nothing."""
        return b""

    def nearly_done(self) -> bool:
        """Never wait for it after the agent has left."""
        return False

    def finish(self, ending: Ending, detail: str) -> Tail:
        """Go on, with the count or without."""
        tokens = self._tokens() if ending is Ending.complete and self._status == 200 else None
        return Tail(then=lambda: self._then(tokens), lost=self._lost)

    def _tokens(self) -> int | None:
        try:
            found = json.loads(self._body)["input_tokens"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None
