"""bursar explain: why a request went where it went, or where one would go."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import click

from tray.cli.atrest import Shelf
from tray.cli.place import Failure, Place
from tray.cli.show import as_json, put

MOST_BYTES = 33 * 1024 * 1024
"""The largest body that the proxy takes."""
_ID = re.compile(r"req_[\w-]{1,64}", re.A)
_NAME = re.compile(r"[\w-]{1,64}", re.A)
_OURS = ("authorization", "host", "content-type", "content-length", "content-encoding", "transfer-encoding")

Json = dict[str, Any]


@click.command(short_help="Say why a request went where it went, or would.")
@click.argument("what", default="last", metavar="[ID|last|FILE|-]")
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="A header of the agent's, for a FILE.")
@as_json
@click.pass_obj
def explain(place: Place, what: str, headers: tuple[str, ...], is_json: bool) -> None:
    """Say why a request went where it went, and what would have changed that.

    ID is what the header x-bursar-request and `bursar log --json` name; without one it is the last request. A FILE, or
    - for the standard input, holds a request to the Messages or the Chat Completions API: it is decided as if an agent
    sent it now, and not sent.
    """
    from tray.cli.explain_show import words

    sent = _headers(headers)
    if what == "last" or (_ID.fullmatch(what) and not Path(what).exists()):
        if sent:
            raise click.UsageError("--header goes with a FILE: what came with a request is known")
        found = _of_id(place, what)
    else:
        found = _of_body(place, _read(what), sent)
    put(found, is_json=is_json, words=words)


def _of_id(place: Place, request_id: str) -> Json:
    """Explain a request that was made: as the bursar that runs knows it, else as its ledger does."""
    from proxy.explainjson import remembered_json

    running = place.running()
    if running:
        return running.get(f"/api/explain/{request_id}")
    shelf = Shelf.of(place)
    refused = shelf.refused(request_id)
    entries = shelf.latest(1) if request_id == "last" else shelf.of_request(request_id)
    if refused and (not entries or request_id != "last" or entries[-1].since <= refused.at):
        return remembered_json(refused.request_id, shelf.of_request(refused.request_id), None, refused)
    if not entries:
        known = "no request yet" if request_id == "last" else f"no request {request_id}"
        raise Failure(f"the ledger has {known}, and bursar is not running")
    return remembered_json(entries[-1].request_id, shelf.of_request(entries[-1].request_id), None)


def _of_body(place: Place, body: bytes, headers: dict[str, str]) -> Json:
    """Explain a request that is not made: by the bursar that runs, else by the settings and the ledger alone."""
    from tray.cli.rehearsal import add_spans, dialect_of, rehearse_at_rest

    running, dialect = place.running(), dialect_of(body)
    if running:
        found = running.send(f"/api/explain?dialect={dialect}", body, headers)
    else:
        found = rehearse_at_rest(place, body, headers, dialect)
    add_spans(place, found, body, headers, dialect)
    return found


def _read(what: str) -> bytes:
    if what == "-":
        body = sys.stdin.buffer.read(MOST_BYTES + 1)
    else:
        path = Path(what)
        if not path.is_file():
            raise Failure(f"there is no file {what}, and it is no id of a request (req_…)")
        with path.open("rb") as file:
            body = file.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise Failure("the request is larger than 33 MiB, which the proxy would not take")
    return body


def _headers(given: tuple[str, ...]) -> dict[str, str]:
    headers = {}
    for header in given:
        name, colon, value = header.partition(":")
        name, value = name.strip().lower(), value.strip()
        if not (colon and _NAME.fullmatch(name) and value.isascii() and value.isprintable()):
            raise click.BadParameter("must be NAME:VALUE, such as x-bursar-route:local", param_hint="--header")
        if name in _OURS:
            raise click.BadParameter(f"{name} has no say in where a request goes", param_hint="--header")
        headers[name] = value
    return headers
