"""What a person is told of whether their desktop shows the icon."""

from __future__ import annotations

ADVICE = {
    "host": "this desktop shows tray icons",
    "no-host": "this desktop shows no tray icons; GNOME needs the AppIndicator extension",
    "no-bus": "there is no desktop here to show a tray icon",
    "off": "no tray icon is wished for",
}
"""By the state of the tray; "off" is not one of a backend's."""
