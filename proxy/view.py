"""The view: what the router sees of the world for one request, gathered from the services."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from budget.state import Mode
from pricing.tokens import estimate_tokens
from proxy.case import conversation
from proxy.coldcache import GATED, Turn, Worth, worth_of
from proxy.decision import Override, View
from proxy.inloop import outgrown
from proxy.localroutes import locals_of
from proxy.pace import band_of, pace_of
from proxy.request import AgentRequest, BadRequest
from proxy.route import CloudRoute, Fit, Swap
from proxy.rules.ruling import NO_RULING, Ruling
from proxy.services import Services
from proxy.sessions import Memory
from proxy.swaps import swaps_of
from proxy.task import Task, Tier
from proxy.upstream.anthropic import NAME

IMAGE_TOKENS = 1600
"""About what an image takes of a context; the largest take three times that."""


def view_of(
    services: Services,
    asked: AgentRequest,
    override: Override | None,
    ruling: Ruling = NO_RULING,
    *,
    task: Task | None = None,
    counts: bool = True,
) -> View:
    """Gather mode, band, local models and what is known of the turn; `counts` is False for a request never made.

    Without its `task` nothing is said of what a local turn would let go cold.
    """
    today = services.ledger.today()
    memory = services.sessions.recall(asked)
    swaps = _swaps(services, asked, memory, ruling)
    named = asked.model if names_local(services, asked) else None
    is_gated = task is not None and memory.sticky is None and not override and not ruling.route
    pace = pace_of(services, today)
    return View(
        mode=today.mode,
        band=pace.band if pace else band_of(today),
        stopped=today.stop is not None,
        restricted=services.options.restricted,
        locals=locals_of(services, asked, fit_of(asked), named, counts=counts),
        cloud=CloudRoute(NAME, asked.model),
        sticky=memory.sticky,
        sticky_tier=memory.sticky_tier,
        session_tier=memory.session_tier,
        override=override,
        ruling=ruling,
        swaps=swaps,
        worth=_worth(services, asked, task, swaps) if task and is_gated else None,
        outgrown=_outgrown(asked, task, today.mode, memory) if not override else "",
        would=memory.would,
        would_tier=memory.would_tier,
        patience_s=services.options.patience_s,
        ahead=pace.ahead if pace else "",
        off=_off(services),
    )


def _off(services: Services) -> str:
    """Say which local server is out of use, and why; nothing if there is none."""
    seen = next((upstream for upstream in services.locals.snapshot() if not upstream.healthy), None)
    return f"The local server {seen.name} is out of use: {seen.why.rstrip('.')[:200]}." if seen else ""


def fit_of(asked: AgentRequest) -> Fit:
    """Say what the request needs of a local model."""
    shape, needs = asked.shape, (asked.max_tokens, asked.has_tools, asked.has_images, asked.cloud_only)
    return _fit(shape.text_bytes, IMAGE_TOKENS * shape.images, *needs)


@lru_cache(maxsize=64)
def _fit(
    text_bytes: int, image_tokens: int, max_tokens: int, has_tools: bool, has_images: bool, cloud_only: tuple[str, ...]
) -> Fit:
    """Make it once for the several times that a request's is asked for."""
    return Fit(
        input_tokens=estimate_tokens(text_bytes) + image_tokens,
        max_tokens=max_tokens,
        has_tools=has_tools,
        has_images=has_images,
        cloud_only=cloud_only,
        text_bytes=text_bytes,
        image_tokens=image_tokens,
    )


def override_of(headers: Mapping[str, str], asked: AgentRequest) -> Override | None:
    """Read a person's word on this one request: the header `x-bursar-route`, else `@local` or `@cloud` in the prompt.

    Raises BadRequest for a header that says anything else: to guess would be to go where nobody asked to.
    """
    match headers.get("x-bursar-route", "").strip().lower():
        case "":
            return asked.turn.tag
        case "local":
            return "local"
        case "cloud":
            return "cloud"
        case _:
            raise BadRequest("the header x-bursar-route must be local or cloud", "field")


def names_local(services: Services, asked: AgentRequest) -> bool:
    """Tell whether a request names a local model as `/v1/models` lists it: then that one was asked for, and no other.

    A server that is down still counts: Claude has no model of that name.
    """
    if services.prices().find(asked.model):
        return False
    return any(upstream.model(asked.model) for upstream in services.locals.snapshot())


def _swaps(services: Services, asked: AgentRequest, memory: Memory, ruling: Ruling) -> Mapping[Tier, Swap]:
    cheaper, tokens = services.options.cloud_models, fit_of(asked).input_tokens
    return swaps_of(asked, memory, ruling, cheaper, tokens, services.prices(), services.clock())


def _runs_locally(mode: Mode, memory: Memory) -> bool:
    """Tell whether the turn is under way at a local model, or would be in mode auto where that one is only watched."""
    route = memory.sticky if mode is Mode.auto else memory.would if mode is Mode.observe else None
    return route is not None and route.is_local


def _outgrown(asked: AgentRequest, task: Task | None, mode: Mode, memory: Memory) -> str:
    return outgrown(asked, task.doubt if task else None) if _runs_locally(mode, memory) else ""


def _worth(services: Services, asked: AgentRequest, task: Task, swaps: Mapping[Tier, Swap]) -> Worth | None:
    """Weigh a local turn against the conversation's warm cache; None where nothing is warm, or nobody asks."""
    gated = GATED[services.options.cache_gate]
    if task.tier not in gated or task.side or asked.agent_id:
        return None
    model, now = swaps[task.tier].model if task.tier in swaps else asked.model, services.clock()
    warm = services.warmth.of(conversation(asked, model), now)
    if warm is None:
        return None
    requests = services.sessions.turn_length(asked)
    turn = Turn(requests) if requests else Turn()
    is_kept = services.keeper is not None and services.keeper.keeps(asked)
    rates = services.prices().on(now, model).rates
    return worth_of(rates, fit_of(asked).input_tokens, warm, now, turn, is_kept=is_kept)
