"""A machine's clocks as a test sets them, for a whole program: put back, put ahead, and on after a sleep.

A library of our own that the system loads before all others; `faketime`, whose clock without a sleep would do, breaks
the waiting of Python's threads.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")
IS_THERE = sys.platform == "linux" and shutil.which("cc") is not None
WHY_NOT = "only Linux loads a library of ours before the system's, and `cc` has to be there to make it"


class FakeClock:
    """Two figures in a file, which a program started with `environ` goes by from then on."""

    def __init__(self, folder: Path) -> None:
        self._library, self._file = folder / "fake_clock.so", folder / "clock.txt"
        command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(self._library), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True, capture_output=True)
        self.wall_s = self.slept_s = 0
        self._write()

    @property
    def environ(self) -> dict[str, str]:
        """What puts a program under this clock."""
        return {"LD_PRELOAD": str(self._library), "FAKE_CLOCK": str(self._file)}

    def step(self, seconds: float) -> None:
        """Set the wall clock ahead, or back."""
        self.wall_s += round(seconds)
        self._write()

    def sleep(self, seconds: float) -> None:
        """Have the machine sleep: all its clocks go on but the one that counts its waking."""
        self.slept_s += round(seconds)
        self.step(seconds)

    def _write(self) -> None:
        aside = self._file.with_suffix(".new")
        aside.write_text(f"{self.wall_s} {self.slept_s}\n", encoding="ascii")
        os.replace(aside, self._file)
