"""Lives of the whole of bursar: each starts after the last one's death, serves, and dies at a chosen call."""

from __future__ import annotations

import contextlib
import os
import random
import select
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import IO, Any
from zoneinfo import ZoneInfo

from budget import reading
from budget.ledger import Limits
from budget.peek import peek
from pricing.money import Money
from tests.kit.bursar import Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import Client, Truncated, ask, message, post
from tests.prove.ledger.killing import arm
from tray.cli.main import run
from tray.cli.place import Place

LIVES_A_HOME = 25
CUTOFF = "0.60"
REAL_EVERY = 20
"""Every so manieth start is one of a new interpreter, so that the time to recover is a person's."""
LOADED_ONCE = ("tray.app", "tray.cli.serve", "tray.desktop")
SCRIPTS = ("[[out:20]]", "[[out:400]]", "[[long:20:3]]", "[[think:200]][[text:done]]", "[[fault:cut=700]] [[out:300]]")


class Child:
    """A fork of this process that is bursar, as `subprocess.Popen` shows one."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._fd = os.pidfd_open(pid)
        self._code: int | None = None

    def poll(self) -> int | None:
        if self._code is None and select.select([self._fd], [], [], 0)[0]:
            self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            os.close(self._fd)
        return self._code

    def wait(self, seconds: float | None = None) -> int:
        if self._code is None and not select.select([self._fd], [], [], seconds)[0]:
            raise TimeoutError("bursar did not end")
        code = self.poll()
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Forked(Bursar):
    """A bursar without an interpreter's start, that dies at a call."""

    kill_at, upstream, log = 0, 0, -1
    is_real = False

    def _begin(self, output: IO[bytes], environment: dict[str, str]) -> Any:
        if self.is_real:
            return super()._begin(output, environment)
        child = os.fork()
        if child:
            return Child(child)
        code = 1
        with contextlib.suppress(BaseException):
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            arm(self.home, self.kill_at, self.log, torn=self.kill_at % 2 == 0, upstream=self.upstream)
            code = run(["serve"], Place(environment, lambda: datetime.now(UTC)))
        os._exit(code)

    def begin(self, log: int, at: int) -> bool:
        """Start it, to die at call `at`; False if it died before it answered."""
        self.kill_at, self.log = at, log
        with (self.home / "output.txt").open("ab") as output:
            self._process = self._begin(output, self._environ)
        end = time.monotonic() + 60
        while not self._is_up():
            if self._process.poll() is not None:
                return False
            assert time.monotonic() < end, self.output()
            time.sleep(0.005)
        return True

    @property
    def is_dead(self) -> bool:
        return self._process is None or self._process.poll() is not None


@dataclass
class Tally:
    """What the lives found: all from `overspent_picos` on must be nothing."""

    kills: int = 0
    while_opening: int = 0
    billed: int = 0
    orphans: int = 0
    points: Counter[str] = field(default_factory=Counter)
    recovered_s: list[float] = field(default_factory=list)
    cold_s: list[float] = field(default_factory=list)
    overspent_picos: int = 0
    undercharged_picos: int = 0
    unknown: list[str] = field(default_factory=list)
    holds_left: int = 0
    switches_lost: list[str] = field(default_factory=list)
    unsound: list[str] = field(default_factory=list)

    @property
    def faults(self) -> int:
        amounts = (self.overspent_picos > 0, self.undercharged_picos > 0, self.holds_left)
        return sum(map(int, amounts)) + len(self.unknown) + len(self.switches_lost) + len(self.unsound)

    def figures(self) -> dict[str, Any]:
        """Show it as JSON can, times as median and longest."""
        shown = {name: value for name, value in vars(self).items() if name not in ("recovered_s", "cold_s", "points")}
        times = {"restart_s": self.recovered_s, "restart_with_interpreter_s": self.cold_s}
        for name, seconds in times.items():
            shown[name] = [round(median(seconds), 3), round(max(seconds), 3)] if seconds else []
        return {
            **shown,
            "restarts": len(self.recovered_s) + len(self.cold_s),
            "points": dict(self.points.most_common()),
        }


