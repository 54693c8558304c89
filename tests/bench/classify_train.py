"""Learn the classifier's model into proxy/classify/weights.json: `python -m tests.bench.classify_train PROMPTS.jsonl`.

Learned from the labelled prompts of PROMPTS (texts of other people's repositories; only what was learned from them is
kept), from the fresh ones of our writers and from our own list. From which chance on work counts as complex is read
off prompts whose repository, or whose writer, was left out: where the share of dangerous answers is as below.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from proxy.classify import model
from tests.bench.classify_fit import learned
from tests.bench.classify_folds import Corpus, limit_for, out_of_fold

DANGEROUS = {"strict": 0.01, "balanced": 0.02, "thrifty": 0.035}
"""Share of prompts that are for the cloud by all who labelled them and would go to a local model."""


def main() -> None:
    """Read, learn, write."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("prompts", type=Path)
    corpus = Corpus.read(arguments.parse_args().prompts)
    found = learned(corpus.all())
    scored = [each for fold in out_of_fold(corpus) for each in fold.scored]
    found["complex_from"] = {name: limit_for(scored, share) for name, share in DANGEROUS.items()}
    path = Path(model.__file__).with_name("weights.json")
    path.write_text(json.dumps(found, indent=None, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{path.name}: {path.stat().st_size} bytes, {len(corpus.all())} prompts, {found['complex_from']}")


if __name__ == "__main__":
    main()
