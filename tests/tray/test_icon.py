"""The icon: exact at each size, told apart by shape as well as by colour, and readable on light and dark panels."""

from itertools import combinations
from typing import get_args

import pytest
from PIL import Image, ImageChops

from tests.bench.icons import PANELS, sheet
from tray.icon import PAINTS, SIZES, Colour, Look, Ring, picture
from tray.menu import RING_STEPS, IconKey, Shape

SHAPES: tuple[Shape, ...] = get_args(Shape)
LOOKS: tuple[Look, ...] = get_args(Look)
sizes = pytest.mark.parametrize("size", SIZES)
looks = pytest.mark.parametrize("look", LOOKS)


def alpha(image: Image.Image) -> Image.Image:
    """Give how opaque each pixel is."""
    return image.getchannel("A")


def differing(one: Image.Image, other: Image.Image, by: int) -> int:
    """Count the pixels of two masks that clearly differ."""
    return sum(ImageChops.difference(one, other).histogram()[by:])


def mirrored(image: Image.Image) -> Image.Image:
    """Swap left and right."""
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


@sizes
@looks
def test_a_picture_has_exactly_its_size_and_stays_off_the_corners(size: int, look: Look):
    drawn = picture(IconKey(7, "house"), size, look)
    assert (drawn.mode, drawn.size) == ("RGBA", (size, size))
    assert all(
        drawn.getpixel(corner)[3] == 0 for corner in ((0, 0), (size - 1, 0), (0, size - 1), (size - 1, size - 1))
    )


@pytest.mark.parametrize("size", [16, 22, 64])
def test_each_step_of_the_ring_can_be_seen_and_nothing_less_changes_the_picture(size: int):
    drawn = [picture(IconKey(step, "dot"), size, "dark") for step in range(RING_STEPS + 1)]
    assert len({image.tobytes() for image in drawn}) == RING_STEPS + 1
    assert picture(IconKey(5, "dot"), size, "dark").tobytes() == drawn[5].tobytes()
    filled = [sum(image.getchannel("R").histogram()[:100]) for image in drawn]
    assert filled == sorted(filled)


@pytest.mark.parametrize("size", [16, 18, 20, 22, 24])
@pytest.mark.parametrize("step", [0, 12, 24])
def test_modes_are_told_apart_without_colour(size: int, step: int):
    drawn = {shape: alpha(picture(IconKey(step, shape), size, "template")) for shape in SHAPES}
    for one, other in combinations(SHAPES, 2):
        assert differing(drawn[one], drawn[other], 128) >= 12, (one, other)


@sizes
@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_does_not_touch_the_ring(size: int, shape: Shape):
    drawn, ring = alpha(picture(IconKey(0, shape), size, "template")), Ring.at(size)
    inner, middle = (ring.outer - ring.width) / 8, size / 2
    for x in range(size):
        for y in range(size):
            if ((x + 0.5 - middle) ** 2 + (y + 0.5 - middle) ** 2) ** 0.5 > inner:
                assert drawn.getpixel((x, y)) <= 2 * PAINTS["template"].track, (x, y)


@sizes
@pytest.mark.parametrize("shape", ["dot", "house", "eye", "alert"])
@pytest.mark.parametrize("step", [0, RING_STEPS])
def test_what_is_symmetric_is_so_to_an_eighth_of_a_pixel(size: int, shape: Shape, step: int):
    drawn = alpha(picture(IconKey(step, shape), size, "light"))
    assert differing(drawn, mirrored(drawn), 255 // 8 + 9) == 0


def luminance(colour: Colour) -> float:
    """Give the relative luminance as WCAG 2 has it: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    """Give the contrast of two colours, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("look", "panel"), [given for given in PANELS if given[0] != "any"])
def test_colours_stand_out_on_their_panel(look: Look, panel: Colour):
    paint = PAINTS[look]
    assert contrast(paint.ink, panel) >= 7
    assert min(contrast(tone, panel) for tone in paint.tones.values()) >= 3.8


@pytest.mark.parametrize("panel", [(255, 255, 255), (242, 242, 240), (38, 40, 46), (0, 0, 0)])
def test_where_the_panel_is_not_known_the_icon_is_seen_on_light_and_dark_ones(panel: Colour):
    paint = PAINTS["any"]
    assert min(contrast(colour, panel) for colour in (paint.ink, *paint.tones.values())) >= 3.3


@looks
def test_a_dimmed_picture_is_the_same_and_fainter(look: Look):
    bright, dim = (picture(IconKey(9, "cloud", dimmed=dimmed), 32, look) for dimmed in (False, True))
    assert dim.convert("RGB").tobytes() == bright.convert("RGB").tobytes()
    assert max(alpha(dim).getextrema()) < 128 < max(alpha(bright).getextrema())


def test_a_template_is_black_and_shows_no_tone():
    hot, calm = IconKey(9, "eye", "hot"), IconKey(9, "eye")
    assert picture(hot, 36, "template").tobytes() == picture(calm, 36, "template").tobytes()
    assert set(picture(hot, 36, "template").convert("RGB").tobytes()) == {0}


def test_the_sheet_to_look_at_can_be_made():
    assert sheet().size[0] > 1000
