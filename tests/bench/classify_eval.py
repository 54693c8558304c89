"""Measure the classifier on labelled prompts: `python -m tests.bench.classify_eval PROMPTS.jsonl [--misses]`.

Accepted is the label of the file and any tier that both of our blind labellers accept, who saw neither that label nor
each other's, nor what the classifier says (tests/bench/prompts/blind_*.jsonl); `strict` counts the label alone,
and the rows `either accepts` every tier that the label or one of the two accepts.
Dangerous: all accepted tiers are L2 or L3 and the router would go local. Wasteful: all are L0 or L1 and it would go to
the cloud. A leak: only L3 is accepted and it is not taken for L3.

`left out` learns a model anew for each repository, for five folds of whole repositories, and for each writer of fresh
prompts, without it; from which chance on work counts as complex is read off the other groups that were left out.
`shipped` is the file as it is, learned from these very prompts. The words that are looked for are the same in all.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from proxy.classify.model import Caution, Model, shipped
from proxy.classify.weigh import by_words
from proxy.task import Tier
from tests.bench.classify_folds import Corpus, Fold, by_folds, is_hard, limit_for, out_of_fold
from tests.bench.classify_train import DANGEROUS
from tests.bench.labelled import Prompt, labelled, tiers_of_either, with_blind_labels

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
    task = by_words(prompt.text, prompt.before, caution, model)
    tier, sure = (Tier.L3, 1.0) if is_hard(prompt.text) else (task.tier, task.confidence)
    return Answer(prompt, tier, task.task_class.value, sure)


def answers(prompts: Iterable[Prompt], caution: Caution, model: Model) -> list[Answer]:
    """Classify prompts by what one model learned."""
    return [answer(prompt, caution, model) for prompt in prompts]


def left_out(folds: Sequence[Fold], others: Sequence[Fold], caution: Caution) -> list[Answer]:
    """Answer for prompts by models that never saw their group, with limits read off the other groups."""
    found = []
    for fold in folds:
        ids = {row.prompt.id for row in fold.left_out}
        scored = [each for other in others for each in other.scored if each.prompt.id not in ids]
        limits = {**fold.model.complex_from, caution: limit_for(scored, DANGEROUS[caution])}
        model = replace(fold.model, complex_from=limits)
        found += answers((row.prompt for row in fold.left_out), caution, model)
    return found


def generously(found: Sequence[Answer]) -> list[Answer]:
    """Accept what the label or either of the blind labellers accepts."""
    return [replace(each, prompt=replace(each.prompt, accepted=tiers_of_either(each.prompt))) for each in found]


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
        f"{name[:36]:36} {len(found):4}"
        + "".join(f"{f:8.1%}" for f in figures)
        + f" {macro_f1(found):6.2f}  {macro_f1(found, lenient=True):6.2f}  {leaks}"
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


def tables(corpus: Corpus) -> list[Answer]:
    """Print the tables; gives the answers of the default setting for the real prompts, each repository left out."""
    real = [row.prompt for row in corpus.real]
    heading()
    for name, found in baselines(real).items():
        print(line(name, found))
    shipped_lines(real)
    groups = out_of_fold(corpus)
    written = [fold for fold in groups if fold.name in corpus.written]
    repositories = [fold for fold in groups if fold.name not in corpus.written]
    folds = out_of_fold(corpus, by_folds(corpus.real))
    trusted = left_out(repositories, groups, "balanced")
    for caution in CAUTIONS:
        print(line(f"repository left out, {caution}", left_out(repositories, groups, caution)))
    for caution in CAUTIONS:
        print(line(f"five folds, {caution}", left_out(folds, groups, caution)))
    for caution in CAUTIONS:
        print(line(f"either accepts, {caution}", generously(left_out(repositories, groups, caution))))
    curve(repositories)
    doubts(groups)
    for fold in written:
        print()
        heading()
        for name, found in baselines([row.prompt for row in fold.left_out]).items():
            print(line(name, found))
        for caution in CAUTIONS:
            print(line(f"writer {fold.name} left out, {caution}", left_out([fold], groups, caution)))
        by_attribute("language", left_out([fold], groups, "balanced"))
    print()
    return trusted


def heading() -> None:
    """Print the heads of the columns."""
    print(f"{'':36} {'n':>4}  strict   right    kind danger. wastef. falseL3    mF1   lenF1  L3 leaks")


def shipped_lines(prompts: list[Prompt]) -> None:
    """Print what the shipped model says of prompts."""
    for caution in CAUTIONS:
        print(line(f"shipped, {caution}", answers(prompts, caution, shipped())))


def curve(folds: Sequence[Fold]) -> None:
    """Print what moving the limit would do to prompts that were left out."""
    print("\nthe curve, left out: chance from which work is complex -> dangerous, wasteful")
    for at in (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6):
        found = []
        for fold in folds:
            moved = replace(fold.model, complex_from={"balanced": at})
            found += answers((row.prompt for row in fold.left_out), "balanced", moved)
        print(f"  {at:4.2f} -> {share(found, lambda a: a.dangerous):6.1%} {share(found, lambda a: a.wasteful):6.1%}")


def doubts(folds: Sequence[Fold]) -> None:
    """Print what the chances of left-out groups are worth: turns of little doubt may make more calls (inloop.py)."""
    print("\nleft out, all groups: chance from which work is complex -> prompts, for the cloud, for a local model")
    edges = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 1.01)
    for low, high in pairwise(edges):
        within = [each.prompt for fold in folds for each in fold.scored if low <= each.chance < high]
        must = sum(min(prompt.accepted) >= Tier.L2 for prompt in within)
        may = sum(max(prompt.accepted) < Tier.L2 for prompt in within)
        print(f"  {low:.2f} -> {len(within):5} {must:5} {may:5}")


def by_attribute(attribute: str, found: Sequence[Answer]) -> None:
    """Print a line for each repository, or for each language."""
    groups: dict[str, list[Answer]] = {}
    for each in found:
        groups.setdefault(getattr(each.prompt, attribute), []).append(each)
    for name, group in sorted(groups.items(), key=lambda item: -len(item[1])):
        print(line(f"  {attribute} {name}", group))


def details(found: list[Answer]) -> None:
    """Print what the balanced setting said: by repository, language, tier, confidence."""
    heading()
    for attribute in ("repo", "language"):
        by_attribute(attribute, found)
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
    arguments.add_argument("--shipped-only", action="store_true", help="learn nothing, measure the shipped model")
    chosen = arguments.parse_args()
    if chosen.shipped_only:
        prompts = with_blind_labels(labelled(chosen.prompts))
        heading()
        shipped_lines(prompts)
        found = answers(prompts, "balanced", shipped())
    else:
        found = tables(Corpus.read(chosen.prompts))
    details(found)
    for each in found if chosen.misses else ():
        wrong = [name for name in ("dangerous", "wasteful", "leak") if getattr(each, name)]
        if wrong:
            print(each.prompt.id, each.prompt.tier.name, "->", each.tier.name, *wrong)


if __name__ == "__main__":
    main()
