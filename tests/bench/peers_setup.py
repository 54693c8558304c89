"""Fetch the proxies that bursar is measured beside: `python -m tests.bench.peers_setup FOLDER`.

LiteLLM's proxy comes by pip into an environment of its own, claude-code-router by npm; both from wherever these two
are set up to look. The folder must lie outside the repository; give it to `tests.bench.run --peers` then.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from tests.kit.fake_claude import ROOT

LITELLM = "litellm[proxy]==1.106.2"
CCR = "@musistudio/claude-code-router@2.0.0"


def litellm_in(folder: Path) -> Path:
    """Say where LiteLLM's command lies in a folder of peers."""
    return folder / "litellm" / ("Scripts" if sys.platform == "win32" else "bin") / "litellm"


def ccr_in(folder: Path) -> Path:
    """Say where claude-code-router's program lies in a folder of peers."""
    return folder / "ccr" / "node_modules" / "@musistudio" / "claude-code-router" / "dist" / "cli.js"


def set_up(folder: Path) -> None:
    """Install what is not there yet. Raises CalledProcessError where pip or npm cannot."""
    if not litellm_in(folder).exists():
        venv.create(folder / "litellm", with_pip=True)
        python = litellm_in(folder).parent / "python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", LITELLM], check=True)
    npm = shutil.which("npm")
    if npm is None:
        print("npm is not there, so claude-code-router is left out")
    elif not ccr_in(folder).exists():
        (folder / "ccr").mkdir(exist_ok=True)
        subprocess.run([npm, "install", "--no-audit", "--no-fund", "--prefix", folder / "ccr", CCR], check=True)


def main() -> None:
    """Install both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.resolve()
    if folder.is_relative_to(ROOT):
        parser.error(f"{folder} lies in the repository; name a folder outside of it")
    folder.mkdir(parents=True, exist_ok=True)
    set_up(folder)
    print(f"python -m tests.bench.run --peers {folder}")


if __name__ == "__main__":
    main()
