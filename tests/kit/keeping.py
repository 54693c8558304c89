"""A conversation before a proxy whose cache keeper is on, in time that a test sets, for the fake Claude as well."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from budget.ledger import Entry
from pricing.money import Money
from proxy.keeper.wish import Wish
from proxy.services import ProxyOptions
from tests.kit.fake_claude import FakeClaude, Received
from tests.kit.inproc import InProcess
from tests.kit.raw import Answer, ask
from tests.kit.scripted import eventually

OPUS = "claude-opus-5-5"
BEGINS = datetime(2026, 11, 20, 9, tzinfo=UTC)
ON = Wish(enabled=True, allowance=Money.usd(50))
MARK = {"cache_control": {"type": "ephemeral"}}
LONG = "word " * 80_000  # 100,000 tokens by the fake's rule.


class Keeping:
    """One bursar and one fake Claude at the same moment; `wait` lets time pass, with the pings that are due in it."""

    def __init__(
        self,
        start: Callable[..., InProcess],
        fake: FakeClaude,
        *,
        wish: Wish = ON,
        options: Any = None,
        **settings: Any,
    ) -> None:
        settings = {"budget": "100", "cutoff": "120"} | settings
        self.proxy = start(options=options or ProxyOptions(keeper=wish), at=BEGINS, **settings)
        self.fake, self.seconds = fake, 0.0
        self.said: dict[str, list[dict[str, Any]]] = {}
        self._turn_to(0.0)

    def asks(
        self,
        words: str = "go on",
        session: str = "s1",
        *,
        agent: str = "",
        key: dict[str, Any] | None = None,
        **fields: Any,
    ) -> Answer:
        """Have a session's agent ask once more, with all that was said before and a mark at the end."""
        said = self.said.setdefault(session + agent, [])
        asked = {"role": "user", "content": [{"type": "text", "text": words}]}
        marked = {"role": "user", "content": [{"type": "text", "text": words} | MARK]}
        system = [{"type": "text", "text": f"{session}{agent} {LONG}"} | MARK]
        body = {"model": OPUS, "max_tokens": 1000, "stream": True, "system": system, "messages": [*said, marked]}
        headers = (
            {"x_claude_code_session_id": session} | ({"x_claude_code_agent_id": agent} if agent else {}) | (key or {})
        )
        answer = ask(self.proxy.url, body | fields, **headers)
        if answer.status == 200:
            said += [asked, {"role": "assistant", "content": [{"type": "text", "text": "said"}]}]
        self.proxy.entries()
        return answer

    def wait(self, seconds: float) -> None:
        """Let time pass; the keeper looks at each moment at which something is due."""
        end = self.seconds + seconds
        self.proxy.keeper.tick()
        while (due := self.proxy.keeper.next_due()) is not None and (at := (due - BEGINS).total_seconds()) < end:
            self._turn_to(max(at, self.seconds))
            self.tick()
            if self.proxy.keeper.next_due() == due:
                break
        self._turn_to(end)

    def sleep(self, seconds: float) -> None:
        """Let time pass while nobody looks, as on a machine that sleeps."""
        self._turn_to(self.seconds + seconds)

    def tick(self) -> None:
        """Have the keeper look, and wait until its pings are over."""
        self.proxy.keeper.tick()
        assert eventually(lambda: not self.proxy.keeper.is_busy())

    def pings(self) -> list[Entry]:
        """Return the entries of pings."""
        return [entry for entry in self.proxy.entries() if entry.labels.task_class == "ping"]

    def sent(self) -> list[Received]:
        """Return the requests for no output that Claude got."""
        return [one for one in self.fake.requests(path="/v1/messages") if b'"max_tokens": 0' in (one.body or b"")]

    def read(self, answer: Answer) -> int:
        """Return the tokens that an answer read from the cache."""
        start = next(data for name, data in answer.events if name == "message_start")
        return int(start["message"]["usage"]["cache_read_input_tokens"])

    def _turn_to(self, seconds: float) -> None:
        self.seconds = seconds
        now = BEGINS + timedelta(seconds=seconds)
        self.proxy.now = lambda: now
        self.fake.turn_to(seconds)


def body_of(received: Received) -> Any:
    """Return a request's body as values."""
    return json.loads(received.body or b"null")
