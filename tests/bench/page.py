"""Write what was measured into docs/performance.md: `python -m tests.bench.page [--run JSON] [--growth JSON]`.

The files are those of tests.bench.run and tests.bench.growth. Between the page's marks, tables are put in place of what
is there, and curves beside it; the words around them are a person's.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from tests.bench.curves import Curve, drawn
from tests.bench.figures import FIGURES, FOREIGN, Row
from tests.bench.growth import written as axis_table
from tests.bench.table import Table, written
from tests.kit.fake_claude import ROOT

DOCS = ROOT / "docs"
PAGE = DOCS / "performance.md"
AXES = {
    "bodies": ("bytes in the request's body", "What a request costs as its body grows"),
    "streams": ("streams at once", "What an event costs, and how late it is, as streams grow in number"),
    "entries": ("entries in the ledger", "What starting and asking cost as the ledger grows"),
    "sessions": ("sessions", "What a request costs as sessions grow in number"),
}
LIMITS = {
    ("streams", "CPU s/100k events"): {"must": 6.0},
    ("entries", "start s"): {"must": 2.0},
    ("entries", "status ms"): {"must": 50.0},
    ("entries", "week s"): {"must": 1.0},
}
"""What some curves may not pass, wherever they are."""


def put_run(page: str, found: dict[str, Any]) -> str:
    """Put the table of a run in, with its machine."""
    figures = found["figures"]
    families = tuple(dict.fromkeys(name for row in figures.values() for name in row))
    table = written(Table(families, figures), found["options"]["entries"])
    return _put(_put(page, "figures", table), "missed", missed(figures) + "\n\n" + _machine(found))


def missed(figures: dict[str, dict[str, float]]) -> str:
    """List the limits that are not kept, with by how much."""
    lines = []
    for figure in FIGURES:
        value = figures.get(figure.name, {}).get("bursar")
        verdict = figure.verdict(value)
        if value is None or verdict not in ("must", "MISSED"):
            continue
        limit, name = (figure.must, "must") if verdict == "MISSED" else (figure.goal, "goal")
        assert limit is not None
        parts = limit / value if figure.more_is_better else value / limit if limit else value
        told = f"{value:.3g} {figure.unit}".replace(" %", "%")
        lines.append(f"- the {name} of *{figure.name}*: {told}, {parts:.2g} times {limit:g}")
    return "\n".join(lines) or "Every goal is kept."


def put_growth(page: str, found: dict[str, Any], docs: Path) -> str:
    """Put the tables of all axes in, and draw their curves."""
    parts = []
    for axis, raw in found["axes"].items():
        points: dict[int, Row] = {int(size): row for size, row in raw.items()}
        label, title = AXES[axis]
        names = [name for name in next(iter(points.values())) if name != FOREIGN]
        curves = [
            Curve(name, [(size, row[name]) for size, row in points.items()], LIMITS.get((axis, name), {}))
            for name in names
        ]
        picture = docs / f"growth-{axis}.svg"
        picture.write_text(drawn(title, label, curves), encoding="utf-8")
        parts.append(f"### {title}\n\n![{title}]({picture.name})\n\n{axis_table(axis, points)}")
    return _put(page, "growth", "\n\n".join([*parts, _machine(found)]))


def _machine(found: dict[str, Any]) -> str:
    told = {**found["machine"], **found["options"]}
    return "Measured with " + ", ".join(f"{name} {value}" for name, value in told.items()) + "."


def _put(page: str, mark: str, text: str) -> str:
    """Put text between a mark and its end. Raises ValueError if the page does not have it."""
    wanted = re.compile(rf"(<!-- {mark} -->\n).*?(<!-- end of {mark} -->)", re.DOTALL)
    if not wanted.search(page):
        raise ValueError(f"the page has no part {mark}")
    return wanted.sub(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", page)


def main() -> None:
    """Write the page anew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--growth", type=Path)
    options = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    if options.run:
        page = put_run(page, json.loads(options.run.read_text(encoding="utf-8")))
    if options.growth:
        page = put_growth(page, json.loads(options.growth.read_text(encoding="utf-8")), DOCS)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
