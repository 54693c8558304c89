"""Engine: walks days call by call – what the router would decide, and what that comes to at Claude.

Calls are taken one after another, in their order: each is settled before the next is decided, so no two holds are open
at once. A refused call is simply missing; the calls that the agent would not have made after it are asked all the same.
What a local model answers is taken to be as long as what Claude answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from budget.bands import Band, band
from budget.bytier import moved
from budget.shares import keep_for
from pricing.bound import bound, counted
from pricing.money import ZERO, Money
from pricing.table import PriceTable
from pricing.usage import Usage
from proxy.case import conversation
from proxy.coldcache import GATED, Turn, Worth, worth_of
from proxy.decision import Decision, View
from proxy.replay.asked import Asker
from proxy.replay.call import Call
from proxy.replay.policy import Policy
from proxy.replay.prefixes import BY_DEFAULT, LocalPrefixes, Prefixes
from proxy.request import AgentRequest
from proxy.route import CloudRoute, Fit, Route, Swap
from proxy.router import decide
from proxy.rules.ruling import Ruling
from proxy.sessions import Memory, Sessions
from proxy.swaps import swaps_of
from proxy.task import Task, Tier
from proxy.upstream.anthropic import NAME

Fate = Literal["cloud", "local", "refused"]
Escalated = Literal["", "outgrown", "does not fit", "failed", "risen"]


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one call. `tier` is what it counted as, `baseline` what it costs at the model asked for.

    `held` says that Claude came next and its hold did not fit; `escalated` why a local turn went on at Claude.
    `computed` are the prompt tokens that the local server had to work through.
    """

    call: Call
    at: datetime
    tier: Tier
    fate: Fate
    model: str
    cost: Money
    baseline: Money
    reason: str
    degraded: bool = False
    held: bool = False
    escalated: Escalated = ""
    computed: int = 0


@dataclass(frozen=True, slots=True)
class _Case:
    """One call with what was decided of it."""

    call: Call
    asked: AgentRequest
    task: Task
    memory: Memory
    outgrown: str
    decision: Decision


