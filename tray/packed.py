"""Packed: what a packaged bursar has to do that one run from its source has not.

Source: PyInstaller's manual, "Run-time Information" and "Launching External Programs from the Frozen Application".
"""

from __future__ import annotations

from collections.abc import MutableMapping

LIBRARIES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH")
OWN = "_PYI_"


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
