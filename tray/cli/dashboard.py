"""bursar dashboard: a link that opens the dashboard once, in the person's browser."""

from __future__ import annotations

from typing import Any

import click

from tray.browser import open_page
from tray.cli.place import Place
from tray.cli.show import as_json, put


@click.command(short_help="Open the dashboard in the browser.")
@click.option("--print", "is_print", is_flag=True, help="Print the link, and open nothing.")
@as_json
@click.pass_obj
def dashboard(place: Place, is_print: bool, is_json: bool) -> None:
    """Open the dashboard in the browser, by a link that works once and within two minutes."""
    link = place.control().link()
    opened = not (is_print or is_json) and open_page(link.url, place.environ)
    put({"url": link.url, "lasts_s": link.lasts_s, "opened": opened}, is_json=is_json, words=_words)


def _words(found: dict[str, Any]) -> str:
    if found["opened"]:
        return "the dashboard opens in your browser"
    return f"{found['url']}\nopens the dashboard, once, within two minutes"
