"""What each local request costs: its share of the machine's time and joules while it ran, and so its dollars.

Time and energy are split evenly over the requests that run at once on one machine, moment by moment. This machine's
meter means nothing for a server on another one: that is modelled from the `[machine]` settings, and says so.
"""

from __future__ import annotations

import ipaddress
import logging
import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pricing.assumed import Figures, machine_of
from pricing.hardware import find_chip
from pricing.machine import LocalCost, Machine, Metered, Work, cost
from proxy.powermeter import Meter, Since

if TYPE_CHECKING:
    from proxy.translate.usage import Speed

HERE = ""
"""The name of this machine among those that run requests."""

# More time than passed, beyond this, is not a server's clock but a mistake.
SLACK = Fraction(11, 10)
SLACK_MS = 100
US_A_SECOND = 1_000_000

MOST_MACHINES = 64

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Split:
    """A sum of which everyone who is there gets an even share; what does not divide is kept for the next share."""

    each: int = 0
    rest: int = 0

    def add(self, amount: int, among: int) -> None:
        """Share an amount out."""
        share, self.rest = divmod(amount + self.rest, among)
        self.each += share


@dataclass(frozen=True, slots=True)
class Seen:
    """What everyone would have had of a machine, as of one moment."""

    time_us: int
    millijoules: int
    unmetered: int
    at_us: int


@dataclass(slots=True)
class Shares:
    """One machine: how many run now, and how much time and energy each would have had since the beginning."""

    running: int = 0
    time_us: Split = field(default_factory=Split)
    millijoules: Split = field(default_factory=Split)
    unmetered: int = 0
    at_us: int = 0
    reading: int | None = None
    sampling: Since | None = None

    def turn(self, now_us: int, reading: int | None) -> None:
        """Bring the shares up to now, before someone comes or goes."""
        if self.running:
            self.time_us.add(max(0, now_us - self.at_us), self.running)
            if reading is None or self.reading is None or reading < self.reading:
                self.unmetered += 1
            else:
                self.millijoules.add(reading - self.reading, self.running)
        self.at_us, self.reading = now_us, reading

    def seen(self) -> Seen:
        """Note how the shares stand."""
        return Seen(self.time_us.each, self.millijoules.each, self.unmetered, self.at_us)

    def leave(self) -> None:
        """Let one go."""
        self.running = max(0, self.running - 1)
        if not self.running:
            self.sampling = None


class LocalCosts:
    """Meters local requests; safe from any thread, never raises, and never makes a request wait for a driver."""

    def __init__(self, figures: Figures, meter: Meter, elapsed: Callable[[], float]) -> None:
        self._figures, self._meter, self._elapsed = figures, meter, elapsed
        self._machines: dict[str, Shares] = {}
        self._lock = threading.Lock()
        self._left: deque[str] = deque()
        self._spent: dict[str, LocalCost] = {}
        self._made: dict[tuple[Figures, tuple[str, ...], bool], Machine] = {}

    @property
    def meter(self) -> Meter:
        """The power meter, for who measures on their own."""
        return self._meter

    @property
    def machine(self) -> Machine:
        """This machine, as set and as found so far."""
        return self._machine(is_here=True)

    @property
    def spent(self) -> dict[str, LocalCost]:
        """What was spent since the start, by how its power is known: "metered" or "modelled"."""
        return dict(self._spent)

    def begin(self, base_url: str = "") -> Metering:
        """Begin to meter a request to the server at this address; without one, to a server on this machine."""
        try:
            return self._begin(machine_name(base_url))
        except Exception:  # noqa: BLE001 - what a request costs must never stop it
            _log.exception("metering a local request failed")
            return Metering(self, HERE, None)

    def facts(self) -> dict[str, Any]:
        """Tell what local costs are reckoned from, as plain JSON: dollars as exact text, watts as whole milliwatts."""
        machine = self.machine
        return {
            "meter": self._meter.source or None,
            "tried": list(self._meter.found.why),
            "chips": list(self._meter.found.chips),
            "provenance": replace(machine, power=self._meter.source or machine.power).provenance,
            "price_usd": machine.price.exact(),
            "residual_usd": machine.residual.exact(),
            "rent_per_hour_usd": None if machine.rent_per_hour is None else machine.rent_per_hour.exact(),
            "years": f"{float(machine.years):g}",
            "utilisation_percent": round(machine.utilisation * 100),
            "electricity_usd_per_kwh": machine.electricity.exact(),
            "prefill_milliwatts": round(machine.watts_prefill * 1000),
            "decode_milliwatts": round(machine.watts_decode * 1000),
            "idle_milliwatts": round(machine.watts_idle * 1000),
            "assumed": list(machine.assumed),
        }

    def _begin(self, where: str) -> Metering:
        if where == HERE:
            self._meter.look_aside()
        with self._lock:
            self._let_go()
            shares = self._of(where)
            if where == HERE and not shares.running:
                shares.sampling = self._meter.begin()
            shares.turn(self._now_us(), self._read(where))
            shares.running += 1
            return Metering(self, where, shares.seen())

    def _end(self, metering: Metering) -> tuple[Work, Metered | None]:
        """Take a request out, and give its share: `Work` as this clock saw it, and what was metered."""
        before = metering.before
        if before is None:
            return Work(), None
        with self._lock:
            self._let_go()
            shares = self._of(metering.where)
            shares.turn(self._now_us(), self._read(metering.where))
            running = shares.running
            shares.leave()
            now = shares.seen()
            is_metered = now.unmetered == before.unmetered and shares.reading is not None
        own_us, passed_us = now.time_us - before.time_us, now.at_us - before.at_us
        drawn = now.millijoules - before.millijoules
        share = Fraction(own_us, passed_us) if 0 < own_us <= passed_us else Fraction(1, max(1, running))
        seen = Work(Fraction(passed_us, 1000), 0, share, "our clock")
        metered = Metered(drawn, Fraction(own_us, 1000), self._meter.source) if is_metered and drawn >= 0 else None
        return seen, metered if metered and metered.source else None

    def _note(self, spent: LocalCost, *, is_metered: bool) -> None:
        kind = "metered" if is_metered else "modelled"
        with self._lock:
            before = self._spent.get(kind)
            both = (spent,) if before is None else (replace(before, provenance=kind), spent)
            total = LocalCost.total(both)
            if total is not None:
                self._spent[kind] = replace(total, provenance=kind)

    def _let_go(self) -> None:
        """Take out the requests whose end nobody told."""
        while self._left:
            where = self._left.popleft()
            shares = self._of(where)
            shares.turn(self._now_us(), self._read(where))
            shares.leave()

    def _of(self, where: str) -> Shares:
        if where not in self._machines and len(self._machines) >= MOST_MACHINES:
            self._machines = {name: shares for name, shares in self._machines.items() if shares.running}
        return self._machines.setdefault(where, Shares())

    def _read(self, where: str) -> int | None:
        return self._meter.read() if where == HERE else None

    def _now_us(self) -> int:
        return round(self._elapsed() * US_A_SECOND)

    def _machine(self, *, is_here: bool) -> Machine:
        names = self._meter.found.chips if is_here else ()
        key = (self._figures, names, is_here)
        if key not in self._made:
            self._made = {**dict(list(self._made.items())[-3:]), key: _made(*key)}
        return self._made[key]


