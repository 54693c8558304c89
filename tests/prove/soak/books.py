"""Books: the ledger beside Claude's bill, request by request where both name it, else session by session."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.kit.bursar import PICOS, Entry


@dataclass
class Compared:
    """What the comparison found; the three lists must be empty."""

    entries: int = 0
    lines: int = 0
    charged: int = 0
    billed: int = 0
    exact: int = 0
    """Answers that came through whole, and were charged to the picodollar."""
    below: list[str] = field(default_factory=list)
    """Requests or sessions that were charged less than billed."""
    unlike: list[str] = field(default_factory=list)
    """Whole answers that were not charged as billed."""
    unknown: list[str] = field(default_factory=list)
    """Billed requests of sessions that the ledger knows nothing of."""

    @property
    def over(self) -> str:
        """Say how far the ledger lies above the bill: what is unknown of broken answers is charged as the most."""
        return f"{(self.charged - self.billed) / (self.billed or 1):.2%}"

    def __str__(self) -> str:
        sums = f"charged ${self.charged / PICOS:.4f}, billed ${self.billed / PICOS:.4f} ({self.over} above)"
        return f"{self.entries} entries, {self.lines} lines of the bill; {sums}; {self.exact} answers exact"


def compare(entries: Sequence[Entry], bill: Sequence[dict[str, Any]], whole: Collection[str]) -> Compared:
    """Compare; `whole` are Claude's ids of the answers that came through whole."""
    charged, by_session = Counter[str](), Counter[str]()
    for entry in entries:
        if not entry.is_local:
            charged[entry.upstream_id] += entry.charged
            by_session[entry.session] += entry.charged
    found = Compared(len(entries), len(bill), sum(by_session.values()), sum(line["picos"] for line in bill))
    billed = Counter[str]()
    for line in bill:
        billed[line["session"]] += line["picos"]
        _compare_line(found, line, charged, by_session, whole)
    for session, picos in billed.items():
        if session and picos > by_session[session]:
            found.below.append(f"session {session}: {by_session[session]} < {picos}")
    return found


def _compare_line(
    found: Compared, line: dict[str, Any], charged: Counter[str], sessions: Counter[str], whole: Collection[str]
) -> None:
    name, picos = line["request_id"], line["picos"]
    if not name or name not in charged:
        if line["session"] and line["session"] not in sessions:
            found.unknown.append(f"{line['session']} {name}")
        return
    if charged[name] < picos:
        found.below.append(f"{name}: {charged[name]} < {picos}")
    if name in whole:
        found.exact += charged[name] == picos
        if charged[name] != picos:
            found.unlike.append(f"{name}: {charged[name]} for {picos}")
