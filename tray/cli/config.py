"""bursar config: where the settings are, whether they are right, what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import click

from pricing.money import Money
from tray.alerts.destination import Destination
from tray.cli.place import Place
from tray.cli.show import as_json, columns, put
from tray.files import read_private
from tray.handover import prices_of
from tray.modelnames import unknown_models
from tray.settings import Settings, SettingsError

UNSET = "-"
_IN_FILE = {
    "discover": "discover.enabled",
    "workday": "pace.hours",
    "workday.since": "pace.hours from",
    "workday.until": "pace.hours to",
    "shares.l3_percent": "shares.L3",
    "shares.l2_percent": "shares.L2",
}
"""Settings that the config file has under another name."""


@click.group(invoke_without_command=True, short_help="Show, check or reload the settings.")
@as_json
@click.pass_context
def config(context: click.Context, is_json: bool) -> None:
    """Show where the config file is."""
    if context.invoked_subcommand is None:
        context.invoke(path, is_json=is_json)


@config.command()
@as_json
@click.pass_obj
def path(place: Place, is_json: bool) -> None:
    """Print the path of the config file."""
    put({"path": str(place.paths.config_file)}, is_json=is_json, words=lambda found: found["path"])


@config.command()
@as_json
@click.pass_obj
def check(place: Place, is_json: bool) -> None:
    """Check the config file; every mistake is named with its line."""
    settings, path = place.settings(), place.paths.config_file
    unknown = unknown_models(settings, prices_of(place.paths))
    wrong = (*unknown, *_misspelt(settings, path))
    if wrong:
        raise SettingsError(path.name, wrong)
    put({"path": str(path), "exists": path.exists()}, is_json=is_json, words=_checked)


@config.command(short_help="Show the settings in force, defaults included.")
@as_json
@click.pass_obj
def show(place: Place, is_json: bool) -> None:
    """Show the settings in force once the file is read, defaults included."""
    settings = place.settings()
    put(_plain(settings), is_json=is_json, words=_words)


@config.command()
@as_json
@click.pass_obj
def reload(place: Place, is_json: bool) -> None:
    """Have the running bursar read the config file again."""
    place.settings()
    answer = place.control().post("/api/reload")
    put({"needs_restart": answer["needs_restart"]}, is_json=is_json, words=_reloaded)


def _misspelt(settings: Settings, path: Path) -> tuple[str, ...]:
    """Ask the services that alerts go to whether they understand their addresses."""
    if not settings.notify.to:
        return ()
    from tray.cli.alerts import misspelt

    return tuple(misspelt(settings.notify.to, read_private(path).decode("utf-8")))


def _checked(found: dict[str, Any]) -> str:
    return f"{found['path']} is fine" if found["exists"] else f"there is no {found['path']} yet: the defaults hold"


def _plain(settings: Settings) -> dict[str, Any]:
    shown: dict[str, Any] = _value(settings)
    shown["cutoff"] = settings.effective_cutoff.exact()
    return shown


def _value(value: Any) -> Any:
    if isinstance(value, Money):
        return value.exact()
    if isinstance(value, Destination):
        return value.name
    if is_dataclass(value):
        return {field.name: _value(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(getattr(key, "name", key)): _value(each) for key, each in value.items()}
    if isinstance(value, tuple | frozenset):
        return [_value(item) for item in (sorted(value) if isinstance(value, frozenset) else value)]
    return value if isinstance(value, (str, int, bool, type(None))) else str(value)


def _words(shown: dict[str, Any]) -> str:
    tables = {key: value for key, value in shown.items() if isinstance(value, dict)}
    flat = {key: value for key, value in shown.items() if key not in (*tables, "locals", "rules")}
    for name, table in tables.items():
        flat.update({f"{name}.{key}": value for key, value in table.items()})
    rows = [(_IN_FILE.get(key, key), _word(value)) for key, value in flat.items()]
    rows += [("local", f"{local['name']} {local['url']} ({local['kind']})") for local in shown["locals"]]
    rows += [("rule", rule["name"]) for rule in shown["rules"]]
    return columns(rows)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or UNSET
    return UNSET if value in (None, "") else str(value)


def _reloaded(found: dict[str, Any]) -> str:
    return "\n".join(["reloaded", *(f"needs a restart: {name}" for name in found["needs_restart"])])
