"""Measure the classifier on labelled prompts: `python -m tests.bench.classify_eval PROMPTS.jsonl [--misses]`.

An answer is right if it is the label or an alternative. Dangerous: all acceptable tiers are L2 or L3 and the router
would go local. Wasteful: all are L0 or L1 and it would go to the cloud. A leak: only L3 is acceptable and it is not
taken for L3. `shipped` uses the weights as they are (fitted to these very prompts, if they are prompts_dev.jsonl);
`left out` fits the weights anew for each repository without it. The words looked for are the same in both.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from proxy.classify.model import Caution, Model, shipped
from proxy.classify.paths import Restricted, restricted_in_text
from proxy.classify.secrets import secret_in, secret_told
from proxy.classify.weigh import by_words
from proxy.task import Tier
from tests.bench.labelled import (
    Fitted,
    Prompt,
    by_repository,
    fitted,
    kind_weights,
    labelled,
    our_own,
    tier_weights,
    with_second_opinions,
)

CAUTIONS: tuple[Caution, ...] = ("strict", "balanced", "thrifty")
TIERS = tuple(Tier)


@dataclass(frozen=True)
class Answer:
    """What was said of a prompt."""

    prompt: Prompt
    tier: Tier
    kind: str
    confidence: float

    @property
    def right(self) -> bool:
        """Whether the tier is acceptable."""
        return self.tier in self.prompt.accepted

    @property
    def dangerous(self) -> bool:
        """Whether work for the cloud would go to a local model."""
        return min(self.prompt.accepted) >= Tier.L2 > self.tier

    @property
    def wasteful(self) -> bool:
        """Whether work for a local model would go to the cloud."""
        return max(self.prompt.accepted) < Tier.L2 <= self.tier

    @property
    def leak(self) -> bool:
        """Whether restricted work was not seen as such."""
        return self.prompt.accepted == {Tier.L3} and self.tier is not Tier.L3


def answer(prompt: Prompt, caution: Caution, model: Model) -> Answer:
    """Classify a prompt as the proxy does: secrets and restricted paths first, then words."""
    if secret_in(prompt.text) or secret_told(prompt.text) or restricted_in_text(prompt.text, Restricted()):
        return Answer(prompt, Tier.L3, by_words(prompt.text, prompt.before, caution, model).task_class.value, 1.0)
    task = by_words(prompt.text, prompt.before, caution, model)
    return Answer(prompt, task.tier, task.task_class.value, task.confidence)


def answers(prompts: Iterable[Prompt], caution: Caution, model: Model) -> list[Answer]:
    """Classify prompts by the weights of one model."""
    return [answer(prompt, caution, model) for prompt in prompts]


def models_left_out(rows: list[Fitted], ours: list[Fitted]) -> dict[str, Model]:
    """Fit a model for each repository from all others."""
    models: dict[str, Model] = {}

    def use(training: list[Fitted], left_out: list[Fitted]) -> None:
        models[left_out[0].prompt.repo] = Model.of(
            {
                "complex": tier_weights(training, Tier.L2),
                "more_than_safe": tier_weights(training, Tier.L1),
                "kinds": kind_weights(training),
                "complex_from": shipped().complex_from,
            }
        )

    by_repository(rows, ours, use)
    return models


def share(found: Sequence[Answer], test: Callable[[Answer], bool]) -> float:
    """Give the share of answers for which a test holds."""
    return sum(map(test, found)) / max(1, len(found))


def macro_f1(found: Sequence[Answer], *, lenient: bool = False) -> float:
    """Average the F1 of the four tiers; lenient takes an acceptable answer for the label."""
    pairs = [(a.tier if lenient and a.right else a.prompt.tier, a.tier) for a in found]
    scores = []
    for tier in TIERS:
        hits = sum(label is said is tier for label, said in pairs)
        total = sum(label is tier for label, _ in pairs) + sum(said is tier for _, said in pairs)
        scores.append(2 * hits / total if total else 0.0)
    return sum(scores) / len(scores)


def line(name: str, found: Sequence[Answer]) -> str:
    """Write one row of the table."""
    only_l3 = [a for a in found if a.prompt.accepted == {Tier.L3}]
    figures = (
        share(found, lambda a: a.tier is a.prompt.tier),
        share(found, lambda a: a.right),
        share(found, lambda a: a.kind in a.prompt.kinds),
        share(found, lambda a: a.dangerous),
        share(found, lambda a: a.wasteful),
        share(found, lambda a: a.tier is Tier.L3 and Tier.L3 not in a.prompt.accepted),
    )
    leaks = f"{sum(a.leak for a in only_l3)}/{len(only_l3)}"
    return (
        f"{name[:36]:36} {len(found):4}" + "".join(f"{f:8.1%}" for f in figures) + f" {macro_f1(found):6.2f}  {leaks}"
    )


def interval(found: Sequence[Answer], test: Callable[[Answer], bool], rounds: int = 1000) -> str:
    """Give the 95 % interval of a share when repositories are drawn anew, as they might have been others."""
    groups: dict[str, list[bool]] = {}
    for each in found:
        groups.setdefault(each.prompt.repo, []).append(test(each))
    chance, names, shares = random.Random(4), sorted(groups), []
    for _ in range(rounds):
        drawn = [verdict for name in chance.choices(names, k=len(names)) for verdict in groups[name]]
        shares.append(sum(drawn) / len(drawn))
    shares.sort()
    return f"{shares[int(rounds * 0.025)]:.1%} to {shares[int(rounds * 0.975)]:.1%}"


def baselines(prompts: Sequence[Prompt]) -> dict[str, list[Answer]]:
    """Answer as simple routers do, on the same prompts."""

    def by_length(prompt: Prompt) -> Tier:
        return Tier.L1 if len(prompt.text) / 4 < 100 else Tier.L2

    def as_answers(rule: Callable[[Prompt], Tier]) -> list[Answer]:
        return [Answer(prompt, rule(prompt), "", 0.0) for prompt in prompts]

    return {
        "baseline: all local": as_answers(lambda _: Tier.L1),
        "baseline: all cloud": as_answers(lambda _: Tier.L2),
        "baseline: under 100 tokens is local": as_answers(by_length),
    }


def report(prompts: list[Prompt], shipped_only: bool) -> list[Answer]:
    """Print the tables; gives the answers of the default setting that should be trusted most."""
    print(f"{'':36} {'n':>4}  strict   right    kind danger. wastef. falseL3    mF1  L3 leaks")
    for name, found in baselines(prompts).items():
        print(line(name, found))
    for caution in CAUTIONS:
        print(line(f"shipped, {caution}", answers(prompts, caution, shipped())))
    if shipped_only:
        return answers(prompts, "balanced", shipped())
    models = models_left_out(fitted(prompts), fitted(our_own()))
    for caution in CAUTIONS:
        print(line(f"left out, {caution}", [answer(p, caution, models[p.repo]) for p in prompts]))
    print("\nthe curve, left out: chance from which work is complex -> dangerous, wasteful")
    for at in (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6):
        moved = {repo: replace(model, complex_from={"balanced": at}) for repo, model in models.items()}
        found = [answer(p, "balanced", moved[p.repo]) for p in prompts]
        print(f"  {at:4.2f} -> {share(found, lambda a: a.dangerous):6.1%} {share(found, lambda a: a.wasteful):6.1%}")
    return [answer(p, "balanced", models[p.repo]) for p in prompts]


def details(found: list[Answer]) -> None:
    """Print what the balanced setting said: by repository, language, tier, confidence."""
    print()
    for attribute in ("repo", "language"):
        groups: dict[str, list[Answer]] = {}
        for each in found:
            groups.setdefault(getattr(each.prompt, attribute), []).append(each)
        for name, group in sorted(groups.items(), key=lambda item: -len(item[1])):
            print(line(f"  {attribute} {name}", group))
    print(f"\nby repositories drawn anew: dangerous {interval(found, lambda a: a.dangerous)}, ", end="")
    print(f"wasteful {interval(found, lambda a: a.wasteful)}; macro-F1 lenient {macro_f1(found, lenient=True):.2f}")
    print("\nlabel -> answer   " + "".join(f"{tier.name:>6}" for tier in TIERS))
    for label in TIERS:
        said = Counter(a.tier for a in found if a.prompt.tier is label)
        print(f"  {label.name:15} " + "".join(f"{said[tier]:6}" for tier in TIERS))
    print("\nconfidence -> right")
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        among = [a for a in found if low <= a.confidence < low + 0.2 or (low == 0.8 and a.confidence >= 1)]
        if among:
            sure = sum(a.confidence for a in among) / len(among)
            print(f"  {sure:4.2f} -> {share(among, lambda a: a.right):4.2f} of {len(among)}")


def main() -> None:
    """Read the file, classify, print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("prompts", type=Path)
    arguments.add_argument("--misses", action="store_true", help="list dangerous, wasteful and leaked prompts by id")
    arguments.add_argument("--shipped-only", action="store_true", help="do not fit weights anew for each repository")
    arguments.add_argument("--second-opinions", action="store_true", help="accept what second_opinions.txt accepts")
    chosen = arguments.parse_args()
    prompts = labelled(chosen.prompts)
    found = report(with_second_opinions(prompts) if chosen.second_opinions else prompts, chosen.shipped_only)
    details(found)
    for each in found if chosen.misses else ():
        wrong = [name for name in ("dangerous", "wasteful", "leak") if getattr(each, name)]
        if wrong:
            print(each.prompt.id, each.prompt.tier.name, "->", each.tier.name, *wrong)


if __name__ == "__main__":
    main()
