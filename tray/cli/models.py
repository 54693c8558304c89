"""bursar models: local models with what they can do, cloud models with what they cost."""

from __future__ import annotations

from typing import Any

import click

from proxy.asjson import prices_json
from tray.cli.place import Place
from tray.cli.prices import load_prices, per_mtok
from tray.cli.show import as_json, columns, plain, put


@click.command(short_help="List local and cloud models.")
@as_json
@click.pass_obj
def models(place: Place, is_json: bool) -> None:
    """List local models with what they can do, and cloud models with what they cost per million tokens."""
    running = place.running()
    if running:
        found = running.get("/api/models")
    else:
        found = {"locals": None, "cloud": prices_json(load_prices(place), place.clock())["models"]}
    put(found, is_json=is_json, words=_words)


def _words(found: dict[str, Any]) -> str:
    return f"{_locals(found['locals'])}\n\n{_cloud(found['cloud'])}"


def _locals(upstreams: list[dict[str, Any]] | None) -> str:
    if upstreams is None:
        return "local models: unknown while bursar is not running; start it with: bursar serve"
    rows = [("local model", "server", "context", "images", "tools")]
    for upstream in upstreams:
        if not upstream["healthy"]:
            rows.append((f"({plain(upstream['why'])})", plain(upstream["name"]), "", "", ""))
            continue
        for model in upstream["models"]:
            tools = {True: "yes", False: "no", None: "?"}[model["tools"]]
            vision = "yes" if model["vision"] else "no"
            rows.append((plain(model["id"]), plain(upstream["name"]), f"{model['context']:,}", vision, tools))
    return columns(rows, frozenset({2})) if len(rows) > 1 else "no local model server found"


def _cloud(models: list[dict[str, Any]]) -> str:
    rows = [("cloud model, $ per million tokens", "context", "input", "output", "cache read")]
    for model in models:
        if model["retired"] is None:
            into, out, read = (per_mtok(model, name) for name in ("input", "output", "cache_read"))
            rows.append((plain(model["id"]), f"{model['context_window']:,}", into, out, read))
    return columns(rows, frozenset({1, 2, 3, 4}))
