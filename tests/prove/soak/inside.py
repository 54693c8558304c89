"""Inside: what of a process's memory is in use, by the word of its allocators, Python's own and the C library's.

That does not depend on how the pieces lie, as resident memory does: the smallest leak shows in it. Source:
mallinfo2(3), and what `sys._debugmallocstats` tells.
"""

from __future__ import annotations

import ctypes
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

MB = 1_000_000
_SIZES = ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")
_USED = re.compile(r"# bytes in allocated blocks +=\s+([\d,]+)")
_HELD = re.compile(r"\n\d+ arenas \* \d+ bytes/arena +=\s+([\d,]+)")


class _Malloc(ctypes.Structure):
    _fields_: ClassVar = [(name, ctypes.c_size_t) for name in _SIZES]


@dataclass(frozen=True)
class Inside:
    """MB handed out by Python's allocator, of what it holds; and by the C library's, which large things come from."""

    python: float = 0.0
    python_held: float = 0.0
    library: float = 0.0

    @property
    def used(self) -> float:
        """All that is in use."""
        return self.python + self.library


def inside() -> Inside:
    """Look into this process; nothing is found where the C library is not GNU's."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallinfo2"):
        return Inside()
    library.mallinfo2.restype = _Malloc
    told, malloc = _told(library), library.mallinfo2()
    return Inside(_bytes(_USED, told) / MB, _bytes(_HELD, told) / MB, (malloc.uordblks + malloc.hblkhd) / MB)


def _told(library: ctypes.CDLL) -> str:
    """Have Python's allocator write what it has into a file."""
    library.fopen.restype = ctypes.c_void_p
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory"
        file = ctypes.c_void_p(library.fopen(bytes(path), b"w"))
        ctypes.pythonapi._PyObject_DebugMallocStats(file)
        library.fclose(file)
        return path.read_text(encoding="utf-8")


def _bytes(line: re.Pattern[str], told: str) -> int:
    found = line.search(told)
    return int(found[1].replace(",", "")) if found else 0
