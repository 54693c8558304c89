"""Draws a sheet of the tray's icons, every size on every panel, to be looked at: `python -m tests.bench.icons FILE`.

`--few` draws the README's: six states in six sizes, on a light and on a dark panel.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from tray.icon import SIZES, Look, picture
from tray.menu import IconKey, Shape, Tone

PANELS: tuple[tuple[Look, tuple[int, int, int]], ...] = (
    ("light", (242, 242, 240)),
    ("dark", (38, 40, 46)),
    ("any", (255, 255, 255)),
    ("any", (38, 40, 46)),
    ("template", (214, 220, 228)),
)
SHOWN: tuple[tuple[int, Shape, Tone, bool], ...] = (
    (0, "dot", "calm", False),
    (4, "dot", "calm", False),
    (12, "house", "calm", False),
    (17, "cloud", "calm", False),
    (8, "eye", "calm", False),
    (20, "dot", "warm", False),
    (23, "cloud", "warm", False),
    (1, "eye", "calm", False),
    (24, "alert", "hot", False),
    (9, "alert", "hot", False),
    (12, "house", "calm", True),
)
GAP, ZOOM = 10, 6
FEW_SIZES = (16, 22, 24, 32, 48, 64)
FEW = (
    *(IconKey(4, "dot"), IconKey(12, "house"), IconKey(17, "cloud"), IconKey(8, "eye")),
    *(IconKey(20, "dot", "warm"), IconKey(24, "alert", "hot")),
)


def sheet() -> Image.Image:
    """Lay all of it out: a row for each state, its sizes side by side, and the smallest once more, enlarged."""
    blocks = [_block(look, ground) for look, ground in PANELS]
    whole = Image.new("RGB", (sum(block.width for block in blocks), blocks[0].height), "white")
    x = 0
    for block in blocks:
        whole.paste(block, (x, 0))
        x += block.width
    return whole


def _block(look: Look, ground: tuple[int, int, int]) -> Image.Image:
    height = max(*SIZES, SIZES[0] * ZOOM) + GAP
    width = sum(SIZES) + GAP * (len(SIZES) + 3) + (SIZES[0] + 22) * ZOOM
    block = Image.new("RGB", (width, GAP + height * len(SHOWN)), ground)
    for row, (step, shape, tone, dimmed) in enumerate(SHOWN):
        _row(block, look, IconKey(step, shape, tone, dimmed), GAP + row * height, height - GAP)
    return block


def _row(block: Image.Image, look: Look, key: IconKey, top: int, height: int) -> None:
    x = GAP
    for size in SIZES:
        drawn = picture(key, size, look)
        block.paste(drawn, (x, top + (height - size) // 2), drawn)
        x += size + GAP
    for size in (16, 22):
        drawn = picture(key, size, look)
        zoomed = drawn.resize((size * ZOOM * 16 // size, size * ZOOM * 16 // size), Image.Resampling.NEAREST)
        block.paste(zoomed, (x, top), zoomed)
        x += zoomed.width + GAP


def few() -> Image.Image:
    """Lay out what is to be seen of it at a glance."""
    width = sum(FEW_SIZES) + GAP * (len(FEW_SIZES) + 1)
    whole = Image.new("RGB", (2 * width, GAP + (FEW_SIZES[-1] + GAP) * len(FEW)))
    for number, (look, ground) in enumerate(PANELS[:2]):
        whole.paste(ground, (number * width, 0, (number + 1) * width, whole.height))
        for row, key in enumerate(FEW):
            x, top = number * width + GAP, GAP + row * (FEW_SIZES[-1] + GAP)
            for size in FEW_SIZES:
                drawn = picture(key, size, look)
                whole.paste(drawn, (x, top + (FEW_SIZES[-1] - size) // 2), drawn)
                x += size + GAP
    return whole.quantize(128, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


if __name__ == "__main__":
    (few() if "--few" in sys.argv else sheet()).save(Path(sys.argv[1]), optimize=True)
