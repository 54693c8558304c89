"""Provider report: the usage and cost reports of Anthropic's Admin API, read into tokens and dollars.

Source: https://platform.claude.com/docs/en/api/admin/usage_report/retrieve_messages and /cost_report
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from pricing.money import PICOS_PER_DOLLAR, ZERO, Money
from pricing.usage import MOST_TOKENS, Usage

KINDS = ("service_tier", "context_window", "inference_geo", "speed")
"""By what besides the model both reports can tell requests apart, and an answer's usage too."""
OWNERS = ("workspace_id", "api_key_id")
"""By what else the usage report can; nothing in an answer says it."""
LONG_OVER = 200_000
"""Tokens of prompt over which a request counts for the longer context window."""
ALL = "all models"
"""Stands for the model where the cost report was not grouped by its description."""
SEARCH, CODE = "web search", "code execution"
"""Stand for the model of what is billed beside tokens; whatever else there is stands under the provider's own word."""

_PICOS_PER_CENT = PICOS_PER_DOLLAR // 100
_MOST_OF_A_DAY = MOST_TOKENS * 1000

_USUAL = {"service_tier": "standard", "context_window": "0-200k", "inference_geo": "global", "speed": "standard"}


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """What besides its model tells a request's price; empty where it is not told, or does not matter."""

    service_tier: str = ""
    context_window: str = ""
    inference_geo: str = ""
    speed: str = ""

    @classmethod
    def of(cls, told: Mapping[str, Any], prompt: int | None = None) -> Kind:
        """Read it from a line of a report, or from an answer's usage and how long its prompt was."""
        found = {name: _name(told.get(name)) for name in KINDS}
        if prompt is not None:
            found["context_window"] = "200k-1M" if prompt > LONG_OVER else "0-200k"
        # Models for which no place can be chosen run anywhere.
        found["inference_geo"] = found["inference_geo"].replace("not_available", "global")
        return cls(**{name: value or _USUAL[name] for name, value in found.items()})

    def only(self, names: Collection[str]) -> Kind:
        """Leave out all but these."""
        return Kind(**{name: getattr(self, name) for name in names})

    @property
    def is_priority(self) -> bool:
        """Whether it runs on committed capacity, which no cost report has."""
        return self.service_tier.startswith("priority")

    def __str__(self) -> str:
        told = ((name, getattr(self, name)) for name in KINDS)
        return ", ".join(_WORDS[name].format(value) for name, value in told if value not in ("", _USUAL[name]))


ANY = Kind()
_WORDS = {"service_tier": "{} tier", "context_window": "{} context", "inference_geo": "geo {}", "speed": "{} speed"}


class Key(NamedTuple):
    """A UTC day, a model's name as the provider has it, and a kind."""

    day: date
    model: str
    kind: Kind = ANY


class Owned(NamedTuple):
    """Which usage is of whom: the name of an id, and the id; empty for the default workspace, or no key."""

    day: date
    model: str
    kind: Kind
    owner: str
    id: str


class NotAReport(ValueError):
    """A file is no report of this kind; its sentence says what is wrong with it."""


@dataclass
class ProviderReport:
    """What the provider counted; `days` are those it reports on, with anything or nothing on them.

    `usage_knows` and `cost_knows` are the names, of KINDS and OWNERS, by which a day's lines are told apart.
    """

    usage: dict[Key, Usage] = field(default_factory=dict)
    cost: dict[Key, Money] = field(default_factory=dict)
    owned: dict[Owned, Usage] = field(default_factory=dict)
    usage_knows: dict[date, set[str]] = field(default_factory=dict)
    cost_knows: dict[date, set[str]] = field(default_factory=dict)
    usage_days: set[date] = field(default_factory=set)
    cost_days: set[date] = field(default_factory=set)

    @property
    def days(self) -> set[date]:
        """All days of which something is known."""
        return self.usage_days | self.cost_days


def read_pages(pages: Iterable[Any]) -> ProviderReport:
    """Add up pages of both reports, in any order; raises NotAReport."""
    report = ProviderReport()
    for page in pages:
        buckets = [(_day(bucket), _list(bucket, "results")) for bucket in _list(page, "data")]
        _add(report, buckets)
    if not report.days:
        raise NotAReport("there is no day in it")
    return report


