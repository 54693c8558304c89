"""The program's own icon, as systems keep icons: drawn by the code that draws the tray's, so that they are one."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from PIL import Image

from tray.icon import picture
from tray.menu import IconKey

KEY = IconKey(step=9, shape="dot")
THEMED = (16, 22, 24, 32, 48, 64, 128, 256)
WINDOWS = (16, 20, 24, 32, 40, 48, 64, 128, 256)
MACOS = (16, 32, 64, 128, 256, 512, 1024)


def main(arguments: list[str]) -> int:
    """Draw bursar.ico and bursar.icns into a folder."""
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, sizes in (("bursar.ico", WINDOWS), ("bursar.icns", MACOS)):
        *smaller, largest = drawn(sizes)
        chosen = {"sizes": [(size, size) for size in sizes]} if name.endswith(".ico") else {}
        largest.save(folder / name, append_images=smaller, **chosen)
    return 0


def themed(root: Path) -> None:
    """Draw the icon at the sizes of the freedesktop theme hicolor, each in its folder."""
    for size, image in zip(THEMED, drawn(THEMED), strict=True):
        folder = root / f"{size}x{size}" / "apps"
        folder.mkdir(parents=True)
        image.save(folder / "bursar.png", optimize=True)


def drawn(sizes: tuple[int, ...]) -> list[Image.Image]:
    """Draw it at each size exactly."""
    return [picture(KEY, size, "any") for size in sizes]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
