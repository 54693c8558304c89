"""Pixmap: a picture as the StatusNotifierItem protocol wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

Pixmap = tuple[int, int, bytes]
"""Width, height, and the rows from the top: alpha, red, green, blue, a byte each."""


def pixmap(picture: Image.Image) -> Pixmap:
    """Put the alpha first, as a 32-bit number in network order has it."""
    from PIL import Image

    red, green, blue, alpha = picture.convert("RGBA").split()
    return picture.width, picture.height, Image.merge("RGBA", (alpha, red, green, blue)).tobytes()
