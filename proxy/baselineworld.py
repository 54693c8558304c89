"""Two worlds of prompt caches: as Claude's really are, and as they would be had Claude answered every request.

What a request would have cost is read off the second; how wrong a simulation is shows the first, beside what Claude
really charged. Nothing of a prompt is kept but digests, and those in memory alone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from budget.prompt import Life, Split
from budget.promptcache import LIFETIMES, Simulator
from pricing.table import PriceTable
from pricing.usage import Usage
from proxy.conversation import conversation_of
from proxy.promptblocks import CachedModel, Prompts
from proxy.promptlengths import Laid

BEGINS_S = 2.0
"""How long Claude takes to begin an answer, where a local model gave it instead."""
MOST_KEPT = 4096
MOST_FIRST = 256
"""Requests whose first attempt is remembered; a second one follows within minutes, and each takes some 30 KB."""
LONGEST_LIFE = timedelta(seconds=max(LIFETIMES.values()))


@dataclass(slots=True)
class Sent:
    """A request that has a hold and is on its way; `fields` are those of a request to the Messages API, None if only
    its `body` is one. `workspace` names who pays, by a digest of the key they sent.
    One that `is_ping` is in one of the worlds only: without a cache keeper nobody had sent it.
    """

    hold_id: int
    request_id: str
    at: datetime
    session: str
    agent: str
    asked: str
    served: str
    is_local: bool
    body: bytes = field(repr=False)
    fields: Mapping[str, Any] | None = field(default=None, repr=False)
    workspace: str = ""
    is_plan: bool = False
    would: str = ""
    is_ping: bool = False

    @property
    def is_as_asked(self) -> bool:
        """Whether Claude gets it at the model that was asked for."""
        return not self.is_local and self.served == self.asked

    def let_go(self) -> None:
        """Forget the prompt itself, as soon as it is laid out."""
        self.body, self.fields = b"", None


@dataclass(frozen=True, slots=True)
class View:
    """A prompt in one of the worlds, and how it divides there."""

    laid: Laid
    split: Split


@dataclass(frozen=True, slots=True)
class Pending:
    """A request under way: `alone` with Claude answering everything, `really` as it is, None for a local one.

    `warm` where the process is younger than the conversation: its cache may hold what we have never seen, and `alone`
    is the other end of the range. `settings` of the request are priced too.
    """

    sent: Sent
    prices: PriceTable
    alone: View
    really: View | None
    settings: Mapping[str, Any]
    warm: Split | None = None


class Worlds:
    """Keeps both worlds; one thread at a time. `since` is when this process began to see requests."""

    def __init__(self, prompts: Prompts, since: datetime) -> None:
        self.prompts, self._since = prompts, since
        self._alone, self._really = Simulator(), Simulator()
        self._seen: OrderedDict[tuple[str, str, str], None] = OrderedDict()
        self._first: OrderedDict[str, View] = OrderedDict()
        self._geo: OrderedDict[str, str] = OrderedDict()
        self._counted: OrderedDict[str, tuple[str, int]] = OrderedDict()

    def send(self, sent: Sent, prices: PriceTable, active: datetime | None) -> Pending:
        """Take a request through both; `active` is when its session was last active before this process, if it was."""
        fields = sent.fields if sent.fields is not None else msgspec.json.decode(sent.body)
        asked = CachedModel.of(prices, sent.asked, sent.at)
        laid = self.prompts.of(fields, asked, sent.workspace)
        if sent.is_ping:
            return self._ping(sent, prices, laid)
        is_new = _note(self._seen, (sent.session, sent.agent, sent.asked), None)
        alone = self._ask_alone(sent, laid)
        settings = _settings(fields, self._geo.get(sent.workspace, ""))
        really = self._ask_really(sent, laid, fields, prices)
        sent.let_go()
        pending = Pending(sent, prices, alone, really, settings)
        # What was cached before we began is unknown as long as it can live.
        if is_new and sent.at - self._since < LONGEST_LIFE:
            return self._unsure(pending, fields, asked, active)
        return pending

    def began(self, pending: Pending, at: datetime) -> None:
        """Let both caches be read: Claude's answer has begun."""
        if pending.really is not None:
            self._really.began(pending.really.laid.prompt, at.timestamp())
            if not pending.sent.is_ping:
                self._alone.began(pending.alone.laid.prompt, at.timestamp())

    def heard(self, pending: Pending, usage: Mapping[str, Any], told: Usage | None = None) -> None:
        """Learn from the usage object of Claude's whole answer: how long prompts are, and where the key is billed.

        `told` is what it says, where it was read already.
        """
        if pending.really is None:
            return
        self.prompts.heard(pending.really.laid, usage, told)
        if isinstance(usage.get("inference_geo"), str):
            _note(self._geo, pending.sent.workspace, usage["inference_geo"])
        model, local = self._counted.pop(pending.sent.request_id, ("", 0))
        if local and not usage.get("iterations"):
            names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
            claude = sum(int(usage.get(name) or 0) for name in names)
            self.prompts.ratios.teach_local(pending.really.laid.generation, model, local, claude)

    def counted(self, sent: Sent, tokens: int) -> None:
        """Note what a local model counted of a prompt: if Claude counts the same one, that tells how they compare."""
        _note(self._counted, sent.request_id, (sent.served, tokens))

    def _ping(self, sent: Sent, prices: PriceTable, laid: Laid) -> Pending:
        """Let a ping refresh what it reads in the one world, and in the other nothing happen."""
        view = View(laid, self._really.ask(laid.prompt, sent.at.timestamp()))
        sent.let_go()
        return Pending(sent, prices, view, view, {})

    def _ask_alone(self, sent: Sent, laid: Laid) -> View:
        """Ask once for each request: with Claude alone there would have been one attempt."""
        known = self._first.get(sent.request_id)
        if known is not None:
            return known
        at = sent.at.timestamp()
        view = View(laid, self._alone.ask(laid.prompt, at, at + BEGINS_S if sent.is_local else None))
        _note(self._first, sent.request_id, view, MOST_FIRST)
        return view

    def _ask_really(self, sent: Sent, laid: Laid, fields: Mapping[str, Any], prices: PriceTable) -> View | None:
        if sent.is_local:
            return None
        if sent.served != sent.asked:
            laid = self.prompts.of(fields, CachedModel.of(prices, sent.served, sent.at), sent.workspace)
        return View(laid, self._really.ask(laid.prompt, sent.at.timestamp()))

    def _unsure(
        self, pending: Pending, fields: Mapping[str, Any], model: CachedModel, active: datetime | None
    ) -> Pending:
        """Say what would be read if the conversation so far were in the cache: everything but what is new."""
        messages, sent, prompt = conversation_of(fields.get("messages") or ()), pending.sent, pending.alone.laid.prompt
        last = messages.last_of("assistant")
        if last is None:
            return pending
        life: Life = "1h" if "1h" in prompt.marks.values() else "5m"
        if active is not None and (sent.at - active).total_seconds() > LIFETIMES[life]:
            return pending
        before = self.prompts.of({**fields, "messages": messages[:last]}, model, sent.workspace)
        warm, at = Simulator(), sent.at.timestamp()
        warm.ask(replace(before.prompt, automatic=life), at, at)
        return replace(pending, warm=warm.ask(prompt, at))


def _settings(fields: Mapping[str, Any], geo: str) -> Mapping[str, Any]:
    """Give what of a request changes its price, as an answer's usage would say it."""
    told = {"inference_geo": fields.get("inference_geo") or geo, "speed": fields.get("speed")}
    return {name: value for name, value in told.items() if value and isinstance(value, str)}


def _note(kept: OrderedDict[Any, Any], key: Any, value: Any, most: int = MOST_KEPT) -> bool:
    """Keep something, the least recently used forgotten; tells whether it was not there."""
    is_new = key not in kept
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)
    return is_new
