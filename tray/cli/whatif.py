"""bursar whatif: recorded days again, under other policies – what they would have cost, and at what price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import click

from budget.bands import Limits
from budget.folder import Folder
from budget.historyledger import Source, first_day, recorded
from pricing.assumed import machine_of
from pricing.figures import counted
from pricing.machine import Machine, Speeds
from pricing.money import Money
from pricing.table import PriceTable
from proxy.localjson import speed_json
from proxy.replay.choices import NAMES, Wish, choice
from proxy.replay.recorded import Day, Left, days_of, for_an_hour
from proxy.replay.study import Study, study
from proxy.route import LocalRoute
from proxy.task import Tier
from proxy.upstream.knowledge import Knowledge
from tray.cli.limits import Dollars
from tray.cli.place import Failure, Place
from tray.cli.progress import Progress
from tray.cli.show import as_json, put
from tray.cli.whatif_show import found_json, words
from tray.handover import prices_of
from tray.settings import Settings

CONTEXT, READS, WRITES = 131_072, Fraction(1500), Fraction(40)
"""A local model's window in tokens and its speeds in tokens a second, assumed where none was benched or typed."""

PICTURES = (".svg", ".png")


@dataclass(frozen=True)
class Question:
    """Everything that a what-if rests on; `assumed` says in words what nobody measured or typed."""

    wish: Wish
    machine: Machine
    speeds: Speeds
    gpu_price: Money
    prices: PriceTable
    assumed: tuple[str, ...]
    is_guess: bool
    """Nobody measured a local model here, nor typed all that counts of one."""


@click.command(short_help="Replay recorded days under other policies and budgets.")
@click.option("--budget", type=Dollars(), help="What may be spent a day; without it, the budget of the settings.")
@click.option("--cutoff", type=Dollars(), help="What can never be passed; without it, 120% of the budget.")
@click.option("--policy", "policies", multiple=True, type=click.Choice(NAMES), help="Only these; without it, all.")
@click.option(
    "--days", "count", type=click.IntRange(1, 3660), default=28, show_default=True, help="How many days back."
)
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), metavar="YEAR-MM-DD", help="From this day on, in place of --days."
)
@click.option(
    "--from",
    "source",
    type=click.Choice(["ledger", "history", "both"]),
    default="both",
    show_default=True,
    help="Whose days.",
)
@click.option("--context", type=click.IntRange(1024), help="The local model's window, in tokens.")
@click.option("--reads", type=click.FloatRange(1), help="Prompt tokens a second that it reads.")
@click.option("--writes", type=click.FloatRange(0.1), help="Tokens a second that it writes.")
@click.option("--fails", type=click.IntRange(0, 100), default=0, help="Percent of local answers that are no good.")
@click.option("--cheaper", metavar="MODEL", help="The cheaper Claude for L2, for the policy of that name.")
@click.option("--gpu-price", type=Dollars(), help="What the machine costs; without it, `price` of [machine].")
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path), help="Draw it too: FILE.svg or .png")
@as_json
@click.pass_obj
def whatif(
    place: Place,
    budget: str | None,
    cutoff: str | None,
    policies: tuple[str, ...],
    count: int,
    since: Any,
    source: str,
    context: int | None,
    reads: float | None,
    writes: float | None,
    fails: int,
    cheaper: str | None,
    gpu_price: str | None,
    picture: Path | None,
    is_json: bool,
) -> None:
    """Replay recorded days – bursar's own and those imported by `bursar history import` – under other policies.

    The code that routes requests decides each of them again; nothing is sent anywhere, and nothing is written.
    """
    if picture is not None and picture.suffix.lower() not in PICTURES:
        raise click.BadParameter("it ends in .svg or .png", param_hint="--picture")
    settings = place.settings()
    limits = _limits(settings, budget, cutoff)
    speeds = (None if reads is None else Fraction(str(reads)), None if writes is None else Fraction(str(writes)))
    question = _question(place, settings, limits, context, speeds, fails, cheaper, gpu_price)
    days, left = _days(place, settings, question.prices, since.date() if since else None, count, cast(Source, source))
    question = replace(question, wish=replace(question.wish, for_an_hour=for_an_hour(days)))
    studies = _studies(days, policies or NAMES, question)
    wish, price, assumed = question.wish, question.gpu_price, question.assumed
    found = found_json(days, left, studies, wish, price, assumed, source, question.speeds, is_guess=question.is_guess)
    if picture is not None:
        from tray.whatif_picture import picture as draw

        draw(found, picture)
    put(found, is_json=is_json, words=words)
    if picture is not None and not is_json:
        click.echo(f"The picture is in {picture}", err=True)


