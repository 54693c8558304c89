"""Where a person's D-Bus is."""

from __future__ import annotations

from collections.abc import Mapping


def bus_addresses(environ: Mapping[str, str]) -> list[str]:
    """List the addresses to try, best first: what the session says, then where systemd puts it."""
    named = environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    folder = environ.get("XDG_RUNTIME_DIR", "")
    return [address for address in (named, f"unix:path={folder}/bus" if folder else "") if address]
