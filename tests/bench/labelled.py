"""Labelled prompts: read from a file of JSON lines or from our own list, and fitted to by the classifier's model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from proxy.classify.model import BEFORE, Weights, with_before
from proxy.classify.plain import plain
from proxy.classify.traits import Traits, size_of, traits_of
from proxy.task import Tier
from tests.bench.logistic import fit

OURS = Path(__file__).parents[1] / "proxy" / "classify" / "data" / "prompts_ours.txt"
OPINIONS = Path(__file__).with_name("second_opinions.txt")
RIDGE = 10.0


@dataclass(frozen=True)
class Prompt:
    """One labelled prompt; `accepted` holds the label and what is as good."""

    id: str
    text: str
    before: str
    tier: Tier
    accepted: frozenset[Tier]
    kinds: frozenset[str]
    kind: str
    repo: str
    language: str


@dataclass(frozen=True)
class Fitted:
    """A prompt with its traits and those of the prompt before it."""

    prompt: Prompt
    traits: Traits
    before: Traits
    size: int


def labelled(path: Path) -> list[Prompt]:
    """Read prompts: JSON lines as in prompts_dev.jsonl."""
    return [_prompt(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line]


def with_second_opinions(prompts: list[Prompt]) -> list[Prompt]:
    """Accept the other side of the line between L1 and L2 too where our second opinions do; leave out unjudged ones."""
    lines = [line.split() for line in OPINIONS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    both = {prompt for kind, *ids in lines if kind.startswith("both") for prompt in ids}
    unjudged = {prompt for kind, *ids in lines if kind == "not-judged" for prompt in ids}
    other = {Tier.L0: Tier.L2, Tier.L1: Tier.L2, Tier.L2: Tier.L1}
    return [
        replace(each, accepted=each.accepted | {other[each.tier]}) if each.id in both else each
        for each in prompts
        if each.id not in unjudged
    ]


def our_own() -> list[Prompt]:
    """Read the prompts that we wrote ourselves."""
    found = []
    for number, line in enumerate(OURS.read_text(encoding="utf-8").splitlines()):
        if line.startswith("L"):
            head, text = line.split(" | ", 1)
            tiers, kind, language = head.split()
            accepted = [Tier[name] for name in tiers.split("/")]
            found.append(
                Prompt(f"o{number}", text, "", accepted[0], frozenset(accepted), frozenset({kind}), kind, "", language)
            )
    return found


def fitted(prompts: Iterable[Prompt]) -> list[Fitted]:
    """Find the traits of prompts."""
    return [
        Fitted(
            each, traits_of(plain(each.text)), traits_of(plain(each.before)) if each.before else {}, _size(each.text)
        )
        for each in prompts
    ]


def tier_weights(rows: list[Fitted], least: Tier) -> Weights:
    """Fit the chance that a prompt is of this tier or above; restricted ones are told by rules and left out."""
    rows = [row for row in rows if row.prompt.tier is not Tier.L3]
    wanted = [float(row.prompt.tier >= least) for row in rows]
    even = [1.0] * len(rows)
    first = fit([row.traits for row in rows], wanted, even, ridge=RIDGE)
    # What was asked before is weighed by a first model that does not know of anything before it.
    return fit([with_before(r.traits, r.before, r.size, first) for r in rows], wanted, even, ridge=RIDGE)


def kind_weights(rows: list[Fitted]) -> dict[str, Weights]:
    """Fit one model for each kind of task."""
    even = [1.0] * len(rows)
    traits = [row.traits for row in rows]
    kinds = sorted({row.prompt.kind for row in rows})
    return {kind: fit(traits, [float(r.prompt.kind == kind) for r in rows], even, ridge=2.0) for kind in kinds}


def by_repository(rows: list[Fitted], ours: list[Fitted], use: Callable[[list[Fitted], list[Fitted]], None]) -> None:
    """Call `use(training, left out)` once for each repository; our own prompts are always among the training ones."""
    for repo in sorted({row.prompt.repo for row in rows}):
        use([r for r in rows if r.prompt.repo != repo] + ours, [r for r in rows if r.prompt.repo == repo])


def compact(weights: Weights, *, least: float, digits: int = 2) -> dict[str, float]:
    """Round weights, and leave out those that change nothing."""
    return {name: round(value, digits) for name, value in weights.items() if abs(value) >= least or name == BEFORE}


def _prompt(raw: dict[str, Any]) -> Prompt:
    others = raw["ok_alternatives"]
    return Prompt(
        raw["id"],
        raw["text"],
        raw.get("prev") or "",
        Tier[raw["tier"]],
        frozenset(Tier[name] for name in [raw["tier"], *others["tier"]]),
        frozenset([raw["task_class"], *others["task_class"]]),
        raw["task_class"],
        raw["repo"],
        raw.get("lang", "?"),
    )


def _size(text: str) -> int:
    return size_of(plain(text).text)
