"""The system's time zone, by its IANA name."""

from __future__ import annotations

from zoneinfo import ZoneInfo


def system_zone() -> str:
    """Ask the system; "UTC" where it does not say."""
    import tzlocal  # Knows Windows' names too; needed once, for the first config file.

    try:
        name = tzlocal.get_localzone_name()
        ZoneInfo(name)
    except (LookupError, ValueError, OSError, TypeError):
        return "UTC"
    return str(name)
