"""The Admin API: fetches the provider's usage and cost reports, with a key that only an organisation's admin has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pricing.providerreport import KINDS, OWNERS
from proxy.upstream.anthropic import Cloud

TIMEOUT_S = 30.0
MOST_PAGES = 100

_USAGE, _COST = "/v1/organizations/usage_report/messages", "/v1/organizations/cost_report"


class NoReport(RuntimeError):
    """The report did not come; the message says why and shows no key."""


def fetch(cloud: Cloud, key: str, since: date, until: date) -> Iterator[Any]:
    """Fetch every page of both reports for UTC days, both included; raises NoReport."""
    span = {"starting_at": _midnight(since), "ending_at": _midnight(until + timedelta(days=1)), "limit": "31"}
    yield from _pages(cloud, _USAGE, key, {**span, "group_by[]": ["model", *KINDS, *OWNERS], "bucket_width": "1d"})
    yield from _pages(cloud, _COST, key, {**span, "group_by[]": "description"})


def _pages(cloud: Cloud, path: str, key: str, asked: dict[str, Any]) -> Iterator[Any]:
    url = f"{cloud.url}{path}"
    for _ in range(MOST_PAGES):
        page = _get(cloud, url, key, asked)
        yield page
        if not page.get("has_more"):
            return
        asked["page"] = page.get("next_page")
    raise NoReport(f"{url}: the report does not end")


def _get(cloud: Cloud, url: str, key: str, asked: dict[str, Any]) -> dict[str, Any]:
    import requests  # Takes 90 ms.

    # To group by speed is a beta.
    headers = {"x-api-key": key, "anthropic-version": "2023-06-01", "anthropic-beta": "fast-mode-2026-02-01"}
    try:
        with requests.Session() as session:
            # As with agents' requests: only the proxy and the authority that the settings name.
            session.trust_env = False
            session.verify = str(cloud.ca_file) if cloud.ca_file else True
            session.proxies = {"https": cloud.proxy, "http": cloud.proxy} if cloud.proxy else {}
            answer = session.get(url, params=asked, headers=headers, timeout=TIMEOUT_S, allow_redirects=False)
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
