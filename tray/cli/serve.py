"""bursar serve: the proxy, with a tray where there is a desktop, until a signal or Quit ends it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from budget.instance import AlreadyRunning
from tray.browser import has_screen, open_page
from tray.cli.agentwires import wires_of
from tray.cli.place import IN_THE_WAY, Failure, Place
from tray.config_file import create
from tray.control import ControlError
from tray.downgrade import explained, note, refuse
from tray.firstrun import Surroundings, first_words, show_welcome, wants_welcome
from tray.keys import cloud_url
from tray.lastwords import shown_on_screen
from tray.paths import HOME
from tray.portowner import port_owner
from tray.renewal import start_anew
from tray.settings import Settings, SettingsError
from tray.zone import system_zone

if TYPE_CHECKING:
    from tray.app import App
    from tray.desktop import Desktop

AGAIN = ("try, in another terminal: bursar run -- claude",)
"""What is said at every start but the first."""


@click.command(short_help="Run the proxy and the tray, until Ctrl-C.")
@click.option("--port", type=click.IntRange(0, 65535), help="Where agents connect; 0 picks a free port.")
@click.option("--control-port", type=click.IntRange(0, 65535), help="Where bursar's own commands connect.")
@click.option("--upstream", metavar="URL", help="Use this instead of Claude's API.")
@click.option("--no-tray", "is_headless", is_flag=True, help="Show no icon, even where there is a desktop.")
@click.option("--background", is_flag=True, hidden=True, help="Nobody reads what is printed.")
@click.option("--trial", is_flag=True, hidden=True, help="Say whether it could start here; start nothing.")
@click.pass_obj
def serve(
    place: Place,
    port: int | None = None,
    control_port: int | None = None,
    upstream: str | None = None,
    is_headless: bool = False,
    background: bool = False,
    trial: bool = False,
) -> None:
    """Run the proxy on 127.0.0.1 until Ctrl-C or SIGTERM; answers under way may end first, for up to 30 s.

    Where there is a desktop, an icon in its tray shows today's money and has the switches. If bursar runs already, its
    dashboard is opened in place of a second one.
    """
    is_new = create(place.paths.config_file, system_zone)

    def load() -> Settings:
        return _with(_settings(place), port=port, control_port=control_port, upstream=upstream)

    if trial:
        load()
        refuse(place.paths)
        return
    try:
        with shown_on_screen(place.environ, sys.platform, sys.stderr):
            refuse(place.paths)
            app = _built(place, load, on_screen=not background)
            note(place.paths)
    except AlreadyRunning as error:
        if background:
            raise
        if is_headless or not opens_dashboard(place):
            raise Failure(f"{error}; to look at it: bursar status, or: bursar dashboard", IN_THE_WAY) from error
        click.echo("bursar: it runs already; its dashboard opens in your browser")
        return
    environ = {**place.environ, **({} if place.home is None else {HOME: str(place.home.absolute())})}
    app.desk.wires = wires_of(place, app.desk, environ)
    around = app.desk.around = Surroundings(environ, sys.platform, place.paths, app.desk.facts()["port"])
    is_first = wants_welcome(app.services.ledger, is_new=is_new)
    if not background:
        _greet(app, first_words(around, app.services.ledger.today().limits.cutoff) if is_first else AGAIN)
    if is_first and not background and not is_headless and has_screen(environ):
        threading.Thread(target=show_welcome, args=(app.control, environ, sys.platform), daemon=True).start()
    if app.run(_desktop(place, app, environ, has_tray=app.settings.tray.show and not is_headless)):
        start_anew()


def _settings(place: Place) -> Settings:
    try:
        return place.settings()
    except SettingsError as error:
        raise explained(error, place.paths) from error


def opens_dashboard(place: Place) -> bool:
    """Open the dashboard of the bursar that runs; False where it does not answer, or nothing opens pages."""
    if not has_screen(place.environ):
        return False
    control = place.running()
    try:
        return control is not None and open_page(control.link().url, place.environ)
    except ControlError:
        return False


def _built(place: Place, load: Callable[[], Settings], *, on_screen: bool) -> App:
    from proxy.server import PortTakenError
    from tray.app import build

    try:
        return build(load, place.paths, clock=place.clock, environ=place.environ, on_screen=on_screen)
    except PortTakenError as error:
        raise Failure(_taken(error, load()), IN_THE_WAY) from error


def _greet(app: App, lines: Sequence[str]) -> None:
    today = app.services.ledger.today()
    spent = f"{today.settled.dollars()} of {today.limits.budget.dollars()} spent"
    for line in (f"agents connect to {app.proxy_url}; mode {today.mode}, {spent}", *lines):
        click.echo(f"bursar: {line}")


def _desktop(place: Place, app: App, environ: Mapping[str, str], *, has_tray: bool) -> Desktop:
    from tray.desktop import Desktop

    return Desktop(app, environ, sys.platform, has_tray=has_tray, told=place.paths.unseen_mark)


def _taken(error: OSError, settings: Settings) -> str:
    """Say which port is taken, and by whom where the system tells."""
    owners = {str(port): port_owner(port) for port in (settings.port, settings.control_port)}
    named = next((owner for port, owner in owners.items() if owner and port in str(error)), None)
    return f"{error}; it belongs to {named}" if named else str(error)


def _with(settings: Settings, *, port: int | None, control_port: int | None, upstream: str | None) -> Settings:
    given: dict[str, Any] = {"port": port, "control_port": control_port}
    settings = replace(settings, **{key: value for key, value in given.items() if value is not None})
    if settings.port == settings.control_port != 0:
        raise click.UsageError(f"agents and bursar's own commands cannot both have port {settings.port}")
    if upstream is None:
        return settings
    try:
        return replace(settings, cloud=replace(settings.cloud, url=cloud_url(upstream)))
    except ValueError as error:
        raise click.BadParameter(f"it {error}", param_hint="--upstream") from None
