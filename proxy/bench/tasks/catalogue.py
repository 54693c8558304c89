"""All tasks, in the order in which they are played: one of each group first, for a short bench."""

from __future__ import annotations

from itertools import chain, zip_longest

from proxy.bench.tasks.code_tasks import DEBUGGING, GENERATION, REFACTOR, TESTING
from proxy.bench.tasks.hand_tasks import OPS, TOOLS
from proxy.bench.tasks.task import BenchTask
from proxy.bench.tasks.words_tasks import ANALYSIS, BACKGROUND, DOCUMENTATION, EXPLANATION

GROUPS = (
    *(DOCUMENTATION, EXPLANATION, GENERATION, TOOLS, DEBUGGING),
    *(TESTING, REFACTOR, ANALYSIS, OPS, BACKGROUND),
)


def tasks(each: int) -> tuple[BenchTask, ...]:
    """Take up to `each` tasks of every group, in rounds."""
    rounds = chain.from_iterable(zip_longest(*(group[:each] for group in GROUPS)))
    return tuple(task for task in rounds if task is not None)