class Lives:
    """Bursars in homes below a place, one after the other, before a fake Claude that keeps its bill."""

    def __init__(self, place: Path, chance: random.Random, say: Callable[[str], object]) -> None:
        self.tally = Tally()
        self._place, self._chance, self._say = place, chance, say
        self._asked: dict[str, str] = {}
        self._calls = 0

    def run(self, kills: int) -> None:
        """Live and die so many times."""
        for module in LOADED_ONCE:  # Here, not in each fork.
            import_module(module)
        with FakeClaude() as fake:
            while self.tally.kills < kills:
                fake.reset()
                self._home(fake, min(LIVES_A_HOME, kills - self.tally.kills))
                tally = self.tally
                self._say(f"bursar: {tally.kills} kills, {tally.billed} billed, {tally.faults} faults")

    def _home(self, fake: FakeClaude, lives: int) -> None:
        home = self._place / f"home{self.tally.kills}"
        bursar = Forked(home, fake.url, budget=CUTOFF, cutoff=CUTOFF, queue_wait_s=1)
        bursar.upstream, self._asked = fake.port, {}
        self._life(bursar, fake, 0)
        for _ in range(lives):
            self._life(bursar, fake, self._chance.randrange(1, self._calls + 1))
        self.tally.billed += len(fake.bill()["lines"])
        self.tally.orphans += sum(entry.outcome == "orphaned" for entry in bursar.entries())

    def _life(self, bursar: Forked, fake: FakeClaude, at: int) -> None:
        """Start, look whether all is as it was, serve, die."""
        bursar.is_real = bool(at) and self.tally.kills % REAL_EVERY == REAL_EVERY - 1
        began = time.monotonic()
        log = bursar.home / "calls.log"
        with log.open("w+b", buffering=0) as calls:
            is_up = bursar.begin(calls.fileno(), at)
            if is_up:
                times = self.tally.cold_s if bursar.is_real else self.tally.recovered_s
                times.append(time.monotonic() - began)
                with suppress(OSError, ValueError, KeyError):
                    self._look(bursar)
                self._work(bursar)
            self.tally.while_opening += not is_up
            bursar.kill()
            lines = log.read_text(encoding="utf-8").splitlines()
        self._calls = max(self._calls, len(lines)) if not at else self._calls
        self.tally.points[_named(lines[-1]) if lines and at and not bursar.is_real else "any moment"] += 1
        self.tally.kills += 1
        self._compare(bursar, fake)

    def _look(self, bursar: Forked) -> None:
        status = bursar.status()
        self.tally.holds_left += status["open_holds"]
        for switch, wanted in self._asked.items():
            shown = status["mode"] if switch == "mode" else str(bool(status["stop"]))
            if shown != wanted:
                self.tally.switches_lost.append(f"{switch} was {wanted}, is {shown}")

    def _work(self, bursar: Forked) -> None:
        """Send what an agent sends, two at a time, and command what a person commands, until all is done or it died."""
        self._command(bursar, "/api/resume", {}, "stop", "False")
        self._command(bursar, "/api/mode", {"mode": self._chance.choice(("cloud", "observe"))}, "mode", "")
        asks = [threading.Thread(target=self._ask, args=(bursar, str(self._chance.random()), n)) for n in range(4)]
        for thread in asks:
            thread.start()
        for thread in asks:
            thread.join()
        self._command(bursar, "/api/budget", {"usd": self._chance.choice(("0.40", "0.50"))}, "", "")
        if self._chance.random() < 0.5:
            self._command(bursar, "/api/stop", {}, "stop", "True")

    def _ask(self, bursar: Forked, name: str, number: int) -> None:
        script = SCRIPTS[int(name[-1]) % len(SCRIPTS)]
        with suppress(Truncated, OSError, ValueError):
            if number == 3:
                with Client(bursar.url) as hurried:
                    body = message("[[long:40:5]]", max_tokens=500, stream=True)
                    hurried.send(post(bursar.url, body, x_claude_code_session_id=name))
                    hurried.until(b"text_delta")
                return
            ask(bursar.url, message(script, max_tokens=500, stream=number != 1), x_claude_code_session_id=name)

    def _command(self, bursar: Forked, path: str, body: dict[str, str], switch: str, value: str) -> None:
        """Command something; from its answer on it must hold, and before that it may."""
        if bursar.is_dead:
            return
        self._asked.pop(switch, None)
        with suppress(OSError, ValueError):
            bursar.api(path, body)
            if switch:
                self._asked[switch] = value or body["mode"]

    def _compare(self, bursar: Forked, fake: FakeClaude) -> None:
        """Look at the files that the dead has left, and at the bill."""
        fake.wait_until(lambda it: it.bill()["open"] == 0, 60)
        known = _books(bursar.database)
        for line in fake.bill()["lines"]:
            amount = known.get(line["session"])
            if amount is None:
                self.tally.unknown.append(line["session"])
            else:
                self.tally.undercharged_picos = max(self.tally.undercharged_picos, line["picos"] - amount)
        cutoff = Money.usd(CUTOFF)
        limits = Limits(cutoff, cutoff)
        shown = peek(bursar.database.parent, clock=lambda: datetime.now(UTC), limits=limits, zone=ZoneInfo("UTC"))
        self.tally.unsound += [shown.trouble] if shown.trouble else []
        self.tally.overspent_picos = max(self.tally.overspent_picos, sum(known.values()) - cutoff.picos)
        self.tally.overspent_picos = max(self.tally.overspent_picos, fake.bill()["picos"] - cutoff.picos)
        self.tally.unsound += reading.check(bursar.database) if bursar.database.exists() else []


def _books(database: Path) -> dict[str, int]:
    """Give what is charged or held for each session."""
    if not database.exists():
        return {}
    query = "SELECT session, sum(amount) FROM (SELECT session, charged AS amount FROM entries UNION ALL "
    query += "SELECT session, amount FROM holds) GROUP BY session"
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as reader:
        return dict(reader.execute(query).fetchall())


def _named(point: str) -> str:
    call, _, what = point.partition(" ")
    return f"{call} {what if what in ('upstream', 'client') else Path(what).name}"
