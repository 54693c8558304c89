"""Swaps: another Claude model in place of the one asked for, where a rule names one or a tier has a cheaper one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from datetime import datetime

from pricing.table import PriceTable
from proxy.request import AgentRequest
from proxy.route import Swap
from proxy.rules.ruling import PROJECT_FILE, Ruling
from proxy.sessions import Memory
from proxy.task import Tier
from proxy.translate.chat.generation import generation_of

NONE: Mapping[Tier, Swap] = {}


def swaps_of(
    asked: AgentRequest,
    memory: Memory,
    ruling: Ruling,
    cheaper: Mapping[Tier, str],
    tokens: int,
    prices: PriceTable,
    now: datetime,
) -> Mapping[Tier, Swap]:
    """Find the model that each tier gets instead; a turn that has been at Claude keeps the one that it began with.

    Left out is a model without a price, one that is asked for anyway, one whose context the request outgrows, and one
    of another generation where the request has parameters that the generations differ in; of those that a project's
    file or a tier names, also one that is not cheaper.
    """
    if not ruling.model and not cheaper and memory.sticky_model in (None, asked.model):
        return NONE
    if memory.sticky_model and memory.asked == asked.model:
        wanted = dict.fromkeys(Tier, Swap(memory.sticky_model, "as the turn began"))
    elif ruling.model and (not ruling.model_by.endswith(PROJECT_FILE) or saves(prices, now, ruling.model, asked.model)):
        wanted = dict.fromkeys(Tier, Swap(ruling.model, f"by {ruling.model_by}"))
    else:
        some = {tier: model for tier, model in cheaper.items() if saves(prices, now, model, asked.model)}
        wanted = {tier: Swap(model, f"for {tier.name}") for tier, model in some.items()}
    return {tier: swap for tier, swap in wanted.items() if _can_take(prices, swap.model, asked, tokens)}


def saves(prices: PriceTable, now: datetime, model: str, asked: str) -> bool:
    """Tell whether a model is cheaper than the one asked for in one class of tokens and dearer in none."""
    if not prices.find(model) or not prices.find(asked):
        return False
    mine, theirs = astuple(prices.on(now, model).rates), astuple(prices.on(now, asked).rates)
    return mine != theirs and all(one <= other for one, other in zip(mine, theirs, strict=True))


def _can_take(prices: PriceTable, model: str, asked: AgentRequest, tokens: int) -> bool:
    known = prices.find(model)
    if known is None or known is prices.find(asked.model):
        return False
    return tokens + asked.max_tokens <= known.context_window and _speaks(model, asked)


def _speaks(model: str, asked: AgentRequest) -> bool:
    """Tell whether a model takes the request's parameters: it would answer with an error else."""
    return generation_of(model) == generation_of(asked.model) or not any(asked.fields.get(name) for name in _DIFFER)


_DIFFER = ("thinking", "output_config", "temperature", "top_p", "top_k")
