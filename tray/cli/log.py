"""bursar log: requests as they pass, or as the ledger kept them."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

import click

from budget.words import end
from proxy.asjson import entries_json, past_line_json
from proxy.explainjson import past_refusal_json
from tray.cli.atrest import Shelf
from tray.cli.place import Place
from tray.cli.show import as_json, fine_dollars, local_cost, local_time, plain
from tray.control import Control

LOOK_EVERY_S = 0.5


@click.command(short_help="Show requests as they passed.")
@click.option("-f", "--follow", is_flag=True, help="Go on with new ones, until Ctrl-C.")
@click.option("-n", "number", default=20, type=click.IntRange(0, 1000), help="How many to begin with (20).")
@as_json
@click.pass_obj
def log(place: Place, follow: bool, number: int, is_json: bool) -> None:
    """Show requests as they passed: where each went and why. With --json, one object a line."""
    running = place.control() if follow else place.running()
    if running is None:
        click.echo("bursar is not running; this is what its ledger kept", err=True)
        kept = entries_json(Shelf.of(place).latest(number))
        for entry in kept:
            click.echo(json.dumps(entry) if is_json else _entry(entry))
        if not kept:
            click.echo("it has no request yet", err=True)
        return
    lines = _newest(running.get("/api/log")["requests"])[-number:] if number else []
    before = _before(place, lines, number - len(lines))
    if not lines and number:
        click.echo("no request has passed since bursar started", err=True)
    _show(before, is_json=is_json)
    last = _show(lines, is_json=is_json)
    while follow:
        last = _show(_after(running, last), is_json=is_json) or last
        time.sleep(LOOK_EVERY_S)


def _after(running: Control, last: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = running.get(f"/api/log?after={last}")["requests"]
    return found


def _newest(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep each request's last line: a request that has ended has two."""
    return sorted({line["request_id"]: line for line in lines}.values(), key=lambda line: line["number"])


def _before(place: Place, lines: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    """Tell as lines what the ledger kept of requests before this bursar's start, refused ones with them."""
    if number <= 0:
        return []
    shelf, most = Shelf.of(place), number + len(lines)
    entries = {each.request_id: past_line_json(each) for each in shelf.latest(most) if each.corrects is None}
    refused = {each.request_id: past_refusal_json(each) for each in shelf.latest_refused(most)}
    known = {line["request_id"] for line in lines}
    past = [line for request_id, line in {**refused, **entries}.items() if request_id not in known]
    return sorted(past, key=lambda line: datetime.fromisoformat(line["at"]))[-number:]


def _show(lines: list[dict[str, Any]], *, is_json: bool) -> int:
    for line in lines:
        click.echo(json.dumps(line) if is_json else _line(line))
    return int(lines[-1]["number"]) if lines else 0


def _line(line: dict[str, Any]) -> str:
    before = line.get("is_before_start", False)
    time_ = local_time(line["at"], "%a %H:%M:%S" if before else "%H:%M:%S")
    task = f"{line['tier']} {line['task_class']}".strip()
    said = [": ".join(filter(None, (end(line["outcome"]), line.get("why", ""))))]
    if line["local"] is not None:
        said.append(f"local: {local_cost(line['local'])}")
    elif line["charged_usd"] is not None:
        said.append(fine_dollars(line["charged_usd"]))
    where = "refused" if line["outcome"] == "refused" else line["route"]
    ended = "" if line["outcome"] == "refused" else ", ".join(said)
    mark = "(before this start)" if before else ""
    shown = (time_, f"{line['model_asked']} -> {where}", ended, task, line["reason"], mark)
    return plain("  ".join(filter(None, shown)))


def _entry(entry: dict[str, Any]) -> str:
    time_ = local_time(entry["since"], "%a %H:%M:%S")
    cost = f"local: {local_cost(entry['local'])}" if entry["is_local"] else fine_dollars(entry["charged_usd"])
    where = f"{entry['upstream']}/{entry['model']}"
    return plain(
        f"{time_}  {entry['model_asked']} -> {where}  {end(entry['outcome'])}, {cost}  {entry['tier']}"
    ).rstrip()
