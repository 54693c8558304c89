"""Secrets: of the formats that services hand out nineteen in twenty are found, and look-alikes stay what they are."""

from __future__ import annotations

import random

import pytest

from proxy.classify import Restricted, classify
from proxy.classify.secrets import secret_in
from proxy.request import read
from proxy.task import Tier
from tests.kit import bodies
from tests.kit.lookalikes import LOOKALIKES
from tests.kit.secrets_made import CONTEXTS, FORMATS

SEEDS = range(3)


def test_nineteen_of_twenty_secrets_are_found_in_whatever_they_stand() -> None:
    found = [
        secret_in(around.format(made(random.Random(seed)))) is not None
        for made in FORMATS.values()
        for around in CONTEXTS.values()
        for seed in SEEDS
    ]
    assert len(FORMATS) >= 60
    assert sum(found) / len(found) >= 0.95


@pytest.mark.parametrize("context", CONTEXTS)
def test_nineteen_of_twenty_formats_are_found_in_each_context(context: str) -> None:
    found = [secret_in(CONTEXTS[context].format(made(random.Random(11)))) is not None for made in FORMATS.values()]
    assert sum(found) / len(found) >= 0.95


@pytest.mark.parametrize("seed", SEEDS)
def test_at_most_one_of_a_hundred_look_alikes_is_taken_for_a_secret(seed: int) -> None:
    taken = [name for name, made in LOOKALIKES.items() if secret_in(f"before {made(random.Random(seed))} after")]
    assert len(LOOKALIKES) >= 108
    assert len(taken) <= 1, taken


@pytest.mark.parametrize("name", ["anthropic api", "aws secret", "rsa key", "postgres url", "assigned password"])
def test_neither_a_reason_nor_the_task_says_anything_of_the_secret(name: str) -> None:
    secret = FORMATS[name](random.Random(5))
    request = read(bodies.encode(bodies.main_turn(f"Put {secret} where it belongs")), bodies.headers())
    task = classify(request, restricted=Restricted())
    assert task.tier is Tier.L3
    told = f"{task!r} {task} {request!r}" + " ".join(map(str, task.reasons))
    pieces = [secret[at : at + 8] for at in range(0, len(secret) - 8, 4)]
    assert not [piece for piece in pieces if piece in told and piece not in ("PASSWORD", "secret_a")]
