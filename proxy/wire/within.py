"""Within: a limit of time that a process without CPU does not use up."""

from __future__ import annotations

import asyncio
from types import TracebackType

TICKS = 20


class Within:
    """`async with Within(seconds)` raises TimeoutError when they are over; entered once.

    They are counted in ticks, between any two of which the loop looks at its sockets: a process that was starved or
    stopped for all of that time must not take it for the silence of a server that has long answered.
    """

    def __init__(self, seconds: float) -> None:
        self._tick_s, self._left = seconds / TICKS, TICKS
        self._limit = asyncio.timeout(None)
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()
        self._tick()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer:
            self._timer.cancel()
        await self._limit.__aexit__(kind, error, trace)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        if self._left:
            self._left -= 1
            self._timer = loop.call_later(self._tick_s, self._tick)
        else:
            self._limit.reschedule(loop.time())
