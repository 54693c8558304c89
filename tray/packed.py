"""Packed: what a packaged bursar has to do that one run from its source has not.

Source: PyInstaller's manual, "Run-time Information" and "Launching External Programs from the Frozen Application".
"""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from pathlib import Path

LIBRARIES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH")
OWN = "_PYI_"
RUNNING = Path("/proc/self/exe")
"""Linux's name for the file that a process runs, which holds even when the file has lost its own."""


def put_back(environ: MutableMapping[str, str]) -> None:
    """Put the environment back as it was before PyInstaller's starter led it to the libraries of the package.

    Other programs – the browser, an agent – must not load those, and a bursar that is started from here begins afresh.
    """
    for name in LIBRARIES:
        before = environ.pop(f"{name}_ORIG", None)
        if before is not None:
            environ[name] = before
        else:
            environ.pop(name, None)
    for name in [name for name in environ if name.startswith(OWN)]:
        del environ[name]


def hold_on_to_modules() -> bool:
    """Have modules read from the file that runs, however late, and not from one that an upgrade put in its place.

    PyInstaller's importer opens the program by its name for each module. Tells whether that could be helped.
    """
    archive = getattr(sys.modules.get("pyimod02_importers"), "pyz_archive", None)
    try:
        is_inside = RUNNING.samefile(archive._filename)  # type: ignore[union-attr]
    except (OSError, AttributeError):
        return False
    archive._filename = str(RUNNING)  # type: ignore[union-attr]
    return is_inside
