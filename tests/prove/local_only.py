"""Restricted sessions at the socket, by chance: `python -m tests.prove.local_only [--sequences N] [--first SEED]`.

In each sequence a session works with a bursar that is set to `restricted = "local-only"`, becomes restricted in one of
a dozen ways, and goes on – while modes, money and hours change, the local server fails, dies and returns, and bursar is
restarted. From then on not one byte of it may reach Claude. With `--policy claude-only` the same is played the other
way round: nothing of it may reach the local server. `--forgetful` plays with a bursar that remembers no restriction:
the leaks must then be found.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.kit.fake_claude import FakeClaude
from tests.prove.restricted.scene import Scene, Tally
from tests.prove.restricted.world import Policy, World


def prove(
    sequences: int,
    folder: Path,
    fake: FakeClaude,
    *,
    policy: Policy = "local-only",
    first: int = 0,
    verbose: bool = False,
    forgets: bool = False,
) -> Tally:
    """Play so many sequences."""
    tally = Tally()
    for seed in range(first, first + sequences):
        began = time.monotonic()
        fake.reset()
        with World(random.Random(f"{policy} {seed}"), fake, folder / str(seed), policy, forgets=forgets) as world:
            _play(Scene(seed, world, tally))
        if verbose:
            print(f"{seed}: {time.monotonic() - began:.2f} s, {len(tally.leaks)} leaks", flush=True)
    return tally


def _play(scene: Scene) -> None:
    chance, world, tally = scene.chance, scene.world, scene.tally
    for _ in range(chance.randint(0, 3)):
        scene.step()
    scene.become_restricted()
    for _ in range(chance.randint(4, 8)):
        if chance.random() < 0.5:
            event = world.happens()
            tally.events[event] += 1
            scene.told.append(f"[{event}]")
        scene.step()
        if chance.random() < 0.2:
            scene.someone_else()
    tally.sequences += 1
    tally.restarts += world.restarts


def tell(tally: Tally) -> None:
    """Print the figures."""
    print(f"{tally.sequences} sequences, {tally.requests} requests, {tally.restarts} restarts")
    for title, counts in (
        ("did", tally.kinds), ("happened", tally.events), ("restricted requests ended", tally.ends),
        ("others went to", tally.plain),
    ):  # fmt: skip
        print(f"  {title}: " + ", ".join(f"{what} {number}" for what, number in counts.most_common()))
    print(f"  leaks: {len(tally.leaks)}; other faults: {len(tally.faults)}")
    for found in [*tally.leaks[:20], *tally.faults[:20]]:
        print("  FOUND", found)


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--policy", choices=["local-only", "claude-only"], default="local-only")
    parser.add_argument("--forgetful", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, FakeClaude() as fake:
        tally = prove(
            *(options.sequences, Path(folder), fake),
            policy=options.policy, first=options.first, verbose=options.verbose, forgets=options.forgetful,
        )  # fmt: skip
    tell(tally)
    sys.exit(bool(tally.leaks or tally.faults))


if __name__ == "__main__":
    main()
