"""Write the lock files again, after pyproject.toml or the tests' needs changed: `python installer/lock.py [--upgrade]`.

Needs `uv` on the PATH. Every version is pinned by the hash of each of its wheels; no index host is written down.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# sqlite-utils lists pip for a command of its own that bursar never calls; every environment has a pip.
FLAGS = (
    *("--universal", "--python-version", "3.11", "--generate-hashes", "--only-binary", ":all:", "--quiet"),
    *("--no-emit-index-url", "--no-header", "--no-annotate", "--no-emit-package", "pip"),
)
# Built and tested is with what is shipped: the list of what is inside is read from the first lock.
SAME = ("--constraint", "installer/requirements.lock")
# What is locked, from what, and how it differs.
LOCKS = (
    ("installer/requirements.lock", "pyproject.toml", ()),
    ("tests/requirements.lock", "pyproject.toml", ("--extra", "test", *SAME)),
    ("installer/build.lock", "pyproject.toml", ("--extra", "build", *SAME)),
    ("tests/old_sdk.lock", "tests/old_sdk.in", ("--no-deps",)),
    ("tests/llama.lock", "tests/llama.in", ()),
    ("tests/schemathesis.lock", "tests/schemathesis.in", ()),
)


def main(arguments: list[str]) -> int:
    """Compile each lock; returns 1 and says why when one cannot be."""
    uv = shutil.which("uv")
    if uv is None:
        print("this needs `uv` on the PATH: pip install uv", file=sys.stderr)
        return 1
    for lock, source, extra in LOCKS:
        compiled = subprocess.run(
            [uv, "pip", "compile", source, "-o", lock, *FLAGS, *extra, *arguments], cwd=ROOT, check=False
        )
        if compiled.returncode:
            return compiled.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
