"""The usage and cost reports of Anthropic's Admin API, made from the requests that it would have billed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from pricing.money import Money
from pricing.table import PriceTable
from pricing.usage import Usage

TOKEN_TYPES = {
    "input": "uncached_input_tokens",
    "cache_write_5m": "cache_creation.ephemeral_5m_input_tokens",
    "cache_write_1h": "cache_creation.ephemeral_1h_input_tokens",
    "cache_read": "cache_read_input_tokens",
    "output": "output_tokens",
}


@dataclass(frozen=True)
class Billed:
    """One request as the provider knows it."""

    at: datetime
    model: str
    usage: Usage


def usage_report(billed: Iterable[Billed]) -> dict[str, Any]:
    """Make the answer of usage_report/messages, grouped by model."""
    rows = list(billed)
    return _pages(rows, lambda day: [_usage(model, _sum(rows, day, model)) for model in _models(rows, day)])


def cost_report(billed: Iterable[Billed], table: PriceTable) -> dict[str, Any]:
    """Make the answer of cost_report, grouped by description: amounts in cents, as decimal texts."""
    rows = list(billed)

    def of_day(day: date) -> list[dict[str, Any]]:
        found = [one for model in _models(rows, day) for one in _costs(model, _sum(rows, day, model), table)]
        searches = sum(row.usage.web_searches for row in rows if row.at.date() == day)
        search = {"cost_type": "web_search", "model": None, "description": "Web Search Usage", "currency": "USD"}
        return found + ([{**search, "amount": _cents(searches * table.search_picos)}] if searches else [])

    return _pages(rows, of_day)


def _pages(rows: list[Billed], of_day: Any) -> dict[str, Any]:
    data = []
    for day in sorted({row.at.date() for row in rows}):
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        form = "%Y-%m-%dT%H:%M:%SZ"
        until = (begin + timedelta(days=1)).strftime(form)
        data.append({"starting_at": begin.strftime(form), "ending_at": until, "results": of_day(day)})
    return {"data": data, "has_more": False, "next_page": None}


def _models(rows: list[Billed], day: date) -> list[str]:
    return sorted({row.model for row in rows if row.at.date() == day})


def _sum(rows: list[Billed], day: date, model: str) -> Usage:
    return sum((row.usage for row in rows if row.at.date() == day and row.model == model), Usage())


def _usage(model: str, usage: Usage) -> dict[str, Any]:
    return {
        "uncached_input_tokens": usage.input,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_5m,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        },
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.output,
        "server_tool_use": {"web_search_requests": usage.web_searches},
        "model": model,
        "api_key_id": None,
        "workspace_id": None,
        "service_tier": None,
        "context_window": None,
    }


def _costs(model: str, usage: Usage, table: PriceTable) -> list[dict[str, Any]]:
    rates = table.on(datetime(2026, 11, 20, tzinfo=UTC), model).rates
    return [
        {
            "currency": "USD",
            "amount": _cents(getattr(usage, name) * getattr(rates, name)),
            "cost_type": "tokens",
            "token_type": token_type,
            "model": model,
            "service_tier": "standard",
            "context_window": "0-200k",
            "description": f"{model} Usage - {token_type}",
        }
        for name, token_type in TOKEN_TYPES.items()
        if getattr(usage, name)
    ]


def _cents(picos: int) -> str:
    return format(100 * Decimal(Money(picos).exact()), "f")
