"""Prints which test shows each fault and each attack: `python -m tests.faults [--json] [--run [ID …]]`.

With --run the tests of these ids, or of all, are run one id at a time, and each has its result.
"""

import argparse
import json
import re
import subprocess
import sys

from tests.faults.table import ROWS, Row
from tests.kit.fake_claude import ROOT


def main() -> None:
    """Print, or run and print; the exit code is 1 if a test failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--run", nargs="*", metavar="ID")
    options = parser.parse_args()
    rows = [row for row in ROWS if not options.run or row.id in options.run]
    results: list[str] = []
    told = []
    for row in rows:
        results.append(_run(row) if options.run is not None else "")
        told.append({**vars(row), "result": results[-1]})
        if not options.json:
            _print(row, results[-1])
    if options.json:
        print(json.dumps(told, ensure_ascii=False, indent=1))
    raise SystemExit("FAIL" in results)


def _print(row: Row, result: str) -> None:
    print(f"{row.id}  {f'{result}  ' if result else ''}{row.what} → {row.outcome}", flush=True)
    if not result:
        print("".join(f"       {test}\n" for test in row.tests), end="")


def _run(row: Row) -> str:
    """Run one row's tests but the long proofs; why a test was skipped is said."""
    tests = [test for test in row.tests if not test.startswith("tests/prove/")]
    command = [sys.executable, "-m", "pytest", "-q", "-rs", *tests]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        return "FAIL"
    reasons = re.findall(r"^SKIPPED .*?: (.*)$", done.stdout, re.M)
    return f"pass; cannot run here: {', '.join(sorted(set(reasons)))}" if reasons else "pass"


if __name__ == "__main__":
    main()
