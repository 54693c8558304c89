"""The picture of a what-if: what each policy costs and leaves undone, drawn onto an SVG file or a PNG."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from pricing.figures import counted
from pricing.money import ZERO, Money
from tray.bench_picture import BAR, FAILED, FAINT, MARGIN, PASSED, RAIL, READING, ROW, WIDTH, Canvas, Png, Svg

LABEL, NOTES = 110, 330
LINE, WRAP = 19, 128


def picture(found: dict[str, Any], path: Path) -> None:
    """Write the picture as the file's name wants it, .svg or .png."""
    rows = _rows(found)
    notes = [piece for note in found["notes"] for piece in textwrap.wrap(f"- {note}", WRAP)]
    height = 2 * MARGIN + 76 + 2 * ROW * len(rows) + LINE * len(notes)
    canvas: Canvas = Png(WIDTH, height) if path.suffix.lower() == ".png" else Svg(WIDTH, height)
    top = _head(canvas, found)
    most = max((cost + machine + undone for _, _, cost, machine, undone, _ in rows), default=ZERO).picos or 1
    for row in rows:
        _row(canvas, row, most, top)
        top += 2 * ROW
    for line in notes:
        canvas.text(MARGIN, top, line, size=12, colour=FAINT)
        top += LINE
    path.write_bytes(canvas.saved())


_Row = tuple[str, str, Money, Money, Money, str]


def _head(canvas: Canvas, found: dict[str, Any]) -> float:
    canvas.text(MARGIN, MARGIN, f"What if: {found['since']} to {found['until']}", size=22)
    days, requests = counted(found["days"], "recorded day"), counted(found["requests"], "request")
    guess = " (a local model is assumed)" if found["local_model"]["is_guess"] else ""
    about = f"{days}, {requests}; cost at Claude, energy, work refused{guess}"
    canvas.text(MARGIN, MARGIN + 30, about, size=13, colour=FAINT)
    return MARGIN + 68.0


def _rows(found: dict[str, Any]) -> list[_Row]:
    was = found["as_it_was"]
    rows: list[_Row] = [("was", "as it was", Money.usd(was["cost_usd"]), Money.usd(was["machine_usd"]), ZERO, "")]
    for policy in found["policies"]:
        amounts = (Money.usd(policy[name]) for name in ("cost_usd", "energy_usd", "unanswered_usd"))
        shares = ", ".join(
            f"{policy[name] / policy['requests']:.0%} {name}"
            for name in ("local", "degraded", "refused")
            if policy[name]
        )
        rows.append((policy["name"], policy["about"], *amounts, shares))
    return rows


def _row(canvas: Canvas, row: _Row, most: int, top: float) -> None:
    name, about, cost, machine, undone, shares = row
    left, room = float(MARGIN + LABEL), WIDTH - 2 * MARGIN - LABEL - NOTES
    canvas.text(left - 12, top + 2, name, size=14, anchor="end")
    canvas.box(left, top, room, BAR, RAIL)
    at = left
    for amount, colour in ((cost, READING), (machine, PASSED), (undone, FAILED)):
        width = room * amount.picos / most
        canvas.box(at, top, width, BAR, colour)
        at += width
    said = f"{cost.dollars()}" + (f" + {undone.dollars()} refused" if undone else "")
    canvas.text(left + room + 12, top + 2, said, size=14)
    canvas.text(left, top + BAR + 6, f"{about}{'; ' if shares else ''}{shares}", size=12, colour=FAINT)
