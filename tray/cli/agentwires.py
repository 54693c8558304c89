"""What the dashboard of a running bursar does to agents' settings."""

from __future__ import annotations

from collections.abc import Mapping

from proxy.desk import RequestError
from tray.agents.desk import AgentDesk
from tray.cli.agentplace import hook_of, record_of
from tray.cli.place import Place
from tray.config_file import ChangeError, change
from tray.desk import SettingsDesk
from tray.zone import system_zone


def wires_of(place: Place, desk: SettingsDesk, environ: Mapping[str, str]) -> AgentDesk:
    """Give it for the bursar whose desk this is."""

    def send_on(gateway: str) -> None:
        try:
            change(place.paths.config_file, {"cloud.url": gateway}, system_zone)
        except (ChangeError, OSError) as error:
            raise RequestError(str(error)) from error
        desk.reload()

    return AgentDesk(
        environ,
        record_of(place),
        hook_of(place),
        port=lambda: int(desk.facts()["port"]),
        cloud=lambda: place.settings().cloud.url,
        send_on=send_on,
        now=lambda: place.clock().isoformat(),
    )