class Walk:
    """Walks days in their order; caches and sessions outlive a day, what is gone does not."""

    def __init__(self, policy: Policy, prices: PriceTable) -> None:
        self._policy, self._prices = policy, prices
        self._asker = Asker(policy)
        self._now = datetime.min.replace(tzinfo=UTC)
        self._sessions = Sessions(lambda: self._now)
        self._claude = Prefixes(for_an_hour=policy.for_an_hour)
        self._as_asked = Prefixes(for_an_hour=policy.for_an_hour)
        self._local = LocalPrefixes()
        self._gone = ZERO
        self._gone_by_tier: Mapping[str, Money] = {}

    @property
    def gone(self) -> Money:
        """What is spent of the day's budget so far."""
        return self._gone

    def day(self, calls: Iterable[Call], begins: datetime) -> Iterator[Step]:
        """Walk one budget day, whose calls tell their moments from `begins` on."""
        self._gone, self._gone_by_tier = ZERO, {}
        for call in calls:
            self._now = begins + timedelta(seconds=call.t)
            yield self._step(call)
            self._asker.answered(call)

    def _step(self, call: Call) -> Step:
        case = self._decided(call)
        baseline = self._priced(self._as_asked, case.asked, call, call.model)
        held = failed = False
        for route in case.decision.routes:
            if not route.is_local and not self._fits(case, route):
                held = True
                continue
            if route.is_local and self._fails(case, route):
                self._local.ask(_conversation(case.asked, route), call)
                failed = True
                continue
            return self._taken(case, route, baseline, held=held, failed=failed)
        if failed:  # No money to escalate with: the answer is given as it is.
            route = next(route for route in case.decision.routes if route.is_local)
            return self._taken(case, route, baseline, held=held, failed=False)
        held = held or (case.decision.refusal is not None and case.decision.refusal.kind == "cutoff")
        decision = case.decision
        return Step(call, self._now, decision.tier, "refused", "", ZERO, baseline, decision.reason, held=held)

    def _decided(self, call: Call) -> _Case:
        asked, task = self._asker.request(call), self._asker.task(call)
        memory = self._sessions.recall(asked)
        ruling = self._policy.rules(call, task.tier)
        is_local = memory.sticky is not None and memory.sticky.is_local
        outgrown = self._asker.outgrown(call) if is_local else ""
        view = self._view(call, asked, task, memory, ruling, outgrown)
        if self._policy.restricted_stays:
            self._sessions.saw(call.session, task.tier)
        decision = decide(view, task, Fit(call.prompt, self._policy.max_tokens, has_tools=asked.has_tools))
        return _Case(call, asked, task, memory, outgrown, decision)

    def _view(self, call: Call, asked: AgentRequest, task: Task, memory: Memory, ruling: Ruling, outgrown: str) -> View:
        policy = self._policy
        swaps = swaps_of(asked, memory, ruling, policy.cloud_models, call.prompt, self._prices, self._now)
        is_weighed = memory.sticky is None and not ruling.route and not task.side
        return View(
            mode=policy.mode,
            band=band(self._gone, policy.limits) if policy.limits else Band.normal,
            stopped=False,
            restricted=policy.restricted,
            locals=policy.locals,
            cloud=CloudRoute(NAME, call.model),
            sticky=memory.sticky,
            sticky_tier=memory.sticky_tier,
            session_tier=memory.session_tier,
            ruling=ruling,
            swaps=swaps,
            worth=self._worth(call, asked, task, swaps) if is_weighed else None,
            outgrown=outgrown,
        )

    def _worth(self, call: Call, asked: AgentRequest, task: Task, swaps: Mapping[Tier, Swap]) -> Worth | None:
        if task.tier not in GATED[self._policy.cache_gate]:
            return None
        model = swaps[task.tier].model if task.tier in swaps else call.model
        warm = self._claude.warm(conversation(asked, model), self._now)
        if warm is None:
            return None
        requests = self._sessions.turn_length(asked)
        turn = Turn(requests) if requests else Turn()
        return worth_of(self._prices.on(self._now, model).rates, call.prompt, warm, self._now, turn)

    def _fits(self, case: _Case, route: Route) -> bool:
        """Tell whether the money that the ledger would hold for it is there: by Claude's own count of the prompt."""
        limits = self._policy.limits
        if limits is None:
            return True
        shape = replace(case.asked.shape, model=route.model)
        needed = bound(shape, self._now, self._prices, input_tokens=counted(case.call.prompt)).amount
        keep = keep_for(case.decision.tier.name, self._policy.shares, limits, self._gone_by_tier)
        return self._gone + needed + keep <= limits.cutoff

    def _fails(self, case: _Case, route: Route) -> bool:
        """Tell whether its answer is no good, and Claude may be asked instead."""
        goes_on = any(not other.is_local for other in case.decision.routes)
        return goes_on and case.decision.may_escalate and self._policy.fails(case.call)

    def _taken(self, case: _Case, route: Route, baseline: Money, *, held: bool, failed: bool) -> Step:
        call, decision = case.call, case.decision
        self._sessions.remember(case.asked, route, decision.tier, case.task.side)
        if route.is_local:
            cost, computed = ZERO, self._local.ask(_conversation(case.asked, route), call)
        else:
            cost, computed = self._priced(self._claude, case.asked, call, route.model), 0
            self._gone += cost
            self._gone_by_tier = moved(self._gone_by_tier, decision.tier.name, cost.picos)
        return Step(
            *(call, self._now, decision.tier, "local" if route.is_local else "cloud", route.model, cost, baseline),
            reason=decision.reason,
            degraded=decision.degrades(route),
            held=held,
            escalated="" if route.is_local else "failed" if failed else _why_up(case),
            computed=computed,
        )

    def _priced(self, prefixes: Prefixes, asked: AgentRequest, call: Call, model: str) -> Money:
        known = self._prices.find(model)
        least = known.min_cacheable(self._now) if known else None
        usage = prefixes.ask(conversation(asked, model), model, call, self._now, least or BY_DEFAULT)
        return self._cost(usage, model)

    def _cost(self, usage: Usage, model: str) -> Money:
        terms = self._prices.on(self._now, model)
        long = terms.long_prompt
        return (long.rates if long and usage.prompt > long.over else terms.rates).cost(usage)


def _conversation(asked: AgentRequest, route: Route) -> str:
    return conversation(asked, f"{route.upstream}/{route.model}")


def _why_up(case: _Case) -> Escalated:
    """Say why a turn that ran locally is at Claude now; empty if it did not run there."""
    sticky = case.memory.sticky
    if sticky is None or not sticky.is_local:
        return ""
    if case.outgrown:
        return "outgrown"
    return "risen" if case.decision.tier >= Tier.L2 else "does not fit"
