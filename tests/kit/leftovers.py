"""What must be as it was before: this process's threads and open files."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kit.scripted import eventually

OPEN = Path("/proc/self/fd")


@contextmanager
def nothing_left() -> Iterator[None]:
    """Require that the threads and files that are opened within are closed at the end; files only where /proc is."""
    before, files = set(threading.enumerate()), descriptors()
    yield
    gc.collect()
    assert eventually(lambda: not _newer(before)), f"threads are left: {_newer(before)}"
    assert eventually(lambda: descriptors() <= files), f"{descriptors() - files} descriptors are left"


def descriptors() -> int:
    """Count this process's open files; zero where that cannot be seen."""
    return len(list(OPEN.iterdir())) if OPEN.exists() else 0


def _newer(before: set[threading.Thread]) -> list[str]:
    newer = [thread.name for thread in threading.enumerate() if thread not in before]
    return [name for name in newer if "process_request_thread" not in name]  # Of the kit's own servers.
