"""A sentence and keys that must be found nowhere but where they were sent: on no disk, in no process list.

All tests send the key; so it, the fake Claude's own sentences and the directives to it are looked for after each of
them, in the folder of every bursar that it started.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.bench.process import PROC, tree
from tests.kit.claude.script import FINAL, PLAIN
from tests.kit.disguise import forms, layers
from tests.kit.fake_claude import KEY

CANARY = "the quick canary hides in the ledger"
BEARER = "sk-ant-fake-canary-bearer-token"
WORDS = (CANARY, CANARY.replace(" ", "-"), KEY, BEARER, PLAIN, FINAL)
PROMPT = re.compile(rb"\[\[(?:text|read|bash|agent|tool|long|think|unseen|out|at|fault|ttft|stop):[^\]]{0,40}")
"""What tests write into prompts to say what the fake Claude shall do."""
_ZEROS = re.compile(rb"\0{64,}")
"""Most of a young ledger; no word of it lies in these, and to look through them takes the longest."""
LEDGER = "ledger.db"
LOG = "bursar.log"
BALLAST = "ledger.ballast"
"""Zeros, four megabytes of them beside every ledger."""


def in_homes(folder: Path) -> list[str]:
    """Name the files below a folder that hold a word of it, as far as they are some bursar's own."""
    return [f"{home}/{found}" for home in homes(folder) for found in in_files(home)]


def homes(folder: Path) -> list[Path]:
    """Find the folders that a bursar has kept its files in."""
    return sorted({_home_of(path) for name in (LEDGER, LOG) for path in folder.rglob(name)})


def in_files(folder: Path, *but: str) -> list[str]:
    """Name the files below a folder that hold a word of it, but for some that may."""
    return [
        f"{path.relative_to(folder)}: {word}"
        for path in folder.rglob("*")
        if path.name not in (*but, BALLAST) and path.is_file()
        for word in in_text(_read(path))
    ]


def in_text(text: bytes | str | Iterable[str]) -> list[str]:
    """Name the words of it that a text holds, in whatever form."""
    data = text if isinstance(text, bytes) else (text if isinstance(text, str) else "\n".join(text)).encode()
    every = [_ZEROS.sub(bytes(4), layer) for layer in layers(data)]
    found = [word for word in WORDS if any(form in layer for layer in every for form in forms(word))]
    return found + [prompt for layer in every for prompt in _prompts(layer)][:1]


def in_processes(pid: int) -> list[str]:
    """Name what the process list shows of it: arguments and environment of a process and of all that it started.

    What these have open but deleted is looked into as well: nobody else could.
    """
    shown = [(process, PROC / str(process) / kind) for process in tree(pid) for kind in ("cmdline", "environ", "comm")]
    shown += [(process, opened) for process in tree(pid) for opened in _deleted(PROC / str(process) / "fd")]
    return [f"{process} {path.name}: {word}" for process, path in shown for word in in_text(_read(path))]


def _prompts(layer: bytes) -> list[str]:
    found = PROMPT.search(layer) or PROMPT.search(layer.replace(b"\0", b""))
    return [found[0].decode("utf-8", "replace")] if found else []


def _home_of(path: Path) -> Path:
    """Give the whole home of a ledger where there is one, else the ledger's own folder."""
    above = path.parent.parent
    return above if path.name == LEDGER and (above / LOG).exists() else path.parent


def _deleted(descriptors: Path) -> Iterator[Path]:
    try:
        opened = list(descriptors.iterdir())
    except OSError:
        return
    for path in opened:
        try:
            if path.is_file() and os.readlink(path).endswith(" (deleted)"):
                yield path
        except OSError:
            continue


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


IS_LISTED = os.path.exists("/proc/self/cmdline")
"""Whether this system shows the process list as files."""
