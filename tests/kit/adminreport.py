"""The usage and cost reports of Anthropic's Admin API, made from the requests that it would have billed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
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
GROUPS = (*("model", "service_tier", "context_window", "inference_geo", "workspace_id"), *("api_key_id", "speed"))


@dataclass(frozen=True)
class Billed:
    """One request as the provider knows it."""

    at: datetime
    model: str
    usage: Usage
    service_tier: str = "standard"
    inference_geo: str = "global"
    speed: str = "standard"
    workspace_id: str | None = None
    api_key_id: str | None = "apikey_1"

    @property
    def context_window(self) -> str:
        """Tell which window its prompt needed."""
        return "200k-1M" if self.usage.prompt > 200_000 else "0-200k"

    @property
    def factor(self) -> Fraction:
        """By what its tokens' price is multiplied."""
        return (
            Fraction(11 if self.inference_geo == "us" else 10, 10)
            * Fraction(1, 2 if self.service_tier == "batch" else 1)
            * (2 if self.speed == "fast" else 1)
        )


def usage_report(billed: Iterable[Billed]) -> dict[str, Any]:
    """Make the answer of usage_report/messages, grouped by everything that it can be grouped by."""
    return _pages(list(billed), lambda of_day: [_usage(*each) for each in _grouped(of_day, GROUPS)])


def cost_report(billed: Iterable[Billed], table: PriceTable) -> dict[str, Any]:
    """Make the answer of cost_report, grouped by description: amounts in cents, as decimal texts; no speed in it."""

    def of_day(rows: list[Billed]) -> list[dict[str, Any]]:
        paid = [row for row in rows if row.service_tier != "priority"]
        found = [one for told, some in _grouped(paid, GROUPS[:5]) for one in _costs(told, some, table)]
        searches = sum(row.usage.web_searches for row in rows)
        search = {"cost_type": "web_search", "model": None, "description": "Web Search Usage", "currency": "USD"}
        return found + ([{**search, "amount": _cents(searches * table.search_picos)}] if searches else [])

    return _pages(list(billed), of_day)


def _grouped(rows: list[Billed], names: tuple[str, ...]) -> list[tuple[dict[str, Any], list[Billed]]]:
    groups: dict[tuple[str, ...], list[Billed]] = {}
    for row in rows:
        groups.setdefault(tuple(str(getattr(row, name)) for name in names), []).append(row)
    return [({name: getattr(some[0], name) for name in names}, some) for _, some in sorted(groups.items())]


def _pages(rows: list[Billed], of_day: Any) -> dict[str, Any]:
    data = []
    for day in sorted({row.at.date() for row in rows}):
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        form = "%Y-%m-%dT%H:%M:%SZ"
        until = (begin + timedelta(days=1)).strftime(form)
        results = of_day([row for row in rows if row.at.date() == day])
        data.append({"starting_at": begin.strftime(form), "ending_at": until, "results": results})
    return {"data": data, "has_more": False, "next_page": None}


def _usage(told: dict[str, Any], rows: list[Billed]) -> dict[str, Any]:
    usage = sum((row.usage for row in rows), Usage())
    return {
        "uncached_input_tokens": usage.input,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_5m,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        },
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.output,
        "server_tool_use": {"web_search_requests": usage.web_searches},
        **told,
    }


def _costs(told: dict[str, Any], rows: list[Billed], table: PriceTable) -> list[dict[str, Any]]:
    rates = table.on(datetime(2026, 11, 20, tzinfo=UTC), told["model"]).rates
    tokens = {name: sum(getattr(row.usage, name) * row.factor for row in rows) for name in TOKEN_TYPES}
    picos = {name: count * getattr(rates, name) for name, count in tokens.items()}
    return [
        {
            "currency": "USD",
            "amount": _cents(int(picos[name])),
            "cost_type": "tokens",
            "token_type": token_type,
            **told,
            "description": f"{told['model']} Usage - {token_type}",
        }
        for name, token_type in TOKEN_TYPES.items()
        if picos[name]
    ]


def _cents(picos: int) -> str:
    return format(100 * Decimal(Money(picos).exact()), "f")
