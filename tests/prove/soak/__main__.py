"""Soaks a running bursar: `python -m tests.prove.soak [--requests N] [--streams 64,256] [--faults 0.1] [--json]`.

Agents ask it as fast as it answers, so many at once, one phase after the other: Claude's messages in bodies of 3 KB
to 500 KB, streams and whole answers, token counts, local answers, OpenAI's dialect; one call in ten goes wrong, at
Claude's side, the agent's, on the wire or in the local model. Between the first two phases nobody listens where Claude
did. Its clock runs three hundred times as fast, and its jobs are done all the time. Told are memory, threads,
descriptors, disk, and whether ledger and bill agree; the exit code is 1 if anything grew or was lost.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.prove.soak.run import Run, Seen
from tests.prove.soak.verdict import faults, figures, tell

WARM = 0.3
"""Of the requests come before the first phase that counts, by as many agents: until all that it remembers is full."""


def soak(
    home: Path,
    requests: int,
    streams: list[int],
    share: float,
    *,
    seed: int = 1,
    every_s: float = 1.0,
    longest_s: float = 3600.0,
) -> Seen:
    """Warm up, then share the requests out among the phases."""
    each = int(requests * (1 - WARM)) // len(streams)
    phases = [(requests - each * len(streams), streams[0]), *((each, agents) for agents in streams)]
    return Run(home, faults=share, seed=seed, every_s=every_s, longest_s=longest_s).run(phases)


def main() -> None:
    """Soak, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--streams", default="64,256", help="parallel agents, phase by phase")
    parser.add_argument("--faults", type=float, default=0.1, help="the share of calls that go wrong")
    parser.add_argument("--minutes", type=float, default=60.0, help="the longest it may take; it asks less then")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    streams = [int(number) for number in options.streams.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        home, longest_s = Path(folder) / "home", 60 * options.minutes
        seen = soak(home, options.requests, streams, options.faults, seed=options.seed, longest_s=longest_s)
    wrong = faults(seen)
    if options.json:
        samples = [asdict(sample) for sample in seen.samples]
        print(json.dumps({**figures(seen), "faults": wrong, "samples": samples}, indent=1))
    else:
        tell(seen, wrong)
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
