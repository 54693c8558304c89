"""bursar version: which bursar this is; with --check, whether there is a newer one."""

from __future__ import annotations

from typing import Any

import click

from tray import VERSION
from tray.cli.place import Failure
from tray.cli.show import as_json, plain, put
from tray.release import ADDRESS, CannotCheck, newest


@click.command(short_help="Say which bursar this is; --check asks whether there is a newer one.")
@click.option("--check", is_flag=True, help="Ask where releases are published; nothing else ever does, or updates.")
@click.option("--from", "address", metavar="URL", default=ADDRESS, help="Ask this address instead.")
@as_json
def version(check: bool, address: str, is_json: bool) -> None:
    """Say which bursar this is. With --check, and only then, ask whether there is a newer one; nothing is installed."""
    said: dict[str, Any] = {"version": VERSION}
    if check:
        try:
            found = newest(address)
        except CannotCheck as error:
            raise Failure(str(error)) from error
        said |= {"newest": found.version, "is_newer": found.is_newer, "page": found.page}
    put(said, is_json=is_json, words=_words)


def _words(said: dict[str, Any]) -> str:
    if "newest" not in said:
        return f"bursar {said['version']}"
    newest = plain(said["newest"])
    if not said["is_newer"]:
        return f"bursar {said['version']}; there is no newer one ({newest} is published)"
    return f"bursar {said['version']}; bursar {newest} is out: {plain(said['page'])}"
