"""The power meter in use: found without making anyone wait, asked in time, and given up when it is too slow."""

from __future__ import annotations

import threading
from collections.abc import Callable
from weakref import WeakSet

from pricing.power import Found, PowerReader

# A reading may hold up a request's end, so a meter that takes this long is not worth it.
SLOW_S = 0.008
FAR_TOO_SLOW_S = 0.1
SLOW_READINGS = 3

SAMPLE_EVERY_S = 0.1
LOOK_AGAIN_S = 300.0
LOOK_AGAIN_ASLEEP_S = 10.0


class Since:
    """The beginning of a stretch of time that is metered; while it is kept, watts are summed up."""

    __slots__ = ("__weakref__", "millijoules")

    def __init__(self, millijoules: int | None) -> None:
        self.millijoules = millijoules


class Meter:
    """Reads this machine's energy; safe from any thread, and never raises. Until one is found it knows nothing."""

    def __init__(self, find: Callable[[], Found], elapsed: Callable[[], float]) -> None:
        self._find, self._elapsed = find, elapsed
        self._found = Found(why=("nobody looked for a power meter yet",))
        self._reader: PowerReader | None = None
        self._reading = threading.Lock()
        self._changing = threading.Lock()
        self._look_at_s = float("-inf")
        self._slow = 0
        self._users: WeakSet[Since] = WeakSet()
        self._samples = False

    @property
    def found(self) -> Found:
        """What was found when somebody last looked, with what has been given up since."""
        return self._found

    @property
    def source(self) -> str:
        """The meter's name; "" without one."""
        reader = self._reader
        return reader.source if reader is not None else ""

    def look(self) -> None:
        """Look for a meter and wait for it, for as long as a driver takes to start."""
        found = self._find()
        with self._changing:
            self._found, self._reader, self._slow = found, found.reader, 0
            self._look_at_s = self._elapsed() + (LOOK_AGAIN_ASLEEP_S if found.is_asleep else LOOK_AGAIN_S)

    def look_aside(self) -> None:
        """Look for a meter in a thread of its own, if there is none and the last look was some time ago."""
        with self._changing:
            if self._reader is not None or self._elapsed() < self._look_at_s:
                return
            self._look_at_s = float("inf")
        threading.Thread(target=self.look, name="power meter", daemon=True).start()

    def read(self) -> int | None:
        """Count the millijoules so far; None if nothing can tell."""
        with self._reading:
            reader = self._reader
            if reader is None:
                return None
            began = self._elapsed()
            value = reader.millijoules()
            self._judge(reader, self._elapsed() - began)
            return value

    def begin(self) -> Since:
        """Begin a stretch of time; drop what is returned when it is over."""
        since = Since(self.read())
        self._users.add(since)
        reader = self._reader
        if reader is not None and not reader.is_counter:
            self._sample()
        return since

    def joules(self, since: object) -> float | None:
        """Tell the joules since then; None if that cannot be told. For people to read: a cost is made of `read`."""
        now = self.read()
        if not isinstance(since, Since) or since.millijoules is None or now is None:
            return None
        return (now - since.millijoules) / 1000

    def _judge(self, reader: PowerReader, took_s: float) -> None:
        """Give a meter up that keeps us waiting."""
        self._slow = self._slow + 1 if took_s > SLOW_S else 0
        if self._slow < SLOW_READINGS and took_s <= FAR_TOO_SLOW_S:
            return
        why = f"{reader.source}: too slow ({took_s * 1000:.0f} ms)"
        with self._changing:
            self._found = Found(None, self._found.chips, (*self._found.why[-3:], why))
            self._reader, self._look_at_s = None, self._elapsed() + LOOK_AGAIN_S

    def _sample(self) -> None:
        with self._changing:
            if self._samples:
                return
            self._samples = True
        threading.Thread(target=self._keep_sampling, name="power samples", daemon=True).start()

    def _keep_sampling(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(SAMPLE_EVERY_S)
            with self._changing:
                if not self._users or self._reader is None:
                    self._samples = False
                    return
            self.read()
