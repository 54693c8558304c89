"""What a program takes while nothing happens, and how long it takes to start."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

from tests.bench import process
from tests.bench.figures import Row
from tests.bench.idle import SETTLES_S, desktop
from tests.bench.programs import Program, bursar

WITH_TRAY = "bursar with tray"


def cold(program: Program, times: int) -> Row:
    """Start it so often, from the command to the first 200; it stays running."""
    took = []
    for _ in range(times):
        program.stop()
        took.append(program.start())
    return {"cold start to first 200": median(took)} if program.command else {}


def idle(programs: Sequence[Program], seconds: float) -> dict[str, Row]:
    """Watch running programs, all in the same seconds; by name."""
    watched = [program for program in programs if program.pid]
    time.sleep(min(SETTLES_S, seconds))
    before, began = [process.cpu_s(program.pid) for program in watched], time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    return {
        program.name: {
            "RSS idle": process.rss_mb(program.pid),
            "idle CPU": (process.cpu_s(program.pid) - cpu) / took * 100,
        }
        for program, cpu in zip(watched, before, strict=True)
    }


@contextmanager
def with_tray(folder: Path, base: str) -> Iterator[Program | None]:
    """Run bursar with its icon on a desktop that nobody sees; None where there can be none."""
    try:
        shown = desktop()
        bus, panel = shown.__enter__()
    except (OSError, RuntimeError):
        yield None
        return
    try:
        program = replace(
            bursar(folder, base, desktop={"DBUS_SESSION_BUS_ADDRESS": bus.address, "DISPLAY": ":no"}), family=WITH_TRAY
        )
        program.start()
        try:
            panel.item()
            panel.properties()
            panel.read()
            yield program
        finally:
            program.stop()
    finally:
        shown.__exit__(None, None, None)
