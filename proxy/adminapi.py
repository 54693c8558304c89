"""The Admin API: fetches the provider's usage and cost reports, with a key that only an organisation's admin has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

TIMEOUT_S = 30.0
MOST_PAGES = 100

_USAGE, _COST = "/v1/organizations/usage_report/messages", "/v1/organizations/cost_report"


class NoReport(RuntimeError):
    """The report did not come; the message says why and shows no key."""


def fetch(url: str, key: str, since: date, until: date) -> Iterator[Any]:
    """Fetch every page of both reports for UTC days, both included; raises NoReport."""
    yield from _pages(f"{url}{_USAGE}", key, since, until, ["model"], {"bucket_width": "1d", "limit": "31"})
    yield from _pages(f"{url}{_COST}", key, since, until, ["description"], {"limit": "31"})


def _pages(url: str, key: str, since: date, until: date, by: list[str], more: dict[str, str]) -> Iterator[Any]:
    asked: dict[str, Any] = {"starting_at": _midnight(since), "ending_at": _midnight(until + timedelta(days=1)), **more}
    asked["group_by[]"] = by
    for _ in range(MOST_PAGES):
        page = _get(url, key, asked)
        yield page
        if not page.get("has_more"):
            return
        asked["page"] = page.get("next_page")
    raise NoReport(f"{url}: the report does not end")


def _get(url: str, key: str, asked: dict[str, Any]) -> dict[str, Any]:
    import requests  # Takes 90 ms.

    headers = {"x-api-key": key, "anthropic-version": "2023-06-01"}
    try:
        answer = requests.get(url, asked, headers=headers, timeout=TIMEOUT_S, allow_redirects=False)
        page = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise NoReport(f"{url}: {type(error).__name__}") from None
    if answer.status_code != 200 or not isinstance(page, dict):
        said = page.get("error") if isinstance(page, dict) else None
        why = said.get("message") if isinstance(said, dict) else None
        raise NoReport(f"{url} answered {answer.status_code}: {str(why or 'no reason')[:200]}")
    return page


def _midnight(day: date) -> str:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
