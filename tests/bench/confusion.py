"""How our classifier errs on labelled prompts: what it says of each true tier, to be drawn from in a replay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from proxy.classify.model import Caution
from proxy.task import Tier
from tests.bench import classify_eval as evaluation
from tests.bench.labelled import Prompt, fitted, labelled, our_own

Matrix = Mapping[Tier, Mapping[Tier, int]]


def confusions(path: Path) -> dict[Caution, Matrix]:
    """Ask the classifier of every prompt, by weights fitted without its repository, for each setting of its caution."""
    prompts = labelled(path)
    return {caution: matrix(found) for caution, found in left_out(prompts).items()}


def left_out(prompts: Sequence[Prompt]) -> dict[Caution, list[evaluation.Answer]]:
    """Give the answers themselves."""
    models = evaluation.models_left_out(fitted(prompts), fitted(our_own()))
    return {
        caution: [evaluation.answer(prompt, caution, models[prompt.repo]) for prompt in prompts]
        for caution in evaluation.CAUTIONS
    }


def matrix(answers: Iterable[evaluation.Answer]) -> Matrix:
    """Count answers by the label; one that is acceptable counts as the label itself."""
    counts: dict[Tier, Counter[Tier]] = {tier: Counter() for tier in Tier}
    for each in answers:
        label = each.prompt.tier
        counts[label][label if each.right else each.tier] += 1
    return counts
