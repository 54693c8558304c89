"""Labelled prompts: read from files of JSON lines or from our own list, with what several readers would accept."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from proxy.classify.form import size_of
from proxy.classify.plain import plain
from proxy.classify.traits import Traits, traits_of
from proxy.task import Tier

OURS = Path(__file__).parents[1] / "proxy" / "classify" / "data" / "prompts_ours.txt"
FRESH = Path(__file__).with_name("prompts")
"""Where the fresh prompts of two writers are, and their blind labels of prompts_dev.jsonl."""
WRITERS = ("w1", "w2", "w3", "w4", "w5", "w6")
LABELLERS = ("w1", "w2")


@dataclass(frozen=True)
class Prompt:
    """One labelled prompt; `accepted` holds the label and what is as good.

    `chances` are those of each tier, by all who labelled it: seven tenths of a vote go to a first choice.
    """

    id: str
    text: str
    before: str
    tier: Tier
    accepted: frozenset[Tier]
    kinds: frozenset[str]
    kind: str
    repo: str
    language: str
    chances: tuple[float, ...]


@dataclass(frozen=True)
class Fitted:
    """A prompt with its traits and those of the prompt before it."""

    prompt: Prompt
    traits: Traits
    before: Traits
    size: int


def labelled(path: Path) -> list[Prompt]:
    """Read prompts: JSON lines as in prompts_dev.jsonl."""
    return [_prompt(raw) for raw in _lines(path)]


def fresh(writer: str) -> list[Prompt]:
    """Read the prompts that one of the writers made."""
    return labelled(FRESH / f"{writer}.jsonl")


def tiers_of_either(prompt: Prompt) -> frozenset[Tier]:
    """Give every tier that the label or one of the blind labellers accepts: the most generous reading there is."""
    return prompt.accepted.union(*_blind_tiers().get(prompt.id, ()))


@cache
def _blind_tiers() -> dict[str, list[set[Tier]]]:
    found: dict[str, list[set[Tier]]] = {}
    for labeller in LABELLERS:
        for raw in _lines(FRESH / f"blind_{labeller}.jsonl"):
            found.setdefault(raw["id"], []).append({Tier[name] for name in (raw["tier"], *raw["ok"])})
    return found


def with_blind_labels(prompts: Iterable[Prompt]) -> list[Prompt]:
    """Accept of each prompt its label and every tier and kind that both blind labellers accept, if they labelled it.

    They saw neither its label nor each other's, nor what the classifier says of it.
    """
    votes = [{raw["id"]: raw for raw in _lines(FRESH / f"blind_{labeller}.jsonl")} for labeller in LABELLERS]
    found = []
    for each in prompts:
        raws = [vote[each.id] for vote in votes if each.id in vote]
        tiers = [{Tier[name] for name in (raw["tier"], *raw["ok"])} for raw in raws]
        kinds = [{raw["task_class"], *raw["ok_class"]} for raw in raws]
        firsts = [(each.tier, each.accepted), *zip((Tier[raw["tier"]] for raw in raws), tiers, strict=True)]
        chances = [_votes(first, accepted) for first, accepted in firsts]
        found.append(
            replace(
                each,
                accepted=each.accepted | (set.intersection(*tiers) if tiers else set()),
                kinds=each.kinds | (set.intersection(*kinds) if kinds else set()),
                chances=tuple(sum(column) / len(chances) for column in zip(*chances, strict=True)),
            )
        )
    return found


def our_own() -> list[Prompt]:
    """Read the prompts that we wrote ourselves."""
    found = []
    for number, line in enumerate(OURS.read_text(encoding="utf-8").splitlines()):
        if line.startswith("L"):
            head, text = line.split(" | ", 1)
            tiers, kind, language = head.split()
            accepted = [Tier[name] for name in tiers.split("/")]
            found.append(_made(f"o{number}", text, "", accepted, [kind], "", language))
    return found


def fitted(prompts: Iterable[Prompt]) -> list[Fitted]:
    """Find the traits of prompts."""
    found = []
    for each in prompts:
        asked = plain(each.text)
        before = traits_of(plain(each.before)) if each.before else {}
        found.append(Fitted(each, traits_of(asked), before, size_of(asked.text)))
    return found


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _prompt(raw: dict[str, Any]) -> Prompt:
    others = raw["ok_alternatives"]
    return _made(
        raw["id"],
        raw["text"],
        raw.get("prev") or "",
        [Tier[name] for name in [raw["tier"], *others["tier"]]],
        [raw["task_class"], *others["task_class"]],
        raw["repo"],
        raw.get("lang", "?"),
    )


def _made(name: str, text: str, before: str, tiers: list[Tier], kinds: list[str], repo: str, language: str) -> Prompt:
    accepted = frozenset(tiers)
    votes = _votes(tiers[0], accepted)
    return Prompt(name, text, before, tiers[0], accepted, frozenset(kinds), kinds[0], repo, language, votes)


def _votes(first: Tier, accepted: Iterable[Tier]) -> tuple[float, ...]:
    others = set(accepted) - {first}
    kept = 0.7 if others else 1.0
    return tuple(kept if tier is first else (1 - kept) / len(others) if tier in others else 0.0 for tier in Tier)
