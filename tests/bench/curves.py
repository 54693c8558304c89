"""Curves as SVG, readable in light and dark: one small chart for each figure, both axes by powers of ten."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDE, HIGH = 250, 190
"""Of one chart with its labels, in pixels."""
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 30, 34
PER_ROW = 3

STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b2430; --soft: #566273; --line: #d9dee6; --curve: #1a63b8;
  --limit: #a65300; }
@media (prefers-color-scheme: dark) { :root { --paper: #12161c; --ink: #e6eaf0; --soft: #a3aebd; --line: #313a47;
  --curve: #7ab3f2; --limit: #f0ad5c; } }
text { font: 11px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--soft); }
.name { font-size: 13px; fill: var(--ink); } .value { fill: var(--ink); }
.paper { fill: var(--paper); } .grid { stroke: var(--line); } .curve { stroke: var(--curve); fill: none;
  stroke-width: 2; stroke-linejoin: round; } .point { fill: var(--curve); } .limit { stroke: var(--limit);
  stroke-dasharray: 5 4; } .limit-name { fill: var(--limit); }
"""


@dataclass(frozen=True)
class Curve:
    """One figure over sizes; `limits` are named values to draw across."""

    name: str
    points: Sequence[tuple[float, float]]
    limits: Mapping[str, float]

    @property
    def shown(self) -> list[tuple[float, float]]:
        """Return the points that have a place on a scale of powers."""
        return [(x, y) for x, y in self.points if x > 0 and y > 0 and math.isfinite(y)]


@dataclass(frozen=True)
class Scale:
    """Places values between two pixels, by their logarithm."""

    low: float
    high: float
    begin: float
    end: float

    def at(self, value: float) -> float:
        """Place a value."""
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return round(self.begin + part * (self.end - self.begin), 1)

    def marks(self) -> list[float]:
        """Give the round values between its ends: powers of ten, with 2 and 5 where those are few."""
        powers = range(math.floor(self.low), math.ceil(self.high) + 1)
        steps = (1,) if self.high - self.low > 2 else (1, 2, 5)
        values = [step * 10.0**power for power in powers for step in steps]
        return [value for value in values if self.low - 1e-9 <= math.log10(value) <= self.high + 1e-9]


def scale(values: Sequence[float], begin: float, end: float, margin: float, least: float = 0.0) -> Scale:
    """Make a scale that holds all values, with some room in powers of ten at both ends, `least` of them in all."""
    logs = [math.log10(value) for value in values]
    margin = max(margin, (least - (max(logs) - min(logs))) / 2)
    return Scale(min(logs) - margin, max(logs) + margin, begin, end)


def drawn(title: str, axis: str, curves: Sequence[Curve]) -> str:
    """Draw curves side by side; `axis` names what grows."""
    curves = [curve for curve in curves if curve.shown]
    columns = min(PER_ROW, len(curves))
    wide, high = WIDE * columns, HIGH * -(-len(curves) // PER_ROW)
    told = "; ".join(
        f"{curve.name}: " + ", ".join(f"{short(y)} at {short(x)}" for x, y in curve.shown) for curve in curves
    )
    charts = [
        f'<g transform="translate({number % PER_ROW * WIDE} {number // PER_ROW * HIGH})">{_chart(curve, axis)}</g>'
        for number, curve in enumerate(curves)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}"'
        ' role="img">'
        f"<title>{escape(title)}</title><desc>{escape(told)}</desc><style>{STYLE}</style>"
        f'<rect class="paper" width="{wide}" height="{high}"/>\n' + "\n".join(charts) + "\n</svg>\n"
    )


def _chart(curve: Curve, axis: str) -> str:
    points = curve.shown
    across = scale([x for x, _ in points], LEFT, WIDE - RIGHT, 0.08)
    down = scale([y for _, y in points] + list(curve.limits.values()), HIGH - BOTTOM, TOP, 0.15, 1.0)
    parts = [f'<text class="name" x="{LEFT}" y="17">{escape(curve.name)}</text>']
    for y in down.marks():
        parts.append(f'<path class="grid" d="M{LEFT} {down.at(y)}H{WIDE - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 5}" y="{down.at(y) + 4}" text-anchor="end">{short(y)}</text>')
    for x, _ in _apart(points):
        parts.append(f'<text x="{across.at(x)}" y="{HIGH - BOTTOM + 15}" text-anchor="middle">{short(x)}</text>')
    parts.append(f'<text x="{(LEFT + WIDE - RIGHT) / 2}" y="{HIGH - 5}" text-anchor="middle">{escape(axis)}</text>')
    for name, y in curve.limits.items():
        parts.append(f'<path class="limit" d="M{LEFT} {down.at(y)}H{WIDE - RIGHT}"/>')
        where = f'x="{(LEFT + WIDE - RIGHT) / 2}" y="{down.at(y) - 4}"'
        parts.append(f'<text class="limit-name" {where}>{escape(name)} {short(y)}</text>')
    places = [(across.at(x), down.at(y)) for x, y in points]
    parts.append(f'<polyline class="curve" points="{" ".join(f"{x},{y}" for x, y in places)}"/>')
    for (_, y), (place_x, place_y), anchor in zip(
        (points[0], points[-1]), (places[0], places[-1]), ("start", "end"), strict=True
    ):
        parts.append(f'<text class="value" x="{place_x}" y="{place_y - 7}" text-anchor="{anchor}">{short(y)}</text>')
    parts += [f'<circle class="point" cx="{x}" cy="{y}" r="3"/>' for x, y in places]
    return "".join(parts)


def _apart(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leave labels out that would touch, the last one never."""
    kept = [points[-1]]
    whole = math.log10(points[-1][0] / points[0][0]) or 1
    for point in reversed(points[:-1]):
        if math.log10(kept[-1][0] / point[0]) / whole >= 0.16:
            kept.append(point)
    return kept[::-1]


def short(value: float) -> str:
    """Write a value in few characters: 1.5k, 3M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"
