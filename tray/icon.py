"""Icon: the picture of a key, at one exact size: a ring that fills with the budget, and in it the shape of the mode.

It tells by shape as well as by colour, and holds no text. Each layer is drawn as a mask, eight times as large, and made
small by averaging; colour comes after that, so that no edge is darkened by what is transparent.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageChops, ImageDraw

from tray.menu import RING_STEPS, IconKey, Shape, Tone

Look = Literal["light", "dark", "any", "template"]
"""The panel that it lies on; "any" is seen on every one; a template has alpha only, and macOS colours it."""

SIZES = (16, 18, 20, 22, 24, 32, 36, 44, 48, 64)
SCALE = 8
Colour = tuple[int, int, int]
Pen = ImageDraw.ImageDraw


@dataclass(frozen=True)
class Paint:
    """The colours of one look: of the shape, of the ring by tone, and how much of the empty ring is seen (of 255)."""

    ink: Colour
    tones: dict[Tone, Colour]
    track: int


BLACK: Colour = (0, 0, 0)
PAINTS: dict[Look, Paint] = {
    "light": Paint((36, 41, 51), {"calm": (0, 122, 112), "warm": (190, 95, 0), "hot": (200, 30, 30)}, 62),
    "dark": Paint((240, 243, 248), {"calm": (64, 214, 196), "warm": (255, 176, 46), "hot": (255, 99, 88)}, 78),
    "any": Paint((120, 126, 136), {"calm": (0, 146, 134), "warm": (196, 110, 20), "hot": (222, 70, 64)}, 96),
    "template": Paint(BLACK, {"calm": BLACK, "warm": BLACK, "hot": BLACK}, 80),
}
DIMMED = 0.42


def picture(key: IconKey, size: int, look: Look) -> Image.Image:
    """Draw a key at a size in pixels, as RGBA."""
    paint = PAINTS[look]
    tone = paint.tones[key.tone]
    shape_colour = tone if key.shape == "alert" else paint.ink
    image = Image.new("RGBA", (size, size), (*paint.ink, 0))
    ring = Ring.at(size)
    layers = (
        (paint.ink, _mask(size, lambda pen: ring.arc(pen, 1.0)).point(lambda alpha: alpha * paint.track // 255)),
        (tone, _mask(size, lambda pen: ring.arc(pen, key.step / RING_STEPS))),
        (shape_colour, _mask(size, lambda pen: SHAPES[key.shape](pen, size * SCALE))),
    )
    for colour, mask in layers:
        image = Image.alpha_composite(image, _flat(colour, mask))
    if key.dimmed:
        image.putalpha(image.getchannel("A").point(lambda alpha: round(alpha * DIMMED)))
    return image


@dataclass(frozen=True)
class Ring:
    """A ring around the middle of a square; all in the pixels of the large drawing."""

    middle: float
    outer: float
    width: float

    @classmethod
    def at(cls, size: int) -> Ring:
        """Choose a ring for a size: whole pixels wide where it is small, so that it stays sharp."""
        width = max(2.0, round(size * 0.115 * 2) / 2)
        margin = 0 if size < 24 else size * SCALE // 64
        return cls(size * SCALE / 2, size * SCALE / 2 - margin, width * SCALE)

    def arc(self, pen: Pen, share: float) -> None:
        """Fill a share of the ring with round ends, from the top and clockwise."""
        if share <= 0:
            return
        # The round ends lie within the share, so that the last step before a full ring still shows its gap.
        end = 0.0 if share >= 1 else math.degrees(self.width / 2 / self._radius)
        begins, ends = min(end, 180 * share), max(360 * share - end, 180 * share)
        box = [self.middle - self.outer] * 2 + [self.middle + self.outer - 1] * 2
        pen.pieslice(box, begins - 90, ends - 90, fill=255)
        _disc(pen, self.middle, self.middle, self.outer - self.width, 0)
        if share < 1:
            self._end(pen, begins)
            self._end(pen, ends)

    @property
    def _radius(self) -> float:
        return self.outer - self.width / 2

    def _end(self, pen: Pen, degrees: float) -> None:
        angle = math.radians(degrees - 90)
        x, y = self.middle + self._radius * math.cos(angle), self.middle + self._radius * math.sin(angle)
        _disc(pen, x, y, self.width / 2, 255)


def _dot(pen: Pen, side: float) -> None:
    _disc(pen, side / 2, side / 2, side * 3 / 16, 255)


def _house(pen: Pen, side: float) -> None:
    at = _pixels(side)
    _area(pen, side, [at(0, -5), at(5, 0), at(3, 0), at(3, 4), at(-3, 4), at(-3, 0), at(-5, 0)])
    _box(pen, *at(-1, 1), *at(1, 5), fill=0)


def _cloud(pen: Pen, side: float) -> None:
    at, unit = _grid(side), side / 16
    for x, y, radius in ((-2.6, 1.0, 2.0), (0.2, -0.6, 2.8), (2.8, 1.1, 1.9)):
        _disc(pen, *at(x, y), radius * unit, 255)
    _box(pen, *at(-2.6, 1.0), *at(2.8, 3.0))
    # The foot is flat, upon a whole pixel.
    _box(pen, 0, _pixels(side)(0, 3)[1], side, side, fill=0)


def _eye(pen: Pen, side: float) -> None:
    """Draw an almond with an iris, or at small sizes, where that would be a blur, its outline with a pupil."""
    at, unit = _grid(side), side / 16
    _area(pen, side, [at(*point) for point in _almond(5.0, 3.4)])
    if side >= 30 * SCALE:
        _disc(pen, *at(0, 0), 2.0 * unit, 0)
        _disc(pen, *at(0, 0), 1.0 * unit, 255)
    else:
        _area(pen, side, [at(*point) for point in _almond(3.5, 2.1)], fill=0)
        _disc(pen, *at(0, 0), 1.4 * unit, 255)


def _alert(pen: Pen, side: float) -> None:
    at, unit = _pixels(side), side / 16
    middle, half, gap = side / 2, max(SCALE, round(2 * unit / SCALE) * SCALE / 2), max(1, round(unit / SCALE)) * SCALE
    (_, top), (_, foot) = at(0, -4), at(0, 4)
    dot = foot - 2 * half
    for above, below in ((top, dot - gap), (dot, foot)):
        pen.rounded_rectangle([middle - half, above, middle + half - 1, below - 1], radius=half * 0.35, fill=255)


SHAPES: dict[Shape, Callable[[Pen, float], None]] = {
    "dot": _dot,
    "house": _house,
    "cloud": _cloud,
    "eye": _eye,
    "alert": _alert,
}


def _grid(side: float) -> Callable[[float, float], tuple[float, float]]:
    """Place points on a grid of sixteen by sixteen, from its middle."""
    return lambda x, y: (side / 2 + x * side / 16, side / 2 + y * side / 16)


def _pixels(side: float) -> Callable[[float, float], tuple[float, float]]:
    """Place points on the same grid, but upon whole pixels of the small picture, so that straight edges are sharp."""
    at = _grid(side)
    return lambda x, y: (round(at(x, y)[0] / SCALE) * SCALE, round(at(x, y)[1] / SCALE) * SCALE)


def _almond(width: float, height: float) -> list[tuple[float, float]]:
    """Lay out the points of an eye: two arcs that meet in corners, half as wide and half as high as given."""
    curve = (height * height + width * width) / (2 * height)
    xs = [width * (number / 24 - 1) for number in range(49)]
    lid = [(x, math.sqrt(curve * curve - x * x) - curve + height) for x in xs]
    return [*lid, *((x, -y) for x, y in reversed(lid))]


def _area(pen: Pen, side: float, points: list[tuple[float, float]], fill: int = 255) -> None:
    # Pillow also paints the pixels that an edge runs through.
    pen.polygon([(x * (side - 1) / side, y * (side - 1) / side) for x, y in points], fill=fill)


def _disc(pen: Pen, x: float, y: float, radius: float, fill: int) -> None:
    # Pillow's boxes include their last pixel.
    pen.ellipse([x - radius, y - radius, x + radius - 1, y + radius - 1], fill=fill)


def _box(pen: Pen, left: float, top: float, right: float, bottom: float, fill: int = 255) -> None:
    pen.rectangle([left, top, right - 1, bottom - 1], fill=fill)


def _mask(size: int, draw: Callable[[Pen], None]) -> Image.Image:
    large = Image.new("L", (size * SCALE, size * SCALE), 0)
    draw(ImageDraw.Draw(large))
    return large.reduce(SCALE)


def _flat(colour: Colour, mask: Image.Image) -> Image.Image:
    image = Image.new("RGBA", mask.size, (*colour, 255))
    image.putalpha(ImageChops.multiply(mask, Image.new("L", mask.size, 255)))
    return image
