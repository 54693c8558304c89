"""bursar bench: how fast a local model is at an agent's sizes, and which small coding tasks it gets right."""

from __future__ import annotations

import platform
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tray import VERSION
from tray.cli.place import FAILED, Failure, Place
from tray.cli.show import as_json, json_text
from tray.files import private_folder

if TYPE_CHECKING:
    from pricing.hardware import Chip
    from proxy.bench.bench import Target
    from proxy.bench.plan import Plan
    from proxy.bench.result import BenchResult
    from proxy.bench.tasks.jail import Jail
    from proxy.localcost import LocalCosts
    from tray.settings import Settings

INTERRUPTED = 130
PICTURES = (".svg", ".png")


@click.command(short_help="Measure a local model as an agent would use it.")
@click.argument("target", required=False, metavar="[URL|UPSTREAM]")
@click.option("--model", metavar="NAME", help="Another model than the server's first.")
@click.option("--quick", is_flag=True, help="About one minute instead of five.")
@click.option("--seconds", type=click.IntRange(10, 7200), help="The time for all of it.")
@click.option("--tasks/--no-tasks", "tasks", default=None, help="Have it do small coding tasks too; its code is run.")
@click.option("--yes", is_flag=True, help="Do not ask before the model's code is run.")
@click.option("--key-env", metavar="NAME", help="The environment variable with the server's key, for a URL.")
@click.option(
    "--picture", type=click.Path(dir_okay=False, path_type=Path), help="Write a picture too: FILE.svg or .png"
)
@as_json
@click.pass_obj
def bench(
    place: Place,
    target: str | None,
    model: str | None,
    quick: bool,
    seconds: int | None,
    tasks: bool | None,
    yes: bool,
    key_env: str | None,
    picture: Path | None,
    is_json: bool,
) -> int:
    """Measure a local model at an agent's context sizes, several requests at once, and with small coding tasks.

    Nothing goes to a cloud, and nothing into the ledger; bursar need not run. Ctrl-C ends it and shows what is known.
    """
    from proxy.bench.bench import Bench
    from proxy.bench.client import Client, Unanswered
    from proxy.bench.plan import FULL, QUICK
    from tray.cli.bench_show import OnScreen
    from tray.handover import local_costs_of

    _check_picture(picture)
    settings = place.settings()
    costs = local_costs_of(settings)
    costs.meter.look()  # A driver may take a second to start: better now than while something is timed.
    goal = _target(place, settings, target, model, key_env, costs)
    jail = _jail(place, tasks, sure=yes)
    plan: Plan = QUICK if quick else FULL
    plan = replace(plan, seconds=float(seconds)) if seconds else plan
    if place.running() is not None:
        click.echo("bursar: agents at work on this model meanwhile make it look slower than it is", err=True)
    screen = OnScreen()
    run = Bench(
        goal, plan, screen, clock=place.clock, client=Client(goal.upstream), jail=jail,
        meter=costs.meter if _is_here(goal) else None, costs=costs,
    )  # fmt: skip
    try:
        result = run.run()
    except Unanswered as trouble:
        raise Failure(_what_to_do(trouble.why, goal)) from trouble
    finally:
        screen.done()
    return _finish(place, result, picture, is_json=is_json)


def _finish(place: Place, result: BenchResult, picture: Path | None, *, is_json: bool) -> int:
    """Keep the result, show it, and draw it."""
    from proxy.bench.classes import rows_of
    from proxy.bench.words import sentences
    from tray.cli.bench_show import words_of
    from tray.cli.prices import load_prices

    rows, told = rows_of(result.tasks, load_prices(place), place.clock()), sentences(result)
    kept = _keep(place, result)
    if picture is not None:
        from tray.bench_picture import picture as draw

        draw(result, rows, told, picture)
    if is_json:
        more: dict[str, Any] = {"classes": [row.as_json() for row in rows], "words": list(told), "kept": kept}
        click.echo(json_text({**result.as_json(), **more}, indent=2))
    else:
        click.echo(words_of(result, rows, told))
        if picture is not None:
            click.echo(f"The picture is in {picture}", err=True)
    return {"interrupted": INTERRUPTED, "failed": FAILED}.get(result.ended, 0)


