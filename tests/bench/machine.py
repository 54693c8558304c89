"""The machine that is measured on: in words, and left as it was."""

from __future__ import annotations

import os
import platform
import signal
import sys
import time
from pathlib import Path


def machine() -> dict[str, str | int | None]:
    """Tell cores, processor, system, Python, and the day."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "day": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def ends_when_told() -> None:
    """Take SIGTERM as an end like any other, so that whatever was started is stopped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()
