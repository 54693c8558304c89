"""The weekly report as JSON and as CSV: every amount exact, as decimal dollars and as whole picodollars."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any

from budget.imported import Imported
from budget.localwork import local_of
from budget.savings import Error, Sum, row_cut
from budget.weekbooks import Row
from budget.weekly import Report, Sums
from pricing.machine import LocalCost
from pricing.money import ZERO, Money
from proxy.asjson import Json, local_cost_json, week_json
from proxy.keeper.facts import pings_json

MOST_SESSIONS = 100

# What a line has of the table `totals`, of `baseline_totals`, and of both.
NAMES = ("day", "upstream", "model", "tier", "task_class", "mode", "model_asked", "project", "agent", "part", "basis")
SPENT = ("requests", "voided", "charged_usd", "likely_usd")
TOKENS = ("input", "cache_write_5m", "cache_write_1h", "cache_read", "output", "web_searches")
LOCAL = ("local_marginal_usd", "local_full_usd", "local_millijoules", "local_source")
SAVED = (
    *("compared", "baseline_low_usd", "baseline_usd", "baseline_high_usd", "claude_usd", "local_usd", "saved_usd"),
    *("plan_baseline_usd", "plan_claude_usd", "unknown", "unknown_claude_usd", "unknown_local_usd"),
)
IMPORTED = tuple(f"imported_{name}" for name in ("requests", "unpriced", *TOKENS, "usd"))
HEAD = ("line", "simulated", *NAMES, *SPENT, *TOKENS, *LOCAL, *SAVED, *IMPORTED)
# A cell that begins like this is a formula to a spreadsheet.
_FORMULA = re.compile(r"^[=+\-@\t\r]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def report_json(report: Report, *, simulated: bool = False) -> Json:
    """Tell all of a report; amounts are {"usd": "1.25", "picos": 1250000000000} but for the plain spend's `…_usd`.

    `simulated`: the days are made up, and no money was spent.
    """
    saved = report.savings
    return {
        "simulated": simulated,
        "week": report.name,
        "made": report.made.isoformat(timespec="seconds"),
        "zone": report.zone.key,
        "is_over": report.is_over,
        **week_json(report.spend),
        "sums": _sums(report.sums),
        "before": None if report.before is None else _sums(report.before),
        "course": _plain(report.days),
        "savings": {
            "total": _plain(saved.total),
            "by": {name: _plain(cuts) for name, cuts in saved.by.items()},
            "sessions": _plain(saved.sessions[:MOST_SESSIONS]),
            "error": _plain(saved.error),
            "would": _plain(saved.would),
        },
        "local_models": [
            {
                **_plain(model),
                "tokens": model.tokens,
                "escalated_permille": model.escalated_permille,
                "cost": local_cost_json(model.cost, model.tokens),
            }
            for model in report.models
        ],
        "keeper": pings_json(report.pings),
        "refused": _plain(report.refused),
        "degraded": _plain(report.degraded),
        "advice": _plain(report.advice),
        "imported": {**_imported(report.imported), "before": _imported(report.imported_before)},
    }


def report_csv(report: Report, *, simulated: bool = False) -> str:
    """Tell the rows that a report sums up: `spent` lines of what requests cost, `saved` lines of what they would have.

    Each column is in one kind of line only, so that its sum is the report's. `imported` lines are of requests that did
    not pass through bursar. Each line says whether it is of a simulated day.
    """
    file = io.StringIO()
    writer = csv.DictWriter(file, HEAD, lineterminator="\n", restval="")
    writer.writeheader()
    made_up = "yes" if simulated else "no"
    for row in (*_spent(report.rows), *_saved(report.baselines), *_imported_rows(report.imported)):
        writer.writerow({"simulated": made_up, **{name: _cell(name, value) for name, value in row.items()}})
    return file.getvalue()


def _sums(sums: Sums) -> Json:
    shares = {"local_permille": sums.local_permille, "escalated_permille": sums.escalated_permille}
    return {**_plain(sums), "paid": _plain(sums.paid), **shares}


def _plain(value: Any) -> Any:
    """Turn values into what JSON has; of sums and errors also what follows from them."""
    match value:
        case Money():
            return {"usd": value.exact(), "picos": value.picos}
        case date() | datetime():
            return value.isoformat()
        case LocalCost():
            return local_cost_json(value)
        case tuple() | list():
            return [_plain(one) for one in value]
        case Sum():
            return {**_fields(value), "saved": _plain(value.saved), "saved_marginal": _plain(value.saved_marginal)}
        case Error():
            return {**_fields(value), "permille": value.permille, "off_permille": value.off_permille}
        case _:
            return _fields(value) if is_dataclass(value) else value


def _fields(value: Any) -> Json:
    return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}


def _spent(rows: Iterable[Row]) -> Iterator[Mapping[str, Any]]:
    for row in rows:
        named = {name: row[name] for name in (*NAMES, "requests", "voided", *TOKENS) if name in row}
        amounts = {f"{name}_usd": Money(row[name]).exact() for name in ("charged", "likely")}
        yield {"line": "spent", **named, **amounts, **_local(row)}


def _local(row: Row) -> Mapping[str, Any]:
    """Give what is known of local work, nothing where nothing is: a zero would be a claim."""
    cost = local_of(row)
    if cost is None:
        return {}
    source = " | ".join(cost.provenance.splitlines())
    return dict(zip(LOCAL, (cost.marginal.exact(), cost.full.exact(), cost.joules_milli, source), strict=True))


def _saved(rows: Iterable[Row]) -> Iterator[Mapping[str, Any]]:
    for row in rows:
        cut = row_cut(row)
        paid, plan, unknown = cut.paid, cut.plan, cut.unknown
        figures = (
            *(paid.requests, paid.baseline.low, paid.baseline.likely, paid.baseline.high, paid.cloud, paid.local),
            *(paid.saved.likely, plan.baseline.likely, plan.cloud),
            *(unknown.requests, unknown.cloud, unknown.local),
        )
        told = {name: figure for name, figure in zip(SAVED, figures, strict=True) if figure not in (0, ZERO)}
        exact = {name: figure.exact() if isinstance(figure, Money) else figure for name, figure in told.items()}
        yield {"line": "saved", **{name: row[name] for name in NAMES if name in row}, **exact}


def _imported(found: Imported) -> Json:
    sums = {"requests": found.requests, "unpriced": found.unpriced, "cost": _plain(found.cost)}
    return {"through_bursar": False, **sums, "days": _plain(found.days)}


def _imported_rows(found: Imported) -> Iterator[Mapping[str, Any]]:
    for row in found.rows:
        figures = (row["requests"], row["unpriced"], *(row[name] for name in TOKENS), Money(row["picos"]).exact())
        named = {name: row[name] for name in NAMES if name in row}
        yield {"line": "imported", **named, **dict(zip(IMPORTED, figures, strict=True))}


def _cell(name: str, value: Any) -> Any:
    if name not in (*NAMES, "local_source"):
        return value
    return _CONTROL.sub("\ufffd", f"'{value}" if _FORMULA.match(value) else value)
