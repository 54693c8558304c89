"""Answers of a local server, mangled on the wire, through the whole proxy: see tests/prove/local_fuzz.py.

An input is one mangled answer; after each, a good one has to come through as it is. The first half of a batch is tried
in local mode, the other in auto mode. What is printed names the seed with which local_fuzz makes the same answer again.
"""

from __future__ import annotations

from itertools import groupby

from tests.fuzz.run import Kind, Run
from tests.prove.local_fuzz import Tally
from tests.prove.local_fuzz import fuzz as mangle

BATCH = 100


def fuzz(run: Run) -> None:
    """Try the run's answers."""
    for number, batch in groupby(run.cases(), key=lambda case: case[0] // BATCH * BATCH):
        cases = len(list(batch))
        first = run.seed * 10**7 + max(number, run.first)
        _note(run, number, mangle(cases, run.folder / str(number), first=first))


def _note(run: Run, number: int, tally: Tally) -> None:
    run.ends.update(tally.ends)
    found: tuple[tuple[Kind, list[str]], ...] = (
        ("hang", tally.hung),
        ("traceback", tally.logged),
        ("wrong", [*tally.clean_without_end, *tally.next_wrong]),
        ("wrong", ["the ledger is not Claude's bill"] if tally.unequal_books else []),
        ("hold", [f"{tally.open_holds} holds are left"] if tally.open_holds else []),
    )
    for kind, faults in found:
        for why in faults:
            run.wrong(kind, number, why, b"")
