"""bursar budget, cutoff: the day's two amounts; they stand in the config file."""

from __future__ import annotations

from typing import Any

import click

from pricing.money import Money
from tray.cli.place import Failure, Place
from tray.cli.show import as_json, dollars, put
from tray.config_file import ChangeError, change
from tray.control import ControlError
from tray.keys import money
from tray.settings import Settings
from tray.zone import system_zone


class Dollars(click.ParamType[str]):
    """An amount such as 10, 10.50 or $10."""

    name = "dollars"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check an amount as the config file would."""
        try:
            return money(value).exact()
        except ValueError as error:
            self.fail(f"it {error}", param, ctx)


@click.group(invoke_without_command=True, short_help="Show or set what you mean to spend a day.")
@as_json
@click.pass_context
def budget(context: click.Context, is_json: bool) -> None:
    """Show what you mean to spend a day, or set it: bursar budget set 10."""
    if context.invoked_subcommand is None:
        _show(context.obj, is_json=is_json)


@budget.command("set")
@click.argument("amount", type=Dollars())
@as_json
@click.pass_obj
def set_budget(place: Place, amount: str, is_json: bool) -> None:
    """Set what you mean to spend a day, in dollars."""
    _set(place, "budget", amount, is_json=is_json)


@click.group(invoke_without_command=True, short_help="Show or set what can never be passed in a day.")
@as_json
@click.pass_context
def cutoff(context: click.Context, is_json: bool) -> None:
    """Show what can never be passed in a day, or set it: bursar cutoff set 12, or set default."""
    if context.invoked_subcommand is None:
        _show(context.obj, is_json=is_json)


@cutoff.command("set", short_help="Set it in dollars, or to 120% of the budget: default.")
@click.argument("amount", metavar="DOLLARS|default")
@as_json
@click.pass_obj
def set_cutoff(place: Place, amount: str, is_json: bool) -> None:
    """Set what can never be passed in a day, in dollars; `default` is 120% of the budget."""
    usd = None if amount == "default" else Dollars().convert(amount, None, None)
    _set(place, "cutoff", usd, is_json=is_json)


def _set(place: Place, key: str, usd: str | None, *, is_json: bool) -> None:
    try:
        _write(place, key, usd)
    except (ControlError, ChangeError) as error:
        raise Failure(f"{error}{_way_out(place.settings(), key, usd)}") from error
    _show(place, is_json=is_json)


def _write(place: Place, key: str, usd: str | None) -> None:
    running = place.running()
    if running:
        running.post(f"/api/{key}", {"usd": usd})
        return
    with place.alone():
        change(place.paths.config_file, {key: usd}, system_zone)


def _way_out(settings: Settings, key: str, usd: str | None) -> str:
    """Say what a person who meant to raise the budget above the cutoff does first."""
    if key == "cutoff" or usd is None or Money.usd(usd) <= settings.effective_cutoff:
        return ""
    return "; raise the cutoff first, or let it be 120% of the budget: bursar cutoff set default"


def _show(place: Place, *, is_json: bool) -> None:
    running = place.running()
    found = _amounts(running.get("/api/status")) if running else _of_file(place.settings())
    put(found, is_json=is_json, words=_words)


def _amounts(status: dict[str, Any]) -> dict[str, str]:
    return {key: status[key] for key in ("budget_usd", "cutoff_usd")}


def _of_file(settings: Settings) -> dict[str, str]:
    return {"budget_usd": settings.budget.exact(), "cutoff_usd": settings.effective_cutoff.exact()}


def _words(found: dict[str, str]) -> str:
    return f"budget {dollars(found['budget_usd'])} a day, cutoff {dollars(found['cutoff_usd'])}"
