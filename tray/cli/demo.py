"""bursar demo: a simulated day against built-in upstreams, in a folder of its own, plainly labelled as such."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from budget.clock import elapsed
from budget.words import SIMULATED
from pricing.money import Money
from tray.browser import open_page
from tray.cli.demo_show import HEAD, begins, day_line, ended, turn_lines
from tray.cli.place import Failure, Place
from tray.cli.show import as_json, put
from tray.cli.status import in_words
from tray.control import Control, ControlError, running
from tray.keys import money
from tray.signals import Signals
from tray.zone import system_zone

if TYPE_CHECKING:
    from tray.demo.stage import Stage


def _budget(context: click.Context, parameter: click.Parameter, value: str) -> Money:
    try:
        return money(value)
    except ValueError as error:
        raise click.BadParameter(f"it {error}") from None


@click.command(short_help="Play a made-up day: see what bursar does, without an agent or a key.")
@click.option("--seed", default=1, show_default=True, help="Which day: the same number gives the same figures.")
@click.option("--budget", default="10", show_default=True, callback=_budget, metavar="USD", help="The day's budget.")
@click.option("--sessions", default=12, show_default=True, type=click.IntRange(1, 40), help="How busy the day is.")
@click.option("--seconds", default=45.0, show_default=True, type=click.FloatRange(0, 3600), help="How long it plays.")
@click.option(
    "--past", default=6, show_default=True, type=click.IntRange(0, 13), help="Days before it, played quickly."
)
@click.option("--open/--no-open", "is_open", default=None, help="Open the dashboard; without it, only at a terminal.")
@click.option("--exit", "is_brief", is_flag=True, help="End after the day instead of serving until Ctrl-C.")
@click.option("--keep", type=click.Path(path_type=Path), metavar="FOLDER", help="Keep the day's files in a new folder.")
@as_json
@click.pass_obj
def demo(
    place: Place,
    seed: int,
    budget: Money,
    sessions: int,
    seconds: float,
    past: int,
    is_open: bool | None,
    is_brief: bool,
    keep: Path | None,
    is_json: bool,
) -> None:
    """Play a made-up day against a made-up Claude and a made-up local model, through a real bursar.

    It has a folder, ports and a ledger of its own: your settings, your ledger and your agents are left alone, nothing
    leaves this machine, and no money is spent.
    """
    from tray.demo.day import QUIET, day_of
    from tray.demo.figures import figures
    from tray.demo.moment import Moment
    from tray.demo.play import Play
    from tray.demo.stage import Stage
    from tray.settings import read

    signals = Signals()
    signals.listen()
    zone = read("", system_zone).zone
    play, moment = Play(), Moment.in_the_morning(place.clock(), zone, past)
    say: Callable[[str], None] = _nothing if is_json else click.echo
    wants_page = _at_terminal(is_brief or is_json) if is_open is None else is_open
    with _folder(keep) as folder, Stage(folder, budget, moment, zone.key, play.now) as stage:
        control = running(stage.paths)
        assert control is not None
        say(begins(control.get("/api/status"), folder, _link(control, place, wants_page)))
        for number in range(past):
            say(
                day_line(
                    list(play.turns(day_of(seed, QUIET, number), stage, _pace(signals, 0), is_watched=False)), zone
                )
            )
        say(HEAD)
        for turn in play.turns(day_of(seed, sessions, past), stage, _pace(signals, seconds)):
            for line in turn_lines(turn, zone):
                say(line)
        told = {"simulated": True, "seed": seed, "figures": figures(play, stage), **_where(control, stage)}
        put(told, is_json=is_json, words=lambda _: _words(told, control, is_brief=is_brief))
        if not is_brief:
            stage.run_on(elapsed)
            signals.wait()


def _nothing(line: str) -> None:
    """Say nothing."""


def _at_terminal(is_brief: bool) -> bool:
    return not is_brief and sys.stdout.isatty()


def _pace(signals: Signals, seconds: float) -> Callable[[float], None]:
    """Spread the day over so many seconds; someone who wants to leave need not wait for its end."""
    since = time.monotonic()

    def wait(share: float) -> None:
        if signals.wait(max(0.0, since + seconds * share - time.monotonic())):
            raise KeyboardInterrupt

    return wait


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Give a folder that goes when the demo ends, or a new one that a person wants to keep."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="bursar-demo-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
        return
    keep = keep.expanduser().absolute()
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise Failure(f"{keep} is there already; --keep needs a new or an empty folder")
    yield keep


def _where(control: Control, stage: Stage) -> dict[str, str]:
    """Say where to look; the link is for one visit within two minutes."""
    return {
        "home": str(stage.paths.state),
        "agents_url": stage.app.proxy_url,
        "dashboard_url": _url(control),
    }


def _url(control: Control) -> str:
    return f"http://127.0.0.1:{control.owner.ports['control']}{control.post('/api/link')['path']}"


def _link(control: Control, place: Place, wants_page: bool) -> str:
    """Open the dashboard, or give the link to it."""
    url = _url(control)
    return "" if wants_page and open_page(url, place.environ) else url


def _words(told: dict[str, Any], control: Control, *, is_brief: bool) -> str:
    try:
        status = in_words(control.get("/api/status"))
    except ControlError as error:
        status = str(error)
    return f"{ended(told, is_brief=is_brief)}\n\n{status}\n\n{SIMULATED}."
