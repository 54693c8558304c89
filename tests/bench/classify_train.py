"""Fit the classifier's weights into proxy/classify/weights.json: `python -m tests.bench.classify_train PROMPTS.jsonl`.

Trained on the labelled prompts of PROMPTS (texts of other people's repositories; only weights learned from them are
kept) and on our own ones. The chances from which work counts as complex are not fitted but read off the curve of
prompts whose repository was left out: where the share of dangerous ones is as below.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from proxy.classify import model
from proxy.classify.model import chance, score, with_before
from proxy.classify.plain import plain
from proxy.classify.restricted_words import restricted_words
from proxy.task import Tier
from tests.bench.labelled import Fitted, by_repository, compact, fitted, kind_weights, labelled, our_own, tier_weights

WANTED = {"strict": 0.035, "balanced": 0.065, "thrifty": 0.09}
"""Share of dangerous answers among all prompts of repositories left out, one label each counting as right.

Where a second label is accepted, these are about a third of it: many prompts stand on the line between L1 and L2.
"""


def main() -> None:
    """Read, fit, write."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("prompts", type=Path)
    rows, ours = fitted(labelled(arguments.parse_args().prompts)), fitted(our_own())
    weights = {
        "complex": compact(tier_weights(rows + ours, Tier.L2), least=0.02),
        "more_than_safe": compact(tier_weights(rows + ours, Tier.L1), least=0.02),
        "kinds": {name: compact(each, least=0.4, digits=1) for name, each in kind_weights(rows + ours).items()},
        "complex_from": thresholds(rows, ours),
    }
    path = Path(model.__file__).with_name("weights.json")
    path.write_text(json.dumps(weights, indent=None, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{path.name}: {path.stat().st_size} bytes, {len(rows)} + {len(ours)} prompts, {weights['complex_from']}")


def thresholds(rows: list[Fitted], ours: list[Fitted]) -> dict[str, float]:
    """Read the chances off the curve of prompts whose repository was left out."""
    scored: list[tuple[float, Tier]] = []

    def use(training: list[Fitted], left_out: list[Fitted]) -> None:
        found = tier_weights(training, Tier.L2)
        for row in left_out:
            sure = restricted_words(plain(row.prompt.text).low) is not None
            log_odds = score(found, with_before(row.traits, row.before, row.size, found))
            scored.append((1.0 if sure else chance(log_odds), row.prompt.tier))

    by_repository(rows, ours, use)
    complex_ones = sorted(odds for odds, tier in scored if tier >= Tier.L2)
    return {name: round(complex_ones[int(share * len(scored))], 3) for name, share in WANTED.items()}


if __name__ == "__main__":
    main()
