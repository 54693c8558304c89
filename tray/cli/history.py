"""bursar history: what Claude Code's own logs say of the time before bursar – imported, shown, let go of."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

from budget.folder import Folder
from budget.history import Reader, Skipped, logs_in
from budget.historybooks import Compared, Gathered, kept, sums, whole
from pricing.figures import counted, noun
from proxy.replay.past import PastTaking
from tray.agentlogs import CLAUDE, claude_logs
from tray.cli.history_show import found_json, shown_json, words_of_import, words_of_show
from tray.cli.place import Failure, Place
from tray.cli.progress import Progress
from tray.cli.show import as_json, put
from tray.handover import classifier_of, prices_of

TOLD_EVERY = 64 * 2**20
"""Bytes between two words on how far an import is."""

Write = Callable[[Sequence[Any]], object]


@click.group(invoke_without_command=True, short_help="Show or import what agents' own logs say of the past.")
@as_json
@click.pass_context
def history(context: click.Context, is_json: bool) -> None:
    """Show what was imported from agents' own logs: bursar history import brings it in, history forget takes it out."""
    if context.invoked_subcommand is None:
        _show(context.obj, is_json=is_json)


@history.command("show")
@as_json
@click.pass_obj
def show(place: Place, is_json: bool) -> None:
    """Show what was imported, by day, model and project."""
    _show(place, is_json=is_json)


@history.command("import", short_help="Import Claude Code's logs.")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would be imported.")
@as_json
@click.pass_obj
def import_(place: Place, folder: Path | None, dry_run: bool, is_json: bool) -> None:
    """Import Claude Code's logs from its config folder, or from FOLDER; what is there already is not added again.

    Numbers, ids, models and the names of project folders are kept; no word of what was said. No day's spend changes.
    """
    folder, logs = _logs(place, folder)
    began = time.monotonic()
    with Gathered() as gathered:
        skipped = _gather(place, logs, gathered)
        compared = gathered.beside(Folder(place.paths.ledger).database)
        if not dry_run and compared.new + compared.changed:
            _keep(place, gathered, compared)
        found = found_json(folder, skipped, compared, gathered, dry_run=dry_run, seconds=time.monotonic() - began)
    put(found, is_json=is_json, words=words_of_import)


@history.command("forget", short_help="Let go of everything imported.")
@as_json
@click.pass_obj
def forget(place: Place, is_json: bool) -> None:
    """Let go of everything imported; what bursar metered itself stays, and a new import brings the rest back."""
    running = place.running()
    if running:
        found = running.post("/api/history/forget")
    elif Folder(place.paths.ledger).database.exists():
        with _ledger(place) as ledger:
            found = {"forgotten": ledger.history.forget()}
    else:
        found = {"forgotten": 0}
    put(found, is_json=is_json, words=lambda said: _forgotten(said["forgotten"]))


def _show(place: Place, *, is_json: bool) -> None:
    with kept(Folder(place.paths.ledger).database) as books:
        by = {name: sums(books, name) for name in ("day", "model", "project")} if books else {}
        found = shown_json(whole(books) if books else {"requests": 0}, by)
    put(found, is_json=is_json, words=words_of_show)


def _logs(place: Place, folder: Path | None) -> tuple[Path, list[Path]]:
    """Find the logs; raises Failure that says where they were looked for."""
    places = (folder,) if folder is not None else claude_logs(place.environ)
    for each in places:
        if each.is_dir() and (logs := logs_in(each)):
            return each, logs
    looked = " and ".join(str(each) for each in places)
    raise Failure(
        f"no logs of Claude Code (*.jsonl) in {looked}. If they lie elsewhere, name the folder: "
        f"bursar history import FOLDER, or set {CLAUDE} as for Claude Code itself."
    )


def _gather(place: Place, logs: Sequence[Path], gathered: Gathered) -> Skipped:
    settings = place.settings()
    classifier = classifier_of(settings)
    reader = Reader(prices_of(place.paths), settings.zone, lambda: PastTaking(classifier))
    whole_size, told = sum(path.stat().st_size for path in logs), 0
    with Progress() as progress:
        for path in logs:
            if reader.skipped.bytes >= told:
                progress.step(f"Reading logs: {reader.skipped.bytes >> 20:,} of {whole_size >> 20:,} MB")
                told = reader.skipped.bytes + TOLD_EVERY
            reader.skipped.repeated += gathered.add(reader.read(path))
    return reader.skipped


def _keep(place: Place, gathered: Gathered, compared: Compared) -> None:
    total = compared.new + compared.changed
    with ExitStack() as stack:
        progress = stack.enter_context(Progress())
        write = stack.enter_context(_writer(place))
        progress.step(f"Keeping {counted(total, 'request')}")
        for rows in gathered.fresh():
            write(rows)


@contextmanager
def _writer(place: Place) -> Iterator[Write]:
    """Lend what writes: the bursar that runs, or the ledger's only user meanwhile."""
    running = place.running()
    if running:
        yield lambda rows: running.send("/api/history", json.dumps({"rows": rows}).encode(), {})
        return
    with _ledger(place) as ledger:
        yield ledger.history.add


@contextmanager
def _ledger(place: Place) -> Iterator[Any]:
    from budget.ledger import Ledger  # Takes a while to import, and most of these verbs only look.

    settings = place.settings()
    limits, zone = settings.limits(), settings.zone
    with place.alone(), Ledger.open(place.paths.ledger, clock=place.clock, limits=limits, zone=zone) as ledger:
        yield ledger


def _forgotten(number: int) -> str:
    return f"{counted(number, 'imported request')} {noun(number, 'is', 'are')} forgotten"