def _limits(settings: Settings, budget: str | None, cutoff: str | None) -> Limits:
    amount = Money.usd(budget) if budget else settings.budget
    most = Money.usd(cutoff) if cutoff else None if budget else settings.cutoff
    limits = Limits.of(amount, most)
    if limits.cutoff < limits.budget:
        raise click.BadParameter("it is below the budget", param_hint="--cutoff")
    return limits


def _question(
    place: Place,
    settings: Settings,
    limits: Limits,
    context: int | None,
    typed: tuple[Fraction | None, Fraction | None],
    fails: int,
    cheaper: str | None,
    gpu_price: str | None,
) -> Question:
    prices, machine = prices_of(place.paths), machine_of(settings.machine)
    name, window, speeds, assumed = _local(place, context, typed)
    models = {Tier.L2: _known(prices, cheaper)} if cheaper else settings.cloud_models or {Tier.L2: _sonnet(prices)}
    price = Money.usd(gpu_price) if gpu_price else machine.price
    guessed = [said for said in machine.assumed if not (gpu_price and said.startswith("price "))]
    notes = (*assumed, f"of the machine: {', '.join(guessed)}") if guessed else assumed
    wish = Wish(
        budget=limits.budget,
        cutoff=limits.cutoff,
        cheaper=models,
        shares=settings.shares,
        local=LocalRoute("local", name, window, tools=True),
        cache_gate=settings.cache_gate,
        restricted=settings.restricted,
        fails_percent=fails,
    )
    return Question(wish, machine, speeds, price, prices, notes, is_guess=bool(assumed))


def _local(
    place: Place, context: int | None, typed: tuple[Fraction | None, Fraction | None]
) -> tuple[str, int, Speeds, tuple[str, ...]]:
    """Find the local model: as typed, else as benched last, else assumed, which is said."""
    bench: Mapping[str, Any] = next(iter(reversed(Knowledge(place.paths.knowledge).benches())), {})
    speed = speed_json(None, bench) or {}
    name, assumed = str(bench.get("model") or "a local model"), []
    window = context or bench.get("context") or CONTEXT
    if not (context or bench.get("context")):
        assumed.append(f"a local model that holds {CONTEXT:,} tokens (--context)")
    reads, writes = (
        one or (Fraction(str(speed[key])) if speed.get(key) else None)
        for one, key in zip(typed, ("reads", "writes"), strict=True)
    )
    if reads is None or writes is None:
        assumed.append(f"{READS} tokens/s read and {WRITES} written locally, where not typed (--reads, --writes)")
    return name, int(window), Speeds(reads or READS, writes or WRITES), tuple(assumed)


def _known(prices: PriceTable, model: str) -> str:
    if prices.find(model) is None:
        raise click.BadParameter(f"{model} has no price; see: bursar prices --json", param_hint="--cheaper")
    return model


def _sonnet(prices: PriceTable) -> str:
    return [model.id for model in prices.models() if model.id.startswith("claude-sonnet-")][-1]


def _days(
    place: Place, settings: Settings, prices: PriceTable, since: date | None, count: int, source: Source
) -> tuple[list[Day], Left]:
    """Read the days; raises Failure that says how to get some."""
    database = Folder(place.paths.ledger).database
    today = place.clock().astimezone(settings.zone).date()
    since = since or today - timedelta(days=count - 1)
    days, left = days_of(recorded(database, since, today, source), prices, settings.zone)
    if days:
        return days, left
    first = first_day(database, source)
    if left.unpriced:
        raise Failure(f"no request since {since} was to a model with a price: {', '.join(sorted(left.unpriced))}")
    if first is not None:
        raise Failure(f"nothing was recorded since {since}; the first recorded day is {first}: --since {first}")
    raise Failure(
        "nothing was recorded that could be replayed. Claude Code's own logs can be imported: bursar history import; "
        "or work through bursar for a day: bursar run -- claude"
    )


def _studies(days: Sequence[Day], names: Sequence[str], question: Question) -> dict[str, Study]:
    found: dict[str, Study] = {}
    # Everything else is told beside all Claude, so that is always among them.
    chosen = ["claude", *(name for name in NAMES if name in names and name != "claude")]
    with Progress() as progress:
        for name in chosen:
            progress.step(f"Replaying {counted(len(days), 'day')}: {name}")
            policy = choice(name, question.wish)
            found[name] = study(days, policy, question.prices, question.machine, question.speeds)
    return found
