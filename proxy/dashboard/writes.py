"""Writes: the switches of the pages. Each needs the visit's own token, and leads back to a page."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for

from proxy.dashboard.pages import pages
from proxy.desk import counter
from proxy.switches import allow_more_today, choose_mode, stop_cloud


@pages.post("/mode")
def mode() -> Any:
    """Choose the mode."""
    choose_mode(counter().services, request.form.get("mode"))
    return _back("mode")


@pages.post("/stop")
def stop() -> Any:
    """Stop all cloud traffic at once."""
    stop_cloud(counter().services)
    return _back("stop")


@pages.post("/resume")
def resume() -> Any:
    """Lift the emergency stop."""
    counter().services.ledger.resume()
    return _back("resume")


@pages.post("/allow")
def allow() -> Any:
    """Raise the cutoff for today."""
    allow_more_today(counter().services, request.form.get("usd", ""))
    return _back("allow")


@pages.post("/confirm-day")
def confirm_day() -> Any:
    """Believe the clock."""
    counter().services.ledger.confirm_day()
    return _back("confirm-day")


def _back(done: str) -> Any:
    return redirect(url_for("dashboard.today", done=done), 303)