class Metering:
    """One local request under way."""

    def __init__(self, costs: LocalCosts, where: str, before: Seen | None) -> None:
        self.where, self.before = where, before
        self._costs = costs
        self._ended = False

    def end(self, speed: Speed | None, elapsed_ms: int) -> LocalCost | None:
        """Say what it came to, once: a second time, and where nothing can be said, None.

        `speed` is what the server told of its own time; without it, all of `elapsed_ms` counts as reading, the dearer.
        """
        if self._ended:
            return None
        self._ended = True
        try:
            seen, metered = self._costs._end(self)
            work = _work(speed, elapsed_ms, seen)
            spent = cost(self._costs._machine(is_here=self.where == HERE), work, metered)
            self._costs._note(spent, is_metered=metered is not None)
            return spent
        except Exception:  # noqa: BLE001 - what a request costs must never stop it
            _log.exception("the cost of a local request cannot be told")
            return None

    def __del__(self) -> None:
        # A request whose end nobody told must not go on taking a share of all that come after it.
        if not self._ended and self.before is not None:
            # Only this, and no lock: it may run at any moment, in any thread.
            self._costs._left.append(self.where)


def machine_name(base_url: str) -> str:
    """Name the machine of a server: HERE for every address that can only be this one."""
    host = (urlsplit(base_url).hostname or "") if base_url else ""
    if not host or host == "localhost":
        return HERE
    try:
        return HERE if ipaddress.ip_address(host).is_loopback else host
    except ValueError:
        return host


def _work(speed: Speed | None, elapsed_ms: int, seen: Work) -> Work:
    """Take the server's own times where they can be true, else the time that passed here."""
    most = max(Fraction(elapsed_ms), Fraction(seen.prefill_ms)) * SLACK + SLACK_MS
    if speed is not None and math.isfinite(speed.prompt_ms) and math.isfinite(speed.output_ms):
        # Whole microseconds: a float must not come near the money.
        prefill, decode = (Fraction(round(ms * 1000), 1000) for ms in (speed.prompt_ms, speed.output_ms))
        if min(prefill, decode) >= 0 and prefill + decode <= most:
            return Work(prefill, decode, seen.batch_share, "the server")
        return Work(max(0, elapsed_ms), 0, seen.batch_share, "our clock, the server's times being impossible")
    return Work(max(0, elapsed_ms), 0, seen.batch_share, seen.timed_by or "our clock")


def _made(figures: Figures, names: tuple[str, ...], is_here: bool) -> Machine:
    asked = (figures.gpu,) if figures.gpu else names
    chips = tuple(chip for chip in map(find_chip, asked) if chip is not None)
    machine = machine_of(figures, chips if len(chips) == len(asked) else ())
    if is_here:
        return machine
    return replace(machine, power=f"a server on another machine, {machine.power}")
