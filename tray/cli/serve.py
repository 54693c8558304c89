"""bursar serve: the proxy without a tray, until a signal ends it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from tray.cli.place import IN_THE_WAY, Failure, Place
from tray.config_file import create
from tray.keys import cloud_url
from tray.portowner import port_owner
from tray.settings import Settings
from tray.zone import system_zone


@click.command(short_help="Run the proxy, until Ctrl-C.")
@click.option("--port", type=click.IntRange(0, 65535), help="Where agents connect; 0 picks a free port.")
@click.option("--control-port", type=click.IntRange(0, 65535), help="Where bursar's own commands connect.")
@click.option("--upstream", metavar="URL", help="Use this instead of Claude's API.")
@click.option("--background", is_flag=True, hidden=True, help="Nobody reads what is printed.")
@click.pass_obj
def serve(
    place: Place,
    port: int | None = None,
    control_port: int | None = None,
    upstream: str | None = None,
    background: bool = False,
) -> None:
    """Run the proxy on 127.0.0.1 until Ctrl-C or SIGTERM; answers under way may end first, for up to 30 s."""
    from proxy.server import PortTakenError
    from tray.app import build

    create(place.paths.config_file, system_zone)

    def load() -> Settings:
        return _with(place.settings(), port=port, control_port=control_port, upstream=upstream)

    try:
        app = build(load, place.paths, clock=place.clock, environ=place.environ, on_screen=not background)
    except PortTakenError as error:
        raise Failure(_taken(error, load()), IN_THE_WAY) from error
    if not background:
        today = app.services.ledger.today()
        spent = f"{today.settled.dollars(rounding='up')} of {today.limits.budget.dollars()} spent"
        click.echo(f"bursar: agents connect to {app.proxy_url}; mode {today.mode}, {spent}")
        click.echo("bursar: try, in another terminal: bursar run -- claude")
    app.run()


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
