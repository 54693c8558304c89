"""bursar prices: the price table, one model's price, a check of another table, and taking it over."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from pricing.figures import counted
from pricing.rates import CLASSES
from pricing.refresh import Judgement, install, judge
from pricing.table import PriceTable
from proxy.asjson import price_json, prices_json
from tray.cli.atrest import models_asked
from tray.cli.place import FAILED, OK, Failure, Place
from tray.cli.show import as_json, columns, plain, put
from tray.files import private_folder
from tray.modelnames import nearest

LABELS = {
    "input": "input",
    "cache_write_5m": "cache write, 5 minutes",
    "cache_write_1h": "cache write, 1 hour",
    "cache_read": "cache read",
    "output": "output",
}
RECENT = timedelta(days=30)
_SOURCES = re.compile(r": (?:S\d+|MEM)(?: (?:S\d+|MEM))*$", re.A)
"""The table's own numbers of its sources, which say nothing to a person; --json has them."""
PRICE_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(invoke_without_command=True, short_help="Show, check or update the price table.")
@as_json
@click.pass_context
def prices(context: click.Context, is_json: bool) -> None:
    """Show which price table is in force."""
    if context.invoked_subcommand is None:
        place: Place = context.obj
        put(prices_json(load_prices(place), place.clock()), is_json=is_json, words=_words)


@prices.command("show")
@click.argument("model")
@as_json
@click.pass_obj
def show_price(place: Place, model: str, is_json: bool) -> None:
    """Show what one model costs today."""
    table = load_prices(place)
    near = "" if table.find(model) else f"; did you mean {nearest(model, [one.id for one in table.models()])}?"
    put(price_json(table, model, place.clock()), is_json=is_json, words=lambda found: _price(found) + near)


@prices.command("check", short_help="Check a newer price table.")
@click.argument("file", type=PRICE_FILE)
@as_json
@click.pass_obj
def check_prices(place: Place, file: Path, is_json: bool) -> int:
    """Check a newer price table and say what it would change; nothing is taken over."""
    found = _judged(place, file)
    put(_plain(found), is_json=is_json, words=_judgement)
    return OK if found.usable(yes=True) else FAILED


@prices.command("update")
@click.argument("file", type=PRICE_FILE)
@click.option("--yes", is_flag=True, help="Answer the questions that `check` shows with yes.")
@as_json
@click.pass_obj
def update_prices(place: Place, file: Path, yes: bool, is_json: bool) -> int:
    """Take a newer price table over. Past requests keep the prices that they were made at."""
    found = _judged(place, file)
    put(_plain(found), is_json=is_json, words=_judgement)
    if not found.usable(yes=yes):
        raise Failure("not taken over" + ("; to say yes to the questions, add --yes" if not found.problems else ""))
    private_folder(place.paths.state)
    install(found, place.paths.refreshed_prices, yes=yes)
    running = place.running()
    if running:
        running.post("/api/reload")
    return OK


def load_prices(place: Place) -> PriceTable:
    """Load the prices as the proxy does: packaged, refreshed, a person's own."""
    return PriceTable.load(refreshed=place.paths.refreshed_prices, user=place.paths.user_prices)


def per_mtok(model: dict[str, Any], name: str) -> str:
    """Print a rate in dollars per million tokens, without trailing zeros beyond cents."""
    whole, _, cents = model["usd_per_mtok"][name].partition(".")
    return f"{whole}.{cents.ljust(2, '0')}"


def _judged(place: Place, file: Path) -> Judgement:
    good = PriceTable.load(refreshed=place.paths.refreshed_prices)
    now = place.clock()
    return judge(file.read_bytes(), good, seen=models_asked(place, (now - RECENT).date()), now=now)


def _plain(found: Judgement) -> dict[str, Any]:
    return {name: list(getattr(found, name)) for name in ("problems", "questions", "changes")}


def _words(found: dict[str, Any]) -> str:
    age = " (old: a newer table may be out)" if found["old"] else ""
    on_sale = [model for model in found["models"] if model["retired"] is None]
    head = (
        f"prices of {found['data_as_of']}{age}, {counted(len(on_sale), 'model')} on sale; see: bursar prices show MODEL"
    )
    return "\n".join([head, *map(plain, found["notices"])])


def _price(found: dict[str, Any]) -> str:
    rows = [(LABELS[name], f"${per_mtok(found, name)}") for name in CLASSES]
    head = f"{plain(found['id'] or found['asked'])}, per million tokens:"
    return f"{head}\n{columns(rows, frozenset({1}))}\n{plain(_SOURCES.sub('', found['source']))}"


def _judgement(found: dict[str, list[str]]) -> str:
    lines = [f"not usable: {plain(problem)}" for problem in found["problems"]]
    lines += [f"really? {plain(question)}" for question in found["questions"]]
    lines += [f"change: {plain(change)}" for change in found["changes"]]
    return "\n".join(lines) or "a sound price table that changes nothing"
