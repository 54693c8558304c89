"""What bursar adds, beside nothing at all, nginx and other proxies, in one run: `python -m tests.bench.run [--quick]`.

The programs take turns in a new order each round, and the table gives the medians. Rows with a `+` are less what the
same load takes without a proxy. CPU figures are the ones to trust on a busy machine: the upstream, the load and the
programs share its cores. `foreign CPU` is how many cores others kept busy meanwhile; compare runs where it is alike.

    --peers FOLDER   other proxies that tests.bench.peers_setup put there
    --quick          one short round, a small ledger in place of a million entries: about a minute without peers
    --json FILE      write every figure of every round
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.bench import process
from tests.bench.figures import Row
from tests.bench.machine import ends_when_told, machine
from tests.bench.million import million
from tests.bench.programs import Program, bursar, nginx, upstream
from tests.bench.proxies import peers
from tests.bench.scenarios import ABORTS, SCENARIOS, TRANSLATED, Around, Scenario
from tests.bench.still import WITH_TRAY, cold, idle, with_tray
from tests.bench.table import OURS, Table, written

QUICK = {"seconds": 0.5, "rounds": 1, "cold": 1, "idle": 3.0, "entries": 20_000}
MILLION = 1_000_000


def main() -> None:
    """Measure all programs and print the table."""
    options = _options()
    ends_when_told()
    with ExitStack() as stack, tempfile.TemporaryDirectory(prefix="bench") as name:
        folder = Path(name)
        base, pid = stack.enter_context(upstream())
        programs = [Program("direct", base), *([nginx(folder, base)] if shutil.which("nginx") else [])]
        programs += [bursar(folder, base), bursar(folder, base, local=True)]
        programs += peers(options.peers, folder, base) if options.peers else []
        for program in programs:
            stack.callback(program.stop)
        rows = measure(programs, Around(base, pid, options.seconds), folder, options)
    table = Table.of(rows, programs)
    print(written(table, options.entries))
    if options.json:
        options.json.write_text(json.dumps(_whole(table, rows, options), indent=1) + "\n", encoding="utf-8")


def measure(programs: list[Program], around: Around, folder: Path, options: argparse.Namespace) -> dict[str, list[Row]]:
    """Take every figure; gives the rows of each program by its name, one for each measurement.

    Another proxy that does not start is taken off the list.
    """
    rows: dict[str, list[Row]] = {program.name: [] for program in programs}

    def note(program: Program, row: Row) -> None:
        rows[program.name].append(row)

    for program in list(programs):
        _tell(f"starting {program.name}")
        try:
            note(program, cold(program, options.cold))
        except AssertionError as problem:
            if program.family == OURS:
                raise
            _tell(f"left out: {problem}")
            program.stop()
            programs.remove(program)
    _tell("watching them idle")
    with with_tray(folder, around.upstream) as shown:
        still = idle([*programs, *([shown] if shown else [])], options.idle)
    for program in programs:
        note(program, still.get(program.name, {}))
    rows["bursar"].append({f"{what}, with tray": figure for what, figure in still.get(WITH_TRAY, {}).items()})
    for number in range(options.rounds):
        _tell(f"round {number + 1} of {options.rounds}")
        for program, row in _round(programs, around):
            note(program, row)
    for program in programs:
        _tell(f"leaving {program.name}")
        for abort in {} if program.translates else ABORTS.values():
            note(program, abort(program, around))
        if program.pid:
            note(program, {"RSS after load": process.rss_mb(program.pid)})
        program.stop()
    if options.entries:
        _tell(f"{options.entries:,} entries")
        rows["bursar"].append(million(folder, options.entries))
    return rows


def _round(programs: Sequence[Program], around: Around) -> list[tuple[Program, Row]]:
    """Send each load through each program, in a new order."""
    found = []
    for name, load in SCENARIOS.items():
        for program in random.sample(programs, len(programs)):
            taken: Scenario | None = TRANSLATED.get(name) if program.translates else load
            if taken is not None:
                found.append((program, taken(program, around)))
    return found


def _whole(table: Table, rows: dict[str, list[Row]], options: argparse.Namespace) -> dict[str, Any]:
    taken = {name: getattr(options, name) for name in QUICK}
    return {"machine": machine(), "options": taken, "figures": table.figures, "rows": rows}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peers", type=Path, help="where the other proxies lie")
    parser.add_argument("--seconds", type=float, default=3, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cold", type=int, default=3, help="how often each is started from cold")
    parser.add_argument("--idle", type=float, default=60, help="seconds to watch them idle")
    parser.add_argument("--entries", type=int, default=MILLION, help="of the long ledger; 0 leaves it out")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.quick:
        for name, value in QUICK.items():
            setattr(options, name, value)
    return options


def _tell(what: str) -> None:
    print(f"# {what}", flush=True)


if __name__ == "__main__":
    main()
