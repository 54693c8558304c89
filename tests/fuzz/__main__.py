"""Tries made-up inputs on bursar: `python -m tests.fuzz [--only NAME …] [--seconds N | --inputs N] [--seed S]`.

Prints a table of what was tried and what broke a promise, which has to be nothing; each input that did is printed, and
kept as a file with --save FOLDER. The exit code is 1 if there was one. `--only wire --seed 3 --first 417 --inputs 1`
tries one input again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.fuzz.fuzzers import FUZZERS
from tests.fuzz.run import KINDS, Run

SHOWN_BYTES = 2000
"""Of an input that broke a promise; --save keeps all of it."""
NAMES = "fuzzer", "inputs", "seconds", *KINDS


def main(arguments: list[str] | None = None) -> int:
    """Run the fuzzers that are asked for, one after another, and tell what they found."""
    options = _parser().parse_args(arguments)
    inputs = options.inputs if options.inputs or options.seconds else 1000
    runs = []
    for name in options.only or list(FUZZERS):
        with tempfile.TemporaryDirectory(prefix="bursar-fuzz-") as folder:
            run = Run(name, Path(folder), options.seed, inputs, options.seconds, options.first)
            FUZZERS[name](run)
        runs.append(run)
        _tell_ends(run)
    tell(runs)
    for run in runs:
        _tell_violations(run, options.save)
    return int(any(run.counts for run in runs))


def tell(runs: Iterable[Run]) -> None:
    """Print the table."""
    print("".join(f"{name:>11}" for name in NAMES))
    for run in runs:
        figures = [run.name, run.tried, f"{run.seconds_taken:.0f}", *(run.counts[kind] for kind in KINDS)]
        print("".join(f"{figure:>11}" for figure in figures))


def _tell_ends(run: Run) -> None:
    print(f"{run.name}: " + ", ".join(f"{end} {count}" for end, count in run.ends.most_common(40)), flush=True)


def _tell_violations(run: Run, folder: Path | None) -> None:
    for found in run.violations:
        print(f"{run.name} --seed {run.seed} --first {found.number}: {found.kind}: {found.why}")
        print(f"    {found.data[:SHOWN_BYTES]!r}")
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{run.name}-{run.seed}-{found.number}-{found.kind}.bin").write_bytes(found.data)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=FUZZERS, metavar="NAME", help=", ".join(FUZZERS))
    parser.add_argument("--inputs", type=int, help="inputs for each fuzzer; 1000 unless told")
    parser.add_argument("--seconds", type=float, help="time for each fuzzer")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first input")
    parser.add_argument("--save", type=Path, help="a folder for the inputs that broke a promise")
    return parser


if __name__ == "__main__":
    sys.exit(main())
