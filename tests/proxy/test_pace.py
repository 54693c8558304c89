"""Where a person wants it, the hour counts too: routing saves earlier, and says so; alerts and cutoff stay."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from budget.bands import Band
from budget.events import Event, ThresholdCrossed
from budget.state import Mode
from budget.workday import Workday
from proxy.explain import changes_of
from proxy.explainjson import explanation_json
from proxy.pace import pace_of
from proxy.services import ProxyOptions
from proxy.task import Tier
from tests.budget.desk import spend
from tests.kit.boxed import begun, box
from tests.kit.inproc import InProcess
from tests.kit.raw import ask, message
from tests.proxy.routing import CLOUD, QWEN, route

OFFICE = Workday(time(8), time(18))
NINE = datetime(2026, 11, 21, 9, tzinfo=UTC)
AHEAD = "ahead of pace: $4.00 spent, $2.60 allowed by 09:00"
"""Allowed are, of $8, a quarter and a tenth of the rest."""


def at_nine(start: Any, settings: dict[str, Any], workday: Workday | None = OFFICE, **more: Any) -> InProcess:
    """Start a proxy at nine in the morning, with four dollars of ten spent."""
    proxy = begun(start, settings, at=NINE, options=ProxyOptions(workday=workday), **more)
    spend(proxy.ledger, "4")
    return proxy


def test_far_ahead_of_the_hour_routine_work_is_routed_as_in_band_saving_and_that_is_said(start, fake) -> None:
    with box() as (_, settings):
        proxy = at_nine(start, settings)
        answer = ask(proxy.url, message("hello"))
        assert answer.headers["x-bursar-reason"] == f"L1, saving: local first; {AHEAD}"
        trace = proxy.services.traces.last
    assert trace is not None
    assert (trace.band, trace.decision.escalation) == (Band.saving, "on_failure")
    assert explanation_json(trace)["pace"] == AHEAD


def test_what_alerts_and_the_cutoff_look_at_knows_no_hour(start, fake) -> None:
    heard: list[Event] = []
    with box() as (_, settings):
        proxy = begun(start, settings, at=NINE, options=ProxyOptions(workday=OFFICE))
        proxy.ledger.subscribe(heard.append)
        spend(proxy.ledger, "4")
        ask(proxy.url, message("hello"))
        assert (proxy.today.band, proxy.today.limits.cutoff.dollars()) == (Band.normal, "$12.00")
    assert not [event for event in heard if isinstance(event, ThresholdCrossed)]


def test_at_the_end_of_the_hours_the_same_money_is_no_reason_to_save(start, fake) -> None:
    with box() as (_, settings):
        proxy = at_nine(start, settings)
        proxy.now = lambda: NINE + timedelta(hours=9)
        assert ask(proxy.url, message("hello")).headers["x-bursar-reason"] == "L1, normal: local first"


def test_nobody_s_hours_count_who_did_not_ask_for_it(start, fake) -> None:
    with box() as (_, settings):
        proxy = at_nine(start, settings, None)
        assert ask(proxy.url, message("hello")).headers["x-bursar-reason"] == "L1, normal: local first"
        assert pace_of(proxy.services, proxy.today) is None


def test_complex_work_goes_to_claude_all_the_same(start, fake) -> None:
    with box() as (local, settings):
        proxy = at_nine(start, settings, tier=Tier.L2)
        assert ask(proxy.url, message("hello")).headers["x-bursar-route"] == "anthropic/claude-sonnet-5-5"
        assert local.requests == []


def test_it_is_explained_what_the_pace_changed(start, fake) -> None:
    with box() as (_, settings):
        proxy = at_nine(start, settings, mode=Mode.observe)
        ask(proxy.url, message("hello"))
        trace = proxy.services.traces.last
    assert trace is not None
    assert not [change for change in changes_of(trace) if "normal" in change.when]
    found = route(Tier.L1, band=Band.saving, ahead=AHEAD)
    assert (found.routes, found.reason) == ((QWEN, CLOUD), f"L1, saving: local first; {AHEAD}")
