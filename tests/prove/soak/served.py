"""The bursar that is soaked: a clock that runs fast, jobs that are done when they are wished, and how much it keeps.

`python -m tests.prove.soak.served HOME BYTES` serves until stdin closes. Each line of stdin is a moment in seconds,
`jobs` to have every job of the scheduler done now, `inside` for what memory is in use when it has given back what it
does not need, or `kept` for what lies in each container that its objects hold: how many things, of how many bytes; each
is answered by a line. Unless BYTES is 0, it has a leak of so many for each request whose spend is recorded.
"""

from __future__ import annotations

import gc
import json
import sqlite3
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from budget.events import Event, SpendRecorded
from tests.prove.day.clocked import Clocked, Moment
from tests.prove.soak.inside import Inside, inside
from tray.app import App, build
from tray.paths import Paths
from tray.scheduler import Scheduler
from tray.settings import load

OURS = ("pricing", "budget", "proxy", "tray")
LEAST = 64
"""Smaller containers are not told of."""
CONTAINERS = (dict, list, set, deque)
EVERYBODYS = (type, ModuleType, FunctionType, MethodType, BuiltinFunctionType, threading.Thread)
Kept = dict[str, tuple[int, int]]


class Served(Clocked):
    """Runs it in a process of its own."""

    module = "tests.prove.soak.served"

    def __init__(self, *arguments: Any, leak: int = 0, **settings: Any) -> None:
        """Take how many bytes it is to leak with each request, to prove that this is seen."""
        super().__init__(*arguments, **settings)
        self.arguments = (str(leak),)

    def stop(self, seconds: float = 300) -> int:
        """End it; a job that is under way, such as a report of many thousands of requests, ends first."""
        return super().stop(seconds)

    def do_jobs(self) -> None:
        """Have every job done now."""
        self.order("jobs")

    def inside(self) -> Inside:
        """Have it give back what it does not need, as it does when nothing is under way; tell what is in use then."""
        return Inside(**json.loads(self.order("inside")))

    def holds(self) -> list[tuple[str, ...]]:
        """Tell of each open hold its request, moment, upstream and model."""
        with closing(sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True)) as db:
            return db.execute("SELECT request_id, since, upstream, model FROM holds").fetchall()

    def kept(self) -> Kept:
        """Tell how many things of how many bytes lie in each larger container, by its place."""
        found: Kept = json.loads(self.order("kept"))
        return found


def kept(root: object) -> Kept:
    """Count what lies in the containers that an object and those below it hold; what two hold counts once."""
    found: Kept = {}
    seen, weighed = {id(root)}, set[int]()
    todo = deque([("", root)])
    while todo:
        place, one = todo.popleft()
        for name, value in _parts(one):
            if isinstance(value, CONTAINERS) and len(value) >= LEAST:
                found[f"{place}.{name}"] = len(value), _weight(value, weighed)
            elif (_is_ours(value) or isinstance(value, CONTAINERS)) and id(value) not in seen:
                seen.add(id(value))
                todo.append((f"{place}.{name}", value))
    return found


def _weight(one: object, seen: set[int]) -> int:
    """Add up the bytes of a thing and of what it refers to; classes, functions and modules are everybody's."""
    total, todo = 0, [one]
    while todo:
        at = todo.pop()
        if id(at) not in seen and not isinstance(at, EVERYBODYS):
            seen.add(id(at))
            total += sys.getsizeof(at)
            todo += gc.get_referents(at)
    return total


def _parts(one: object) -> Iterator[tuple[str, Any]]:
    if isinstance(one, dict):
        yield from ((str(key)[:40], value) for key, value in list(one.items()))
    elif isinstance(one, CONTAINERS):
        yield from ((str(place), value) for place, value in enumerate(list(one)))
    else:
        names = [name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())]
        yield from ((name, getattr(one, name)) for name in names if hasattr(one, name))
        yield from list(getattr(one, "__dict__", {}).items())


def _is_ours(value: object) -> bool:
    return type(value).__module__.partition(".")[0] in OURS


def _scheduler(app: App) -> Scheduler:
    owners = (getattr(start, "__self__", None) for start in app._beside)
    return next(owner for owner in owners if isinstance(owner, Scheduler))


def _answer(line: str, app: App, moment: Moment) -> str:
    match line.strip():
        case "jobs":
            _scheduler(app).all_soon()
            return ""
        case "inside":
            _scheduler(app)._jobs["memory"].do()
            return json.dumps(asdict(inside()))
        case "kept":
            return json.dumps(kept(app))
        case seconds:
            moment.seconds = max(moment.seconds, float(seconds))
            return ""


class Leak:
    """Keeps so many bytes for every request whose spend is recorded."""

    def __init__(self, size: int) -> None:
        self._size, self._kept = size - sys.getsizeof(b""), list[bytes]()

    def __call__(self, event: Event) -> None:
        """Hear of a request."""
        if isinstance(event, SpendRecorded):
            self._kept.append(bytes(self._size))


def main() -> None:
    """Serve."""
    moment, paths = Moment(), Paths.of({}, home=Path(sys.argv[1]))
    settings = load(paths.config_file, lambda: "UTC")
    app = build(lambda: settings, paths, clock=moment.clock, elapsed=moment.elapsed, environ={}, on_screen=False)
    app.start()
    if leak := int(sys.argv[2]):
        app.services.ledger.subscribe(Leak(leak))
    for line in sys.stdin:
        print(_answer(line, app, moment), flush=True)
    app.close(5.0)


if __name__ == "__main__":
    main()
