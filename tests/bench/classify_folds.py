"""Folds: models that never saw the repository, or the writer, of the prompts that they are measured on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from proxy.classify.forest import chance
from proxy.classify.model import Model, with_before
from proxy.classify.paths import Restricted, restricted_in_text
from proxy.classify.secrets import secret_in, secret_told
from proxy.classify.weigh import by_words
from proxy.task import Tier
from tests.bench.classify_fit import model_of
from tests.bench.labelled import WRITERS, Fitted, Prompt, fitted, fresh, labelled, our_own, with_blind_labels

FOLDS = 5


@dataclass(frozen=True)
class Corpus:
    """All labelled prompts: real ones, those of each writer, and our own, which are only learned from."""

    real: list[Fitted]
    written: dict[str, list[Fitted]]
    ours: list[Fitted]

    @classmethod
    def read(cls, real: Path) -> Corpus:
        """Read them all; the real ones with the blind labels that they have."""
        written = {writer: fitted(fresh(writer)) for writer in WRITERS}
        return cls(fitted(with_blind_labels(labelled(real))), written, fitted(our_own()))

    def all(self) -> list[Fitted]:
        """Give every prompt."""
        return [*self.real, *self.ours, *(row for rows in self.written.values() for row in rows)]

    def without(self, left_out: Iterable[Fitted]) -> list[Fitted]:
        """Give every prompt but these."""
        ids = {id(row) for row in left_out}
        return [row for row in self.all() if id(row) not in ids]


@dataclass(frozen=True)
class Scored:
    """A prompt that was left out, and how likely it is complex; 1 where rules say that it is restricted."""

    prompt: Prompt
    chance: float


@dataclass(frozen=True)
class Fold:
    """What was left out under a name, the model learned without it, and what that says of it."""

    name: str
    left_out: list[Fitted]
    model: Model
    scored: list[Scored]


def out_of_fold(corpus: Corpus, groups: dict[str, list[Fitted]] | None = None) -> list[Fold]:
    """Learn one model without each group: by default each real repository, and each writer."""
    groups = groups if groups is not None else {**by_repository(corpus.real), **corpus.written}
    names = list(groups)
    with ProcessPoolExecutor(2) as pool:
        models = list(pool.map(model_of, [corpus.without(groups[name]) for name in names]))
    return [_fold(name, groups[name], model) for name, model in zip(names, models, strict=True)]


def by_repository(rows: Sequence[Fitted]) -> dict[str, list[Fitted]]:
    """Group prompts by their repository, the largest first."""
    groups: dict[str, list[Fitted]] = {}
    for row in rows:
        groups.setdefault(row.prompt.repo, []).append(row)
    return dict(sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])))


def by_folds(rows: Sequence[Fitted], count: int = FOLDS) -> dict[str, list[Fitted]]:
    """Deal whole repositories to folds that are as even as they can be."""
    folds: list[list[Fitted]] = [[] for _ in range(count)]
    for group in by_repository(rows).values():
        min(folds, key=len).extend(group)
    return {f"fold {number}": fold for number, fold in enumerate(folds, 1)}


def limit_for(scored: Iterable[Scored], dangerous: float) -> float:
    """Give the chance from which on work must count as complex for at most this share to be dangerous."""
    all_of_them = list(scored)
    must = sorted(each.chance for each in all_of_them if min(each.prompt.accepted) >= Tier.L2)
    allowed = int(dangerous * len(all_of_them))
    return round(must[min(allowed, len(must) - 1)] - 0.0005, 3)


def _fold(name: str, left_out: list[Fitted], model: Model) -> Fold:
    return Fold(name, left_out, model, [Scored(row.prompt, _chance(row, model)) for row in left_out])


def is_hard(text: str) -> bool:
    """Tell whether a secret or a restricted path makes a prompt restricted, whatever its words are."""
    return bool(secret_in(text) or secret_told(text) or restricted_in_text(text, Restricted()))


def _chance(row: Fitted, model: Model) -> float:
    asked = row.prompt
    if is_hard(asked.text) or by_words(asked.text, asked.before, "balanced", model).tier is Tier.L3:
        return 1.0
    return chance(model.complex.score(with_before(row.traits, row.before, row.size)))
