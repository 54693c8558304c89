"""Packed: what a packaged bursar has to do that one run from its source has not.

Source: PyInstaller's manual, "Run-time Information" and "Launching External Programs from the Frozen Application".
"""

from __future__ import annotations

import os.path
import sys
from collections.abc import MutableMapping

LIBRARIES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH")
OWN = "_PYI_"
RUNNING = "/proc/self/exe"
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
        # Not by pathlib, which an agent's hook would wait for.
        is_inside = os.path.samefile(RUNNING, archive._filename)  # type: ignore[union-attr]  # noqa: PTH121
    except (OSError, AttributeError):
        return False
    if is_inside:
        archive._filename = RUNNING  # type: ignore[union-attr]
    return is_inside
