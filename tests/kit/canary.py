"""A sentence and keys that must be found nowhere but where they were sent: on no disk, in no process list."""

import os
from collections.abc import Iterable
from pathlib import Path

from tests.bench.process import PROC, tree
from tests.kit.fake_claude import KEY

CANARY = "the quick canary hides in the ledger"
BEARER = "sk-ant-fake-canary-bearer-token"
WORDS = (CANARY, CANARY.replace(" ", "-"), KEY, BEARER)


def in_files(folder: Path, *but: str) -> list[str]:
    """Name the files below a folder that hold a word of it, but for some that may."""
    return [
        f"{path.relative_to(folder)}: {word}"
        for path in folder.rglob("*")
        if path.is_file() and path.name not in but
        for word in in_text(path.read_bytes())
    ]


def in_text(text: bytes | str | Iterable[str]) -> list[str]:
    """Name the words of it that a text holds, also where it is written as a database or JSON would."""
    data = text if isinstance(text, bytes) else (text if isinstance(text, str) else "\n".join(text)).encode()
    return [word for word in WORDS if word.encode() in data or word.encode("utf-16-le") in data]


def in_processes(pid: int) -> list[str]:
    """Name what the process list shows of it: the arguments and the environment of a process and all it started."""
    return [
        f"{process} {kind}: {word}"
        for process in tree(pid)
        for kind in ("cmdline", "environ", "comm")
        for word in in_text(_read(PROC / str(process) / kind))
    ]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


IS_LISTED = os.path.exists("/proc/self/cmdline")
"""Whether this system shows the process list as files."""
