"""The post: hands messages to the postman's process, and gives his answers as they come."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from budget.alertwords import Words
from budget.outbox import Kind
from tray.alerts.destination import Destination

PATIENCE_S = 60.0
"""How long one message may take, the postman's own start included."""
SILENT = "the service did not answer in time"
ENDED = "the process that sends ended early"


@dataclass(frozen=True, slots=True)
class Message:
    """Words for a destination, about an alert of a kind; without words its address is only looked at."""

    to: Destination
    words: Words | None
    kind: Kind | None = None


class Deliver(Protocol):
    """Sends messages in their order and yields for each, once it is done, what was wrong: "" for nothing."""

    def __call__(self, messages: Sequence[Message]) -> Iterator[str]: ...

    def end(self) -> None:
        """Send no more, and leave what is under way unfinished."""


class Post:
    """Delivers through a process of its own, one at a time; `end` stops the one that runs."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._process: subprocess.Popen[str] | None = None
        self._ended = False

    def __call__(self, messages: Sequence[Message]) -> Iterator[str]:
        """Send; a postman who hangs or dies leaves the rest of the messages with a trouble each."""
        left = len(messages)
        if not left or self._ended:
            return
        process = self._process = _start()
        try:
            for trouble in _answers(process, messages, self._patience_s):
                left -= 1
                yield trouble
                if not left:
                    return
            yield from [ENDED] * left
        finally:
            self._process = None
            _stop(process)

    def end(self) -> None:
        """Send no more, and leave what is under way unfinished: it is tried again at the next start."""
        self._ended = True
        process = self._process
        if process is not None:
            process.kill()


def _start() -> subprocess.Popen[str]:
    frozen = getattr(sys, "frozen", False)
    command = [sys.executable] if frozen else [sys.executable, "-m", "tray"]
    return subprocess.Popen(
        [*command, "alerts", "post"],
        cwd=None if frozen else Path(__file__).resolve().parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows would show a console.
    )


def _stop(process: subprocess.Popen[str]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None and not pipe.closed:
            pipe.close()
    process.wait()


def _answers(process: subprocess.Popen[str], messages: Sequence[Message], patience_s: float) -> Iterator[str]:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        json.dump([_job(message) for message in messages], process.stdin)
        process.stdin.close()
    except OSError:
        return
    while True:
        late = threading.Event()
        timer = threading.Timer(patience_s, _too_late, (process, late))
        timer.daemon = True
        timer.start()
        try:
            line = process.stdout.readline()
        finally:
            timer.cancel()
        if late.is_set():
            yield SILENT
            return
        if not line:
            return
        yield str(json.loads(line)["trouble"])


def _too_late(process: subprocess.Popen[str], late: threading.Event) -> None:
    late.set()
    process.kill()


def _job(message: Message) -> dict[str, Any]:
    words = {"title": message.words.title, "text": message.words.text} if message.words else {}
    return {"address": message.to.address, **words}
