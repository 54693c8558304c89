"""Reports: each week's, made when the week is over and kept as files."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from budget.archive import Archive
from budget.clock import Clock
from budget.ledger import Ledger
from budget.weekly import Report, report
from budget.words import SIMULATED
from proxy.reportjson import report_json

LOOK_BACK = 8
"""How many weeks before the one asked for are made as well, if that was missed."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Keeper:
    """Makes reports of one ledger and keeps them; `simulated` is a file that lies where everything is made up."""

    archive: Archive
    ledger: Ledger
    clock: Clock
    zone: Callable[[], ZoneInfo]
    simulated: Path

    def keep(self, since: date) -> bool:
        """Make and keep the report of a week, and those before it that were missed; False if nothing was asked.

        Raises OSError, sqlite3.Error.
        """
        for back in range(LOOK_BACK, 0, -1):
            missed = self._made(since - timedelta(weeks=back))
            if not missed.is_empty and self.archive.made(missed.name) is None:
                self._write(missed)
        made = self._made(since)
        if made.is_empty:
            return False
        self._write(made)
        return True

    def _made(self, since: date) -> Report:
        return report(self.ledger.file, since, now=self.clock(), zone=self.zone())

    def _write(self, made: Report) -> None:
        from proxy.dashboard.reportfile import standalone

        made_up = self.simulated.exists()
        page = standalone(made, SIMULATED if made_up else "")
        data = json.dumps(report_json(made, simulated=made_up), indent=1, ensure_ascii=False)
        self.archive.keep(made.name, {"html": page.encode(), "json": data.encode()})
        log.info("the report of %s is made", made.name)
