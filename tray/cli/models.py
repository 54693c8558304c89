"""bursar models: local models with what they can do, cost and oblige to; cloud models with what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from pricing.money import Money
from proxy.asjson import prices_json
from tray.cli.place import Place
from tray.cli.prices import load_prices, per_mtok
from tray.cli.show import as_json, columns, local_time, plain, put

Model = dict[str, Any]

HEAD = (
    "local model", "server", "context", "trained", "images", "tools", "reads/s", "writes/s", "$ in", "$ out", "licence",
)  # fmt: skip
RIGHT = frozenset({2, 3, 6, 7, 8, 9})
NOT_MEASURED = "—"
NONE_FOUND = "no local model found; start a model server, or name yours in [[local]]: bursar doctor says how"


@click.command(short_help="List local and cloud models.")
@click.option("--licences", is_flag=True, help="Print what the local models' licences oblige to.")
@as_json
@click.pass_obj
def models(place: Place, licences: bool, is_json: bool) -> None:
    """List local models with what they can do, cost and oblige to, and cloud models with what they cost.

    Dollars are for a million tokens; of local ones energy only / with everything, as `bursar bench` measured it.
    """
    running = place.running()
    if running:
        found = running.get("/api/models")
    else:
        found = {"locals": None, "cloud": prices_json(load_prices(place), place.clock())["models"]}
    put(found, is_json=is_json, words=_licences if licences else _words)


def _words(found: dict[str, Any]) -> str:
    return f"{_locals(found['locals'])}\n\n{_cloud(found['cloud'])}"


def _locals(upstreams: list[dict[str, Any]] | None) -> str:
    if upstreams is None:
        return "local models: unknown while bursar is not running; start it with: bursar serve"
    rows: list[tuple[str, ...]] = [HEAD]
    for upstream in upstreams:
        rows += [_row(upstream, model) for model in upstream["models"]]
    table = columns(rows, RIGHT) if len(rows) > 1 else NONE_FOUND
    return "\n".join([table, *_notes(upstreams)])


def _row(upstream: dict[str, Any], model: Model) -> tuple[str, ...]:
    speed, costs = model["speed"] or {}, model["usd_per_mtok"] or {}
    return (
        plain(model["id"]),
        plain(upstream["name"]),
        f"{model['context']:,}" + ("" if model["loaded"] else "*"),
        f"{model['trained_context']:,}" if model["trained_context"] else NOT_MEASURED,
        "yes" if model["vision"] else "no",
        _tools(model),
        _whole(speed.get("reads")),
        _whole(speed.get("writes")),
        _usd(costs, "in"),
        _usd(costs, "out"),
        _licence(model),
    )


def _tools(model: Model) -> str:
    if model["probe"] is None:
        return {True: "yes (you said so)", False: "no", None: "not probed"}[model["tools"]]
    when = _day(model["probe"]["at"])
    return {True: f"yes, {when}", False: f"no, {when}", None: f"unknown, {when}"}[model["tools"]]


def _cause(model: Model) -> str:
    """Say why its tools are not used; most causes name the model themselves."""
    name, cause = plain(model["id"]), plain(model["probe"]["cause"])
    return cause if name in cause else f"{name}: {cause}"


def _licence(model: Model) -> str:
    licence = model["licence"]
    if licence is None:
        return "unknown"
    return plain(licence["spdx"] or licence["name"])


def _notes(upstreams: list[dict[str, Any]]) -> Iterator[str]:
    every = [(upstream, model) for upstream in upstreams for model in upstream["models"]]
    if any(not model["loaded"] for _, model in every):
        yield "* not in memory: the context that it would be loaded with"
    for upstream in upstreams:
        if not upstream["healthy"]:
            yield f"{plain(upstream['name'])} is not in use: {plain(upstream['why'])}"
    for upstream, model in every:
        if model["probe"] and model["tools"] is not True and model["probe"]["cause"]:
            yield f"{plain(upstream['name'])}: {_cause(model)}; see: bursar doctor"
    if any(model["usd_per_mtok"] is None for _, model in every):
        yield f"{NOT_MEASURED} was not measured yet; measure it with: bursar bench"
    if every:
        yield "what the licences oblige to: bursar models --licences"


def _licences(found: dict[str, Any]) -> str:
    if found["locals"] is None:
        return "local models: unknown while bursar is not running; start it with: bursar serve"
    told = [_obligations(model, upstream["name"]) for upstream in found["locals"] for model in upstream["models"]]
    return "\n\n".join(told) or NONE_FOUND


def _obligations(model: Model, server: str) -> str:
    licence, which = model["licence"], f"{plain(model['id'])} at {plain(server)}"
    if licence is None:
        return f"{which}: licence unknown\n  find out before you offer what it makes to others"
    says = {"server": "as its server says", "model name": "by the model's name"}[licence["source"]]
    lines = [f"{which}: {plain(licence['name'])} ({says})"]
    lines += [f"  - {plain(duty)}" for duty in licence["obliges"]]
    return "\n".join([*lines, *([f"  {plain(licence['url'])}"] if licence["url"] else [])])


def _day(iso: str) -> str:
    at = datetime.fromisoformat(iso).astimezone()
    return f"{at.day} {local_time(iso, '%b')}"


def _whole(tokens: float | None) -> str:
    return NOT_MEASURED if tokens is None else f"{tokens:,.0f}"


def _usd(costs: Model, way: str) -> str:
    """Print what a million tokens cost: energy only, and with everything."""
    marginal, full = costs.get(f"marginal_{way}"), costs.get(f"full_{way}")
    if marginal is None or full is None:
        return NOT_MEASURED
    return " / ".join(Money.usd(usd).dollars(3, "up").removeprefix("$") for usd in (marginal, full))


def _cloud(models: list[dict[str, Any]]) -> str:
    rows = [("cloud model, $ per million tokens", "context", "input", "output", "cache read")]
    for model in models:
        if model["retired"] is None:
            into, out, read = (per_mtok(model, name) for name in ("input", "output", "cache_read"))
            rows.append((plain(model["id"]), f"{model['context_window']:,}", into, out, read))
    return columns(rows, frozenset({1, 2, 3, 4}))
