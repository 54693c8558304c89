"""The picture of a bench: speeds by context size and tasks by class, drawn once, onto an SVG file or a PNG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Literal, Protocol

from proxy.bench.classes import ClassRow
from proxy.bench.result import BenchResult

WIDTH, MARGIN, LABEL, BAR = 960, 32, 190, 20
ROW, HEAD, GAP = 30, 44, 26
INK, FAINT, GROUND = "#1c2430", "#667085", "#ffffff"
READING, WRITING, PASSED, FAILED, RAIL = "#2f6fdb", "#e07b1a", "#2e9d62", "#d9534f", "#eef1f5"

Anchor = Literal["start", "end"]


class Canvas(Protocol):
    """What a picture is drawn onto; sizes in pixels from the upper left."""

    def box(self, left: float, top: float, width: float, height: float, colour: str) -> None:
        """Fill a rectangle."""

    def text(
        self, left: float, top: float, text: str, *, size: int, colour: str = INK, anchor: Anchor = "start"
    ) -> None:
        """Write a line; `left` is where it begins, or with the anchor "end" where it ends."""

    def saved(self) -> bytes:
        """Give the file."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a chart: its label, its share of the whole width, what is written behind it, and a second part."""

    label: str
    share: float
    note: str
    colour: str
    rest: float = 0.0


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: what it shows, and its lines."""

    title: str
    bars: tuple[Bar, ...]


def picture(result: BenchResult, rows: Sequence[ClassRow], words: Sequence[str], path: Path) -> None:
    """Write the picture as the file's name wants it, .svg or .png; ValueError for another ending."""
    charts = charts_of(result, rows)
    lines = [piece for sentence in words for piece in _wrapped(f"- {sentence}", 124)]
    height = HEAD + 34 + sum(HEAD + ROW * len(chart.bars) + GAP for chart in charts) + 20 * len(lines) + MARGIN
    kind = path.suffix.lower()
    if kind not in (".svg", ".png"):
        raise ValueError(f"a picture's file ends in .svg or .png, not in {kind or 'nothing'}")
    canvas: Canvas = Svg(WIDTH, height) if kind == ".svg" else Png(WIDTH, height)
    _draw(canvas, result, charts, lines)
    path.write_bytes(canvas.saved())


def charts_of(result: BenchResult, rows: Sequence[ClassRow]) -> tuple[Chart, ...]:
    """Say what is drawn; a chart without lines is left out."""
    fastest = max((point.prefill_tps for point in result.points), default=1.0)
    quickest = max((point.decode_tps or 0.0 for point in result.points), default=1.0) or 1.0
    reads = tuple(
        Bar(
            f"{point.prompt_tokens:,}",
            point.prefill_tps / fastest,
            _read_note(point.prefill_tps, point.first_ms),
            READING,
        )
        for point in result.points
    )
    writes = tuple(
        Bar(f"{point.prompt_tokens:,}", point.decode_tps / quickest, f"{number(point.decode_tps)} tokens/s", WRITING)
        for point in result.points
        if point.decode_tps
    )
    done = tuple(
        Bar(row.name, row.passed / row.total, f"{row.passed} of {row.total}", PASSED, 1 - row.passed / row.total)
        for row in rows
    )
    charts = (
        Chart("Reading the prompt, by tokens of context", reads),
        Chart("Writing the answer, by tokens of context", writes),
        Chart("Coding tasks passed, by class", done),
    )
    return tuple(chart for chart in charts if chart.bars)


def number(value: float) -> str:
    """Write a figure with as many digits as it deserves."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def seconds(ms: float) -> str:
    """Write milliseconds as a person reads them."""
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def _read_note(tps: float, first_ms: float) -> str:
    return f"{number(tps)} tokens/s, first word after {seconds(first_ms)}"


def _draw(canvas: Canvas, result: BenchResult, charts: Sequence[Chart], words: Sequence[str]) -> None:
    top = float(MARGIN)
    canvas.text(MARGIN, top, f"{result.model} at {result.server}", size=22)
    about = f"{result.at[:10]}, {result.machine}, context {result.context:,}, by {result.provenance or 'nobody'}"
    canvas.text(MARGIN, top + 30, about, size=13, colour=FAINT)
    top += HEAD + 34
    for chart in charts:
        canvas.text(MARGIN, top, chart.title, size=16)
        top += HEAD - 12
        for bar in chart.bars:
            _draw_bar(canvas, bar, top)
            top += ROW
        top += GAP
    for line in words:
        canvas.text(MARGIN, top, line, size=14)
        top += 20


def _draw_bar(canvas: Canvas, bar: Bar, top: float) -> None:
    room = WIDTH - 2 * MARGIN - LABEL - 290
    left = MARGIN + LABEL
    canvas.text(left - 12, top + 2, bar.label, size=14, anchor="end")
    canvas.box(left, top, room, BAR, RAIL)
    canvas.box(left, top, max(2.0, room * bar.share) if bar.share else 0, BAR, bar.colour)
    if bar.rest:
        canvas.box(left + room * bar.share, top, room * bar.rest, BAR, FAILED)
    canvas.text(left + room + 12, top + 2, bar.note, size=14, colour=FAINT)


class Svg:
    """Draws an SVG file."""

    def __init__(self, width: int, height: int) -> None:
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            'font-family="system-ui, sans-serif">',
            f'<rect width="{width}" height="{height}" fill="{GROUND}"/>',
        ]

    def box(self, left: float, top: float, width: float, height: float, colour: str) -> None:
        """Fill a rectangle."""
        self._parts.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2" fill="{colour}"/>'
        )

    def text(
        self, left: float, top: float, text: str, *, size: int, colour: str = INK, anchor: Anchor = "start"
    ) -> None:
        """Write a line."""
        self._parts.append(
            f'<text x="{left:.1f}" y="{top + size * 0.8:.1f}" font-size="{size}" fill="{colour}" '
            f'text-anchor="{anchor}">{escape(text)}</text>'
        )

    def saved(self) -> bytes:
        """Give the file."""
        return "\n".join([*self._parts, "</svg>", ""]).encode()


class Png:
    """Draws a PNG file, at twice the size so that it is sharp on every screen."""

    SCALE = 2

    def __init__(self, width: int, height: int) -> None:
        from PIL import Image, ImageDraw

        self._image = Image.new("RGB", (width * self.SCALE, height * self.SCALE), GROUND)
        self._draw = ImageDraw.Draw(self._image)

    def box(self, left: float, top: float, width: float, height: float, colour: str) -> None:
        """Fill a rectangle."""
        if width > 0:
            at, scale = (left, top, left + width, top + height), self.SCALE
            self._draw.rectangle([round(edge * scale) for edge in at], fill=colour)

    def text(
        self, left: float, top: float, text: str, *, size: int, colour: str = INK, anchor: Anchor = "start"
    ) -> None:
        """Write a line."""
        from PIL import ImageFont

        font = ImageFont.load_default(size * self.SCALE)
        at = (left * self.SCALE, top * self.SCALE)
        self._draw.text(at, text, fill=colour, font=font, anchor="la" if anchor == "start" else "ra")

    def saved(self) -> bytes:
        """Give the file."""
        file = BytesIO()
        self._image.save(file, "PNG")
        return file.getvalue()


def _wrapped(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width)
