"""The advice of a week on how long Claude keeps its cache: five minutes or an hour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from budget.cachemisslife import SETTING_1H, Lives, worthwhile
from pricing.figures import counted

if TYPE_CHECKING:
    from budget.advice import Advice

COLUMNS = ("agent", "life", "requests", "cloud", "compared", "compared_cloud", "if_5m", "if_1h")


def lifetime(rows: Iterable[Mapping[str, Any]]) -> Iterator[Advice]:
    """Advise another lifetime where it would have been cheaper; `rows` are those of the table `cache_lives`."""
    from budget.advice import Advice

    advised = worthwhile(Lives.of([[row[name] for name in COLUMNS] for row in rows if not row["is_plan"]]))
    if advised is None:
        return
    saves, cost = advised.saves.dollars(), advised.cost.dollars()
    longer, shorter = advised.if_1h.dollars(), advised.if_5m.dollars()
    if advised.better == "1h":
        title = f"A cache kept for an hour would have saved {saves}"
        how = f"Set {SETTING_1H} in the environment of Claude Code."
    else:
        title = f"A cache kept for five minutes would have saved {saves}"
        how = f"Take {SETTING_1H} out of the environment of Claude Code."
    yield Advice(
        "lifetime",
        title,
        f"Of {counted(advised.requests, 'request')} that cost {cost}: {shorter} with five minutes, {longer} with an "
        f"hour. {how}",
        advised.saves,
        "bursar cache",
    )
