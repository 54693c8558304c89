"""The running bursar that a fuzzer tries its inputs on, and what must be true of it after each few of them."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass

from tests.fuzz.run import Run
from tests.kit.bursar import COLUMNS, Bursar, Entry
from tests.kit.raw import Truncated, get

FAULT = re.compile(
    r"^(?!.* cost \$\S+, more than the ).*(?:Traceback| ERROR | CRITICAL |  File \"|could not be).*", re.M
)
"""A fault in the log; that an answer cost more than its hold is told as an error, too, and is none of ours."""
PATIENCE_S = 30.0


@dataclass
class Watch:
    """Looks at a bursar between inputs: is it alive, has it logged a fault, does it hold money."""

    bursar: Bursar
    run: Run
    _read: int = 0
    _printed: int = 0

    def look(self, number: int, data: bytes) -> None:
        """Note what is wrong by now; `data` stands for the inputs since the last look, the first of them `number`."""
        for fault in self._logged():
            self.run.wrong("traceback", number, fault[-3000:], data)
        if not self._answers():
            self.run.wrong("hang", number, "/health is not answered any more", data)
        elif held := self.held():
            self.run.wrong("hold", number, f"{held} holds are left", data)

    def held(self, seconds: float = PATIENCE_S) -> int:
        """Count the holds that stay open however long one waits."""
        end = time.monotonic() + seconds
        while (held := int(self.bursar.status()["open_holds"])) and time.monotonic() < end:
            time.sleep(0.02)
        return held

    def _answers(self) -> bool:
        try:
            return get(self.bursar.url, "/health").status == 200
        except (OSError, Truncated):
            return False

    def _logged(self) -> list[str]:
        """Give the faults that were logged or printed since the last look, each with the lines around it."""
        log = self.bursar.home / "bursar.log"
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        # A log that was rolled over begins again.
        new, self._read = text[self._read if self._read <= len(text) else 0 :], len(text)
        printed = self.bursar.output()
        new, self._printed = new + printed[self._printed :], len(printed)
        return [new] if FAULT.search(new) else []


@dataclass
class Tail:
    """Reads the ledger's entries as they come, each once."""

    bursar: Bursar
    _last: int = 0

    def new(self) -> list[Entry]:
        """Give the entries since the last time, oldest first."""
        with closing(sqlite3.connect(f"{self.bursar.database.as_uri()}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            rows = db.execute(f"SELECT {COLUMNS} FROM entries WHERE id > ? ORDER BY id", (self._last,)).fetchall()
        found = [Entry(**dict(row), raw_usage="") for row in rows]
        self._last = found[-1].id if found else self._last
        return found
