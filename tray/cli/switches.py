"""bursar mode, stop, resume: what a person switches; it is kept in the ledger, running or not."""

from __future__ import annotations

from typing import Any

import click

from budget.state import Mode
from budget.words import MEANS
from tray.cli.atrest import change_at_rest, status_at_rest
from tray.cli.place import Place
from tray.cli.show import as_json, local_time, put


@click.command(short_help="Choose where requests may go.")
@click.argument("name", required=False, type=click.Choice([mode.value for mode in Mode]))
@as_json
@click.pass_obj
def mode(place: Place, name: str | None, is_json: bool) -> None:
    """Show the mode, or choose it: where requests may go."""
    running = place.running()
    if name is None:
        status = running.get("/api/status") if running else status_at_rest(place)
    elif running:
        status = running.post("/api/mode", {"mode": name})
    else:
        status = change_at_rest(place, lambda ledger: ledger.set_mode(Mode(name)))
    put({"mode": status["mode"]}, is_json=is_json, words=lambda found: f"{found['mode']}: {MEANS[found['mode']]}")


@click.command(short_help="Stop all cloud traffic at once.")
@as_json
@click.pass_obj
def stop(place: Place, is_json: bool) -> None:
    """Stop all cloud traffic at once, until `bursar resume`; local models go on."""
    running = place.running()
    status = running.post("/api/stop") if running else change_at_rest(place, lambda ledger: ledger.stop("person"))
    put({"stop": status["stop"]}, is_json=is_json, words=_stopped)


@click.command(short_help="Lift the emergency stop.")
@as_json
@click.pass_obj
def resume(place: Place, is_json: bool) -> None:
    """Lift the emergency stop, whether a person or the cutoff pulled it; the cutoff still holds."""
    running = place.running()
    status = running.post("/api/resume") if running else change_at_rest(place, lambda ledger: ledger.resume())
    put({"stop": status["stop"]}, is_json=is_json, words=_stopped)


@click.command(short_help="Believe the clock after it jumped ahead.")
@as_json
@click.pass_obj
def confirm_day(place: Place, is_json: bool) -> None:
    """Believe the clock after it jumped ahead by more than 36 hours: the budget day that it shows begins."""
    running = place.running()
    confirm = lambda ledger: ledger.confirm_day()
    status = running.post("/api/confirm-day") if running else change_at_rest(place, confirm)
    put({"day": status["day"]}, is_json=is_json, words=lambda found: f"the budget day is {found['day']}")


def _stopped(found: dict[str, Any]) -> str:
    stop = found["stop"]
    if stop is None:
        return "cloud traffic is allowed, within the cutoff"
    return f"all cloud traffic is stopped since {local_time(stop['since'])}; lift it with: bursar resume"