def _keep(place: Place, result: BenchResult) -> bool:
    """Keep what was measured for routing, savings and `bursar models`; a part is kept only if it has speeds."""
    from proxy.upstream.knowledge import Knowledge

    if not result.points or (result.ended in ("interrupted", "failed")):
        return False
    Knowledge(place.paths.knowledge).keep_bench(result.identity, result.as_json())
    return True


def _target(
    place: Place, settings: Settings, target: str | None, model: str | None, key_env: str | None, costs: LocalCosts
) -> Target:
    """Find the model by asking its server; raises Failure with what to do."""
    from proxy.bench.bench import Target
    from proxy.bench.reach import CannotBench, choose, known_as, refuse_cloud, setting_for
    from proxy.upstream.local import Registry
    from tray.handover import registry_of

    try:
        typed = setting_for(target, place.environ.get(key_env, "") if key_env else "") if target else None
        registry = registry_of(settings, place.environ, place.clock)
        if typed is not None:
            registry = Registry((known_as(typed, registry.configured),), False, place.clock)
        upstream, chosen = choose(registry.refresh(), None if typed else target, model)
        refuse_cloud(upstream, chosen)
    except CannotBench as error:
        raise Failure(str(error)) from error
    return Target(upstream, chosen, VERSION, _machine(costs), _chips(costs))


def _jail(place: Place, tasks: bool | None, *, sure: bool) -> Jail | None:
    """Decide whether the model's code is run; a person is asked once, and again where the walls have changed."""
    from proxy.bench.tasks.jail import Jail

    if tasks is False:
        return None
    jail = Jail()
    isolation = jail.isolation()
    if not jail.usable:
        click.echo(f"bursar: no coding tasks: {isolation}", err=True)
        return None
    if sure or tasks or _agreed(place, isolation):
        return jail
    if not sys.stdin.isatty():
        click.echo("bursar: no coding tasks, because nobody is here to allow them; add --tasks", err=True)
        return None
    click.echo(
        f"The coding tasks run Python code that the model writes, in a process of its own: {isolation}.\n"
        "Without them only its speed is measured.",
        err=True,
    )
    if not click.confirm("Run the model's code?", default=True, err=True):
        return None
    _agree(place, isolation)
    return jail


def _agreed(place: Place, isolation: str) -> bool:
    try:
        return _consent(place).read_text(encoding="utf-8") == isolation
    except OSError:
        return False


def _consent(place: Place) -> Path:
    """Say where a person's yes is kept, with the walls that it was given for."""
    return place.paths.state / "bench-tasks-allowed"


def _agree(place: Place, isolation: str) -> None:
    private_folder(place.paths.state)
    _consent(place).write_text(isolation, encoding="utf-8")


def _machine(costs: LocalCosts) -> str:
    chips = ", ".join(costs.meter.found.chips)
    return ", ".join(part for part in (chips, platform.system(), platform.machine()) if part)


def _chips(costs: LocalCosts) -> tuple[Chip, ...]:
    from pricing.hardware import find_chip

    found = [find_chip(name) for name in costs.meter.found.chips]
    known = tuple(chip for chip in found if chip is not None)
    return known if len(known) == len(found) else ()


def _is_here(goal: Target) -> bool:
    from proxy.localcost import HERE, machine_name

    return machine_name(goal.upstream.base_url) == HERE


def _check_picture(picture: Path | None) -> None:
    if picture is not None and picture.suffix.lower() not in PICTURES:
        raise click.BadParameter("it ends in .svg or .png", param_hint="--picture")
    if picture is not None and not picture.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {picture.absolute().parent}", param_hint="--picture")


def _what_to_do(why: str, goal: Target) -> str:
    where = f"{goal.model.id} at {goal.upstream.base_url}"
    return f"nothing could be measured: {where}: {why}. Look at the server's own log, or ask: bursar doctor"
