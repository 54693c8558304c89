"""Generations of Claude models: which parameters each takes, by the version in its id."""

from __future__ import annotations

import re
from dataclasses import dataclass

_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d)(?:[-.](\d{1,2}))?(?:-|\[|$)", re.A)


@dataclass(frozen=True, slots=True)
class Generation:
    """What a model takes: sampling parameters, an effort, an effort over "high", adaptive thinking."""

    takes_sampling: bool = True
    takes_effort: bool = False
    takes_xhigh: bool = False
    thinks_adaptively: bool = False


def generation_of(model: str) -> Generation:
    """Read the version in a model's id; an id that shows none is asked for nothing special.

    Sources: https://platform.claude.com/docs/en/build-with-claude/effort and
    https://platform.claude.com/docs/en/about-claude/models/migration-guide (sampling parameters from 4.7 on).
    """
    found = _VERSION.match(model)
    if found is None:
        return Generation()
    version = (int(found.group(1)), int(found.group(2) or 0))
    is_new = version >= (4, 7)
    return Generation(
        takes_sampling=not is_new,
        takes_effort=version >= (4, 6) or model.startswith("claude-opus-4-5"),
        takes_xhigh=is_new,
        thinks_adaptively=version >= (4, 6),
    )
