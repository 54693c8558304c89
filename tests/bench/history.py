"""How fast logs are imported: `python -m tests.bench.history [--mb 1024]`.

The logs are made of days of traffic; each tool's result is 8 KB of code, each attachment 12 KB that say nothing, as in
real ones. One copy of all of it is read as it would be on import, words and secrets weighed, and thrown away.

What it said on 2026-11-21, on two busy cores: 1,027 MB of lines repeated from a real session, 37,212 requests in 15,948
turns, 24 s of one processor, 67 MB of memory at most; a second import of the same takes as long, and adds nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from budget.history import Reader, logs_in
from budget.historybooks import Gathered, whole
from pricing.table import PriceTable
from proxy.classify import Classifier
from proxy.replay.past import PastTaking
from tests.kit import traffic
from tests.kit.claude_logs import Logs

CODE = Path(traffic.__file__).read_text(encoding="utf-8")
RESULT, ATTACHED = 8_000, 12_000


def fill(folder: Path, megabytes: int) -> None:
    """Write logs until there are so many megabytes."""
    number, size = 0, 0
    while size < megabytes << 20:
        logs = Logs(folder, datetime(2026, 11, 1, tzinfo=UTC))
        logs.write([replace(call, session=f"{number}{call.session}") for call in traffic.generate(number, 50)])
        for path in logs.folder.rglob("*.jsonl"):
            if path.name.startswith(f"{number}s") or path.parent.parent.name.startswith(f"{number}s"):
                size += _swell(path)
        number += 1


def _swell(path: Path) -> int:
    """Give results and attachments of a log their usual size."""
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        if line["type"] == "attachment":
            line["rendered"] = "x" * ATTACHED
        elif line["type"] == "user" and isinstance(line["message"]["content"], list):
            at = random.randrange(len(CODE) - RESULT // 2)
            line["message"]["content"][0]["content"] = (CODE[at:] + CODE)[:RESULT]
        lines.append(json.dumps(line) + "\n")
    path.write_text("".join(lines), encoding="utf-8")
    return path.stat().st_size


def main() -> None:
    """Make logs, read them, and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--mb", type=int, default=1024)
    chosen = arguments.parse_args()
    classifier = Classifier()
    with tempfile.TemporaryDirectory() as name, Gathered() as gathered:
        fill(Path(name), chosen.mb)
        reader = Reader(PriceTable.load(), ZoneInfo("UTC"), lambda: PastTaking(classifier))
        began, cpu = time.perf_counter(), time.process_time()
        for path in logs_in(Path(name)):
            gathered.add(reader.read(path))
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        found = whole(gathered.connection)
    mb = reader.skipped.bytes / 2**20
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{mb:,.0f} MB, {found['requests']:,} requests in {found['turns']:,} turns")
    print(f"{seconds:.1f} s ({cpu:.1f} s of a processor): {mb / seconds:.0f} MB/s; {memory:.0f} MB of memory at most")


if __name__ == "__main__":
    main()
