"""Other ways to route, on the same prompts and by the same scoring as ours.

`python -m tests.bench.baselines PROMPTS.jsonl… [--litellm PYTHON] [--ccr CLI.JS] [--node NODE]`

What each one says is mapped to tiers like this:

- token thresholds: below 100 tokens (four characters each) L0, so local; from 100 on L2, so Claude. Above 3,000 it is
  Claude as well; ROUTING.md's figures (wasteful 4.4 %) can only come about if the middle goes there too.
- claude-code-router: the real program (npm: @musistudio/claude-code-router) is started with two providers; what it
  sends to the one of its `default` and `background` routes is L1, so local, to that of `think`, `longContext` and
  `webSearch` L2, so Claude. It is asked of each prompt alone, without thinking: it looks at the request's form only.
- LiteLLM's complexity router: the real class (pip: litellm), asked of the prompt by its own defaults; SIMPLE is L0,
  MEDIUM L1, COMPLEX and REASONING L2.
- keyword rules: keywords.py.

None but the keywords knows of restricted work. The columns are those of classify_eval; `L3 local` counts prompts
for which only L3 is acceptable and that a local model would get: what ROUTING.md calls a leak. Its figures, on other
prompts, are: thresholds dangerous 18.2 %, wasteful 4.4 %, L3 leaked 81 %; claude-code-router 27.2 %, 0, 97 %; LiteLLM
24.6 %, 2.4 %, 96 %; keyword rules (others than these) 3.9 %, 7.6 %, 6.4 %.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from proxy.task import Tier
from tests.bench.classify_eval import Answer, line
from tests.bench.confusion import said_of
from tests.bench.keywords import by_keywords
from tests.bench.labelled import Prompt, labelled
from tests.bench.peers import ccr_says, litellm_says

LITELLM = {"SIMPLE": Tier.L0, "MEDIUM": Tier.L1, "COMPLEX": Tier.L2, "REASONING": Tier.L2}
CCR = {"local": Tier.L1, "cloud": Tier.L2}
FEW_TOKENS = 100


def by_length(text: str) -> Tier:
    """Take a short text for safe and any other for complex."""
    return Tier.L0 if len(text) / 4 < FEW_TOKENS else Tier.L2


def as_answers(prompts: Sequence[Prompt], tiers: Iterable[Tier]) -> list[Answer]:
    """Pair prompts with what was said of them."""
    return [Answer(prompt, tier, "", 0.0) for prompt, tier in zip(prompts, tiers, strict=True)]


def told(name: str, found: Sequence[Answer]) -> str:
    """Write one row: classify_eval's, and how many restricted prompts a local model gets."""
    restricted = [answer for answer in found if answer.prompt.accepted == {Tier.L3}]
    local = sum(answer.tier < Tier.L2 for answer in restricted)
    return f"{line(name, found)}   L3 local {local}/{len(restricted)}"


def main() -> None:
    """Ask every router that is there, and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("prompts", type=Path, nargs="+")
    arguments.add_argument("--litellm", type=Path, help="a Python interpreter that has litellm installed")
    arguments.add_argument("--ccr", type=Path, help="claude-code-router's dist/cli.js")
    arguments.add_argument("--node", default="node")
    arguments.add_argument("--fresh", action="store_true", help="the shipped weights have never seen the prompts")
    chosen = arguments.parse_args()
    prompts = [prompt for path in chosen.prompts for prompt in labelled(path)]
    texts = [prompt.text for prompt in prompts]
    print(f"{'':36} {'n':>4}  strict   right    kind danger. wastef. falseL3    mF1  L3 leaks")
    print(told("token thresholds", as_answers(prompts, map(by_length, texts))))
    if chosen.ccr:
        said = ccr_says(chosen.ccr, texts, chosen.node)
        print(told("claude-code-router", as_answers(prompts, (CCR[place] for place in said))))
    if chosen.litellm:
        tiers = litellm_says(chosen.litellm, texts)
        print(told("LiteLLM complexity router", as_answers(prompts, (LITELLM[tier] for tier in tiers))))
    print(told("keyword rules", as_answers(prompts, map(by_keywords, texts))))
    for caution, answers in said_of(prompts, fresh=chosen.fresh).items():
        print(told(f"bursar, {caution}", answers))
    for name, option in (("claude-code-router", chosen.ccr), ("LiteLLM", chosen.litellm)):
        if not option:
            print(f"{name} was not asked: it is not installed, or nobody said where (see --help)")


if __name__ == "__main__":
    main()
