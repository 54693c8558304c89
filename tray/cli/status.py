"""bursar status: today, the mode, the upstreams, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from budget.words import MEANS
from pricing.figures import counted, noun, percent_of
from pricing.money import Money
from tray.backends.words import ADVICE
from tray.cli.atrest import status_at_rest
from tray.cli.place import Place
from tray.cli.show import as_json, columns, dollars, fine_dollars, local_cost, local_time, plain, put


@click.command(short_help="Show today, the mode, the upstreams.")
@as_json
@click.pass_obj
def status(place: Place, is_json: bool) -> None:
    """Show how today stands, where requests may go, and which upstreams there are."""
    running = place.running()
    found = running.get("/api/status") if running else status_at_rest(place)
    put(found, is_json=is_json, words=in_words)


def in_words(found: dict[str, Any]) -> str:
    """Tell a status to a person."""
    rows = [*_warnings(found), *_money(found), *_switches(found)]
    rows += _upstreams(found) if found["running"] else [("", "bursar is not running; start it with: bursar serve")]
    return columns(rows)


def _warnings(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if found["trouble"]:
        yield "Trouble", f"{found['trouble']}; nothing goes to Claude"
    if found.get("stepped_aside"):
        yield "Aside", "an agent goes past bursar, unmetered, because bursar could not start; see bursar doctor"
    if found["clock_held_back"]:
        yield "Clock", f"it jumped ahead; bursar stays on {found['day']}; if it is right: bursar confirm-day"
    if found["unrecorded"]:
        yield "Ledger", f"{counted(found['unrecorded'], 'local request')} could not be recorded"
    if found.get("prices", {}).get("old"):
        yield "Prices", f"of {found['prices']['data_as_of']}: old; a newer table: bursar prices update FILE"
    for notice in (*found.get("notices", ()), *found.get("prices", {}).get("notices", ())):
        yield "Notice", plain(notice)


def _money(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    spent, budget = Money.usd(found["settled_usd"]), Money.usd(found["budget_usd"])
    percent = percent_of(spent, budget)
    share = f" ({percent})" if percent else ""
    unsure = Money.usd(found["settled_usd"]) - Money.usd(found["likely_usd"])
    about = f", of which {unsure.dollars()} unconfirmed" if unsure.picos > 0 else ""
    yield "Today", f"{spent.dollars()} of {budget.dollars()}{share}{about}"
    held = f"; {dollars(found['held_usd'])} held by running requests" if found["open_holds"] else ""
    left = dollars(found["left_usd"])
    resets = local_time(found["resets_at"], "%a %H:%M")
    yield "Cutoff", f"{dollars(found['cutoff_usd'])}, {left} left{held}; resets {resets}"
    yield from _tallied(found)
    yield from _local_work(found.get("local_today"), found.get("machine"))
    yield from _saved(found.get("saved"))


def _local_work(today: dict[str, Any] | None, machine: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    """Tell what local models cost today, which no limit counts, and how that is known."""
    if today is None:
        return
    yield "Local work", f"{local_cost(today)} (no limit counts it)"
    for known in today["provenance"]:
        yield "", f"known by: {plain(known)}"
    if machine is not None and machine["meter"] is None:
        for why in machine["tried"]:
            yield "", f"not metered: {plain(why)}"


def _tallied(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Tell what did not go as it should have; nothing on a day when all did."""
    if found.get("refused_today"):
        yield "Refused", f"today: {counted(found['refused_today'], 'request')}; why: bursar explain, or the dashboard"
    if found.get("degraded_today"):
        yield "Degraded", f"today: {counted(found['degraded_today'], 'request')}, Claude's work done locally"


def _saved(saved: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    """Tell what was saved against Claude alone with its cache warm; nothing before there is anything to tell."""
    if saved is None or not (saved["week"]["requests"] or saved["week"]["unknown"]):
        return
    today, week = saved["today"], saved["week"]
    yield "Saved", f"{dollars(today['usd'])} today, {dollars(week['usd'])} this week"
    if week["plan_usd"] != "0":
        plan = f"{dollars(today['plan_usd'])} today, {dollars(week['plan_usd'])} this week"
        yield "", f"on your plan, at list prices: {plan}; that is no money"
    if week["unknown"]:
        unknown = f"{counted(week['unknown'], 'request')} of this week {noun(week['unknown'], 'is', 'are')} not in it"
        yield "", f"{unknown}: what Claude would have charged is not known"


def _switches(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if found["stop"]:
        by = "the cutoff was reached" if found["stop"]["by"] == "cutoff" else "by you"
        since = local_time(found["stop"]["since"])
        yield "STOPPED", f"all cloud traffic, since {since}, {by}; lift it with: bursar resume"
    yield "Mode", f"{found['mode']}: {MEANS[found['mode']]}"
    yield "Band", str(found["band"])
    pace = found.get("pace")
    if pace:
        saves = f"; routed as in band {pace['band']}" if pace["is_ahead"] else ""
        yield "Pace", f"{dollars(pace['allowed_usd'])} allowed by now, hours {pace['hours']}{saves}"


def _upstreams(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Claude", plain(f"{found['cloud']['url']}{_unreached(found['cloud'])}")
    for local in found["locals"]:
        models = ", ".join(map(_model, local["models"]))
        shown = models if local["healthy"] else f"not usable: {plain(local['why'])}"
        yield "Local", f"{plain(local['name'])} {plain(local['url'])}: {shown}"
    for doubt in found.get("doubts", ()):
        yield "Doubted", f"{plain(doubt['what'])}: {plain(doubt['why'])}; Claude goes first for a while, where it may"
    for hint in found.get("cache_hints", ()):
        where = f", {hint['where']}" if hint["where"] else ""
        cost = fine_dollars(hint["cost"]["usd"])
        told = f"session {plain(hint['session'])[:8]} misses it on every turn: {hint['name']}{where}; {cost} so far"
        yield "Cache", f"{told}, see bursar cache"
    if not found["locals"]:
        yield "Local", "no local model server found; bursar meters and keeps the cutoff all the same"
    yield "Agents", f"http://127.0.0.1:{found['port']} (try: bursar run -- claude)"
    if found["tray"] != "host":
        yield "Tray", ADVICE[found["tray"]]


def _unreached(cloud: dict[str, Any]) -> str:
    """Say when and why Claude could not be reached, if that is the last that was seen of it."""
    trouble = cloud.get("trouble")
    return f" could not be reached at {local_time(trouble['at'], '%H:%M')}: {trouble['why']}" if trouble else ""


def _model(model: dict[str, Any]) -> str:
    tools = {True: "", False: ", no tools", None: ", tools not probed yet"}[model["tools"]]
    return f"{plain(model['id'])} ({model['context']:,} tokens{tools})"
