"""How our classifier errs on labelled prompts: what it says of each true tier, to be drawn from in a replay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from proxy.classify.model import Caution, shipped
from proxy.task import Tier
from tests.bench import classify_eval as evaluation
from tests.bench.labelled import Prompt, fitted, labelled, our_own

Matrix = Mapping[Tier, Mapping[Tier, int]]


def confusions(paths: Iterable[Path], *, fresh: bool = False) -> dict[Caution, Matrix]:
    """Ask the classifier of every prompt, for each setting of its caution.

    Weights are fitted without the prompt's repository; for `fresh` prompts, which the shipped ones never saw, they are
    those.
    """
    prompts = [prompt for path in paths for prompt in labelled(path)]
    return {caution: matrix(found) for caution, found in said_of(prompts, fresh=fresh).items()}


def said_of(prompts: Sequence[Prompt], *, fresh: bool = False) -> dict[Caution, list[evaluation.Answer]]:
    """Give the answers themselves."""
    if fresh:
        return {caution: evaluation.answers(prompts, caution, shipped()) for caution in evaluation.CAUTIONS}
    return left_out(prompts)


def left_out(prompts: Sequence[Prompt]) -> dict[Caution, list[evaluation.Answer]]:
    """Answer each prompt by weights fitted without its repository."""
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
