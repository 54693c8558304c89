"""bursar alerts: what a person was told of, where to, and what still waits."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from budget.alertwords import Words
from budget.folder import Folder
from budget.outbox import newest
from budget.trouble import LedgerUnavailable
from proxy.alertsjson import alerts_json
from tray.alerts.desktop import Everywhere
from tray.alerts.destination import Destination
from tray.alerts.post import Message, Post
from tray.backends.choose import choose_notifier
from tray.cli.place import FAILED, Failure, Place
from tray.cli.show import as_json, local_time, plain, put
from tray.handover import wishes_of

TEST = Words("bursar: this is a test", "Alerts of bursar come here. You asked for this one with: bursar alerts test")
NOBODY = 'no alert is sent anywhere; say where in the config file, for example:\n\n[notify]\nto = ["ntfy://my-topic"]'


@click.group(invoke_without_command=True, short_help="Show the alerts that were sent, and what waits.")
@click.option("-n", "number", default=20, type=click.IntRange(1, 1000), help="How many of the newest (20).")
@as_json
@click.pass_context
def alerts(context: click.Context, number: int, is_json: bool) -> None:
    """Show what you were told of, when, and what still waits for its destination."""
    if context.invoked_subcommand is None:
        place = context.find_object(Place)
        assert place is not None
        put(_found(place, number), is_json=is_json, words=_words)


@alerts.command(short_help="Send a test to every destination.")
@as_json
@click.pass_obj
def test(place: Place, is_json: bool) -> int:
    """Send a test to every destination, and say which did not take it and why.

    Exit code 1 if one did not, or there is none: no desktop here, and none named in the config file.
    """
    everywhere = _everywhere(place)
    to = _destinations(place, everywhere)
    if not to:
        raise Failure(NOBODY)
    troubles = list(everywhere([Message(one, TEST) for one in to]))
    results = [
        {"destination": one.name, "number": number, "is_sent": not trouble, "trouble": trouble}
        for number, (one, trouble) in enumerate(zip(to, troubles, strict=True), start=1)
    ]
    put({"destinations": results}, is_json=is_json, words=_tested)
    return FAILED if any(troubles) else 0


@alerts.command(hidden=True)
def post() -> None:
    """Send messages that come in on stdin; bursar calls this itself."""
    from tray.alerts.postman import serve

    serve(sys.stdin, sys.stdout)


def misspelt(to: Sequence[Destination], text: str) -> Iterator[str]:
    """Ask the services whether they understand their addresses; yields what is wrong, with the address's line."""
    for number, (one, trouble) in enumerate(zip(to, Post()([Message(one, None) for one in to]), strict=True), start=1):
        if trouble:
            line = next((at for at, line in enumerate(text.splitlines(), start=1) if one.address in line), None)
            place = f"line {line}: " if line else ""
            yield f"{place}`to` is wrong: address {number} ({one.name}): {trouble}"


def _everywhere(place: Place) -> Everywhere:
    """Make what delivers to this desktop, too; a click on what is shown from here does nothing."""
    everywhere = Everywhere(Post())
    everywhere.notifier = choose_notifier(sys.platform, place.environ, lambda action: None, None)
    return everywhere


def _destinations(place: Place, everywhere: Everywhere) -> tuple[Destination, ...]:
    settings = place.settings()
    return everywhere.wishes(wishes_of(settings), is_desktop_wanted=settings.notify.desktop).to


def _found(place: Place, number: int) -> dict[str, Any]:
    settings, database = place.settings(), Folder(place.paths.ledger).database
    try:
        sent = newest(database, number) if database.exists() else []
    except LedgerUnavailable:
        # It is of an older version; the next start brings it up to date.
        sent = []
    return {
        "destinations": [one.name for one in _destinations(place, _everywhere(place))],
        "muted": sorted(settings.notify.mute),
        "alerts": alerts_json(sent, settings.zone),
    }


def _words(found: dict[str, Any]) -> str:
    lines = [line for alert in found["alerts"] for line in _alert(alert)] or ["there was no alert yet"]
    if not found["destinations"]:
        return "\n".join([*lines, "", NOBODY])
    muted = [f"not sent: {', '.join(found['muted'])}"] if found["muted"] else []
    return "\n".join([*lines, "", f"sent to: {', '.join(found['destinations'])}", *muted])


def _alert(alert: dict[str, Any]) -> Iterator[str]:
    title = alert["title"].removeprefix("bursar: ")
    yield plain(f"{local_time(alert['at'], '%a %d %b %H:%M')}  {title}")
    for one in alert["deliveries"]:
        yield plain(f"    {_delivery(one)}")
    if not alert["deliveries"]:
        yield "    recorded only" if alert["is_planned"] else "    waits for bursar to run"


def _delivery(one: dict[str, Any]) -> str:
    match one["state"]:
        case "told":
            return f"{one['destination']} got it at {local_time(one['told'], '%a %H:%M:%S')}"
        case "waits" if one["tries"]:
            tries = f"{one['tries']} tr{'y' if one['tries'] == 1 else 'ies'}"
            again = local_time(one["due"], "%a %H:%M:%S")
            return f"{one['destination']} waits after {tries}: {one['trouble']}; next at {again}"
        case "waits":
            return f"{one['destination']} waits"
        case _:
            return f"{one['destination']} never got it: {one['trouble']}"


def _tested(found: dict[str, Any]) -> str:
    return "\n".join(
        plain(f"{one['destination']}: " + ("sent" if one["is_sent"] else f"not sent: {one['trouble']}"))
        for one in found["destinations"]
    )
