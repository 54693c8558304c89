"""Apart: what the keeper does on an agent's request stays apart from the request, whatever goes wrong in it."""

from __future__ import annotations

import logging
from types import TracebackType

_log = logging.getLogger(__name__)


class Apart:
    """A context that lets no fault out, and logs the first one; any number of threads at a time."""

    def __init__(self) -> None:
        self._has_told = False

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """End, with the fault taken in where it is one of the program's own."""
        if not isinstance(fault, Exception):
            return False
        if not self._has_told:
            self._has_told = True
            _log.error("the cache keeper failed beside a request, which went on without it", exc_info=fault)
        return True
