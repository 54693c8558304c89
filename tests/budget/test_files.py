"""A file that is written durably is there whole, old or new, whatever the disk does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HALF = """
import resource, signal, sys
from pathlib import Path
from budget.files import write_durably

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
write_durably(path, b"old")
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    write_durably(path, b"new" * 1000)
except OSError:
    assert path.read_bytes() == b"old", path.read_bytes()
else:
    sys.exit("it was said to be written")
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of files")
def test_of_what_does_not_fit_on_the_disk_no_half_is_put_in_its_place(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", HALF, str(tmp_path / "file")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
