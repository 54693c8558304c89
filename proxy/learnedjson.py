"""Learned: what the conversion of local tokens rests on, and on how many answers of Claude's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pricing.learned import ENOUGH
from pricing.tokens import Ratios

Json = dict[str, Any]


def learned_json(ratios: Ratios) -> list[Json]:
    """Tell each ratio that was learned: of which of Claude's tokenizers, of what content or which local model's tokens.

    `samples` is how many counted prompts it was learned from; `is_thin` where they are so few that it is a range.
    """
    return [
        {
            "tokenizer": row.generation,
            "of": row.what,
            "samples": row.ratio.samples,
            "is_thin": row.ratio.is_thin,
            **{name: getattr(row.ratio, name) for name in ("low", "likely", "high")},
        }
        for row in ratios.rows()
    ]


def learned_words(learned: Sequence[Json]) -> str:
    """Say in a sentence on how many samples it rests; empty where nothing was learned yet."""
    if not learned:
        return ""
    has_several = len({one["tokenizer"] for one in learned}) > 1
    firm = [_named(one, has_several=has_several) for one in learned if not one["is_thin"]]
    thin = [_named(one, has_several=has_several) for one in learned if one["is_thin"]]
    said = f"Local tokens are converted by what Claude counted of samples: {', '.join(firm)}" if firm else ""
    few = f"of fewer than {ENOUGH}, and so as a range: {', '.join(thin)}" if thin else ""
    begins = "" if firm else "Local tokens are converted by what Claude counted "
    return f"{'; '.join(filter(None, (said, begins + few if few else '')))}."


def _named(one: Json, *, has_several: bool) -> str:
    of = f"{one['of'].removeprefix('local/')}{' of ' + one['tokenizer'] if has_several else ''}"
    return f"{of} {one['samples']:,}"