def _add(report: ProviderReport, buckets: list[tuple[date, list[Any]]]) -> None:
    """Add a page; a bucket with nothing in it says that there was nothing that day."""
    kinds = {isinstance(result, Mapping) and "amount" in result for _, results in buckets for result in results}
    if len(kinds) > 1:
        raise NotAReport("usage and cost stand in one page")
    days = {day for day, _ in buckets}
    if kinds == {True}:
        report.cost_days |= days
    elif kinds:
        report.usage_days |= days
    for day, results in buckets:
        for result in results:
            _take(report, day, result)


def _take(report: ProviderReport, day: date, result: Mapping[str, Any]) -> None:
    told = {name for name in (*KINDS, *OWNERS) if _name(result.get(name))}
    if "amount" in result:
        what = _what(result)
        report.cost_knows.setdefault(day, set()).update(told)
        key = Key(day, what, Kind.of(result) if result.get("cost_type") in (None, "tokens") else ANY)
        report.cost[key] = report.cost.get(key, ZERO) + _dollars(result)
        return
    report.usage_knows.setdefault(day, set()).update(told)
    key = Key(day, _name(result.get("model")) or ALL, Kind.of(result))
    report.usage[key] = report.usage.get(key, Usage()) + _usage(result)
    for owner in OWNERS:
        whose = Owned(*key, owner, _name(result.get(owner)))
        report.owned[whose] = report.owned.get(whose, Usage()) + _usage(result)


def _usage(result: Mapping[str, Any]) -> Usage:
    created = result.get("cache_creation") or {}
    tools = result.get("server_tool_use") or {}
    return Usage(
        input=_count(result, "uncached_input_tokens"),
        cache_write_5m=_count(created, "ephemeral_5m_input_tokens"),
        cache_write_1h=_count(created, "ephemeral_1h_input_tokens"),
        cache_read=_count(result, "cache_read_input_tokens"),
        output=_count(result, "output_tokens"),
        web_searches=_count(tools, "web_search_requests"),
    )


def _count(table: Any, key: str) -> int:
    value = table.get(key, 0) if isinstance(table, Mapping) else 0
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_OF_A_DAY:
        raise NotAReport(f"{key} must be a count, not {value!r}")
    return value


def _what(result: Mapping[str, Any]) -> str:
    kind = result.get("cost_type")
    if kind == "web_search":
        return SEARCH
    if kind == "code_execution":
        return CODE
    if kind not in (None, "tokens"):
        return _name(kind).replace("_", " ") or "something else"
    return _name(result.get("model")) or ALL


def _dollars(result: Mapping[str, Any]) -> Money:
    """Read an amount: "123.45" is in cents, $1.2345."""
    amount, currency = result.get("amount"), result.get("currency", "USD")
    if currency != "USD" or not isinstance(amount, str):
        raise NotAReport(f"an amount must be a text of US cents, not {amount!r} {currency}")
    try:
        picos = Decimal(amount) * _PICOS_PER_CENT
    except InvalidOperation:
        raise NotAReport(f"an amount must be a text of US cents, not {amount!r}") from None
    if not picos.is_finite() or abs(picos) > 10**21:
        raise NotAReport(f"an amount must be a text of US cents, not {amount!r}")
    return Money(int(picos.to_integral_value()))


def _day(bucket: Any) -> date:
    text = bucket.get("starting_at") if isinstance(bucket, Mapping) else None
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise NotAReport(f"a bucket must have the moment at which it begins, not {text!r}")
    return moment.astimezone(UTC).date()


def _list(table: Any, key: str) -> list[Any]:
    found = table.get(key) if isinstance(table, Mapping) else None
    if not isinstance(found, list):
        what = ", as the answers of usage_report/messages and cost_report have" if key == "data" else ""
        raise NotAReport(f'it has no list of "{key}"{what}')
    return found


def _name(value: Any) -> str:
    return value if isinstance(value, str) and value.isprintable() and len(value) <= 200 else ""
