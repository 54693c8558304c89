"""bursar keeper: whether Claude's cache is kept warm in pauses, and what that saves, or would have."""

from __future__ import annotations

from typing import Any

import click

from budget.clock import budget_day
from budget.folder import Folder
from pricing.figures import counted, noun
from proxy.keeper.words import came_to, offered
from tray.cli.place import Place
from tray.cli.show import as_json, dollars, put
from tray.config_file import change
from tray.handover import prices_of
from tray.zone import system_zone


@click.group(invoke_without_command=True, short_help="Keep Claude's cache warm in pauses, or see what that would save.")
@as_json
@click.pass_context
def keeper(context: click.Context, is_json: bool) -> None:
    """Keep Claude's cache of live conversations warm: bursar keeper on, bursar keeper off."""
    if context.invoked_subcommand is None:
        _show(context.obj, is_json=is_json)


@keeper.command("status")
@as_json
@click.pass_obj
def status(place: Place, is_json: bool) -> None:
    """Show what it did, or what it would have saved."""
    _show(place, is_json=is_json)


@keeper.command("on")
@as_json
@click.pass_obj
def on(place: Place, is_json: bool) -> None:
    """Keep caches warm from now on, where that is expected to save more than it costs."""
    _switch(place, is_json=is_json, enabled=True)


@keeper.command("off")
@as_json
@click.pass_obj
def off(place: Place, is_json: bool) -> None:
    """Keep no cache warm, and let go of every kept request at once."""
    _switch(place, is_json=is_json, enabled=False)


def _switch(place: Place, *, is_json: bool, enabled: bool) -> None:
    running = place.running()
    if running:
        put(running.post("/api/keeper", {"enabled": enabled}), is_json=is_json, words=_words)
        return
    with place.alone():
        change(place.paths.config_file, {"keeper.enabled": enabled}, system_zone)
    _show(place, is_json=is_json)


def _show(place: Place, *, is_json: bool) -> None:
    running = place.running()
    put(running.get("/api/keeper") if running else _at_rest(place), is_json=is_json, words=_words)


def _at_rest(place: Place) -> dict[str, Any]:
    from proxy.keeper.facts import keeper_json  # Takes a while to import, and a running bursar tells it.

    settings = place.settings()
    today = budget_day(place.clock(), settings.zone)
    return keeper_json(Folder(place.paths.ledger).database, settings.keeper, today, prices_of(place.paths))


def _words(found: dict[str, Any]) -> str:
    lines = [_switched(found)]
    if found["now"] and found["enabled"]:
        kept, pauses = found["now"]["kept"], found["now"]["pauses"]
        conversations = f"{counted(kept, 'conversation')} {noun(kept, 'is', 'are')}"
        lines.append(f"now: {conversations} kept; pauses of yours that it has learned from: {pauses:,}")
    if found["today"]["sent"] or found["enabled"]:
        lines.append(f"today: {came_to(found['today'])}")
    if found["week"]["sent"]:
        lines.append(f"the last seven days: {came_to(found['week'])}")
    if found["offer"] and not found["enabled"]:
        lines.append(offered(found["offer"]))
    elif found["is_offer_coming"] and not found["enabled"]:
        lines.append("what it would have saved is being worked out; ask again in a minute: bursar keeper")
    return "\n".join(lines)


def _switched(found: dict[str, Any]) -> str:
    if not found["enabled"]:
        return "the cache keeper is off; bursar keeper on switches it on"
    plans = "plans included" if found["plans"] else "not for Pro and Max plans"
    return f"the cache keeper is on: at most {dollars(found['allowance_usd'])} a day, {plans}"
