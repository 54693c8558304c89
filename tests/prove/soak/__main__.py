"""Soaks a running bursar: `python -m tests.prove.soak [--requests N] [--streams 64,256] [--faults 0.1] [--leak MB]`.

Agents ask it as fast as it answers, so many at once, one phase after the other: Claude's messages in bodies of 3 KB
to 500 KB, streams and whole answers, token counts, local answers, OpenAI's dialect; one call in ten goes wrong, at
Claude's side, the agent's, on the wire or in the local model. Between the first two phases nobody listens where Claude
did. Its clock runs three hundred times as fast, and its jobs are done all the time. Told are memory, threads,
descriptors, disk, and whether ledger and bill agree; the exit code is 1 if anything grew or was lost.

First it is warmed up until what it remembers is full. The requests that count follow in rounds, each of one phase for
every number of agents. After each phase it rests and gives back what it does not need; what it still has then must not
grow, compared among phases of as many agents. With --leak it is given a leak of so many MB for ten thousand requests
whose spend is recorded, which has to be told.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.prove.soak.inside import MB
from tests.prove.soak.run import Run, Seen
from tests.prove.soak.verdict import faults, figures, tell

WARM = 60_000
"""Requests until all that it remembers is full, but for a few MB."""
ROUNDS = 5


def soak(
    home: Path,
    requests: int,
    streams: list[int],
    share: float,
    *,
    warm: int,
    rounds: int = ROUNDS,
    seed: int = 1,
    every_s: float = 1.0,
    longest_s: float = 3600.0,
    leak: int = 0,
) -> Seen:
    """Warm up, then share the requests out among the phases; `leak` bytes are lost with each request."""
    phases = [(warm // len(streams), agents) for agents in streams]
    phases += [(requests // (rounds * len(streams)), agents) for agents in streams] * rounds
    run = Run(home, faults=share, seed=seed, every_s=every_s, longest_s=longest_s, warm=len(streams), leak=leak)
    return run.run(phases)


def main() -> None:
    """Soak, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000, help="those that count")
    parser.add_argument("--warm", type=int, default=WARM, help="requests before them")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--streams", default="64,256", help="parallel agents, phase by phase")
    parser.add_argument("--faults", type=float, default=0.1, help="the share of calls that go wrong")
    parser.add_argument("--minutes", type=float, default=60.0, help="the longest it may take; it asks less then")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--leak", type=float, default=0.0, help="MB that it is to lose for ten thousand entries")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    streams = [int(number) for number in options.streams.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        seen = soak(
            Path(folder) / "home",
            options.requests,
            streams,
            options.faults,
            warm=options.warm,
            rounds=options.rounds,
            seed=options.seed,
            longest_s=60 * options.minutes,
            leak=round(options.leak * MB / 10_000),
        )
    wrong = faults(seen)
    if options.json:
        samples = [asdict(sample) for sample in seen.samples]
        print(json.dumps({**figures(seen), "faults": wrong, "samples": samples}, indent=1))
    else:
        tell(seen, wrong)
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
