"""Recorded days: what the ledger or an agent's log kept of requests, as calls that can be replayed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from budget.clock import resets_at
from budget.historyledger import Recorded
from budget.historyrow import Row
from pricing.table import PriceTable
from proxy.replay.call import BACKGROUND, MAIN, Call
from proxy.replay.prefixes import LONG, SHORT
from proxy.task import TaskClass, Tier

SOME_TOOL = "a tool"
"""Stands for the tool that an answer must have called, as its turn went on: what it was, nobody kept."""


@dataclass(frozen=True, slots=True)
class Day:
    """One recorded day: its calls in their order, and what they really were."""

    day: date
    begins: datetime
    calls: tuple[Call, ...]
    was: tuple[Recorded, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """What a replay cannot take: requests of models without a price, by model, and those that read nothing."""

    unpriced: Counter[str]
    empty: int


@dataclass(slots=True)
class _Conversation:
    """What a session and agent sent last; `at` is when that went to Claude, None after it went elsewhere."""

    prompt: int = 0
    at: datetime | None = None
    for_an_hour: bool | None = None
    model: str = ""
    turn: str = ""
    step: int = 0


def days_of(recorded: Sequence[Recorded], prices: PriceTable, zone: ZoneInfo) -> tuple[list[Day], Left]:
    """Make days of what was recorded, in the order of its moments."""
    unpriced = Counter(each.row.model for each in recorded if prices.find(each.row.model) is None)
    empty = sum(not each.row.usage.prompt for each in recorded)
    usable = [each for each in recorded if each.row.usage.prompt and each.row.model not in unpriced]
    by_day: dict[date, list[Recorded]] = {}
    for each in usable:
        by_day.setdefault(each.row.day, []).append(each)
    conversations: dict[str, _Conversation] = {}
    days = [_day(day, by_day[day], zone, conversations) for day in sorted(by_day)]
    return days, Left(unpriced, empty)


def for_an_hour(days: Sequence[Day]) -> bool:
    """Tell whether the agent had most of Claude's cache kept for an hour, by what was written."""
    usages = [was.row.usage for day in days for was in day.was]
    return sum(usage.cache_write_1h for usage in usages) > sum(usage.cache_write_5m for usage in usages)


def _day(day: date, recorded: list[Recorded], zone: ZoneInfo, conversations: dict[str, _Conversation]) -> Day:
    begins = resets_at(day - timedelta(days=1), zone)
    calls = [_call(each, begins, conversations) for each in recorded]
    return Day(day, begins, tuple(_with_tools(calls)), tuple(recorded))


def _call(each: Recorded, begins: datetime, conversations: dict[str, _Conversation]) -> Call:
    row = each.row
    kind, agent = _kind(row)
    talk = conversations.setdefault(f"{row.session}/{agent}", _Conversation())
    is_warm = talk.at is not None and row.at - talk.at < _life(talk) and row.model == talk.model
    is_known = each.as_asked and agent != BACKGROUND
    prefix = _prefix(row, talk, is_known=is_known and is_warm) if agent != BACKGROUND else 0
    step = talk.step + 1 if row.turn and row.turn == talk.turn else 0
    prompt = row.usage.prompt
    if is_known and (row.usage.cache_write_5m or row.usage.cache_write_1h):
        talk.for_an_hour = row.usage.cache_write_1h > row.usage.cache_write_5m
    talk.prompt, talk.at, talk.model, talk.turn, talk.step = (
        *(prompt, row.at if each.as_asked else None),
        *(row.model, row.turn, step),
    )
    return Call(
        t=(row.at - begins).total_seconds(),
        session=row.session,
        agent=agent,
        turn=row.turn or row.message_id,
        step=step,
        kind=kind,
        model=row.model,
        tier=Tier[row.tier] if row.tier in Tier.__members__ else Tier.L2,
        task_class=row.task_class or TaskClass.unknown.value,
        prefix=prefix,
        new=prompt - prefix,
        out=row.usage.output,
        tool="Edit" if row.edited else SOME_TOOL if row.tools else None,
        file=str(row.edited) if row.edited else "",
        shared=row.usage.cache_read if is_known and not is_warm else 0,
        plain=row.usage.input if is_known else 0,
        for_an_hour=talk.for_an_hour,
    )


def _kind(row: Row) -> tuple[str, str]:
    """Tell what kind of call it is, and of whom; of the agent's own the ledger keeps no more than their class."""
    if row.task_class == TaskClass.background:
        if row.tier == Tier.L2.name:
            return "background:compaction", row.agent or MAIN
        return "background:title", BACKGROUND
    return ("subagent", row.agent) if row.agent else ("user", MAIN)


def _life(talk: _Conversation) -> timedelta:
    return LONG if talk.for_an_hour else SHORT


def _prefix(row: Row, talk: _Conversation, *, is_known: bool) -> int:
    """Tell how much of a prompt was sent before: by what Claude read of its cache while that was warm, else by size."""
    prompt, read = row.usage.prompt, row.usage.cache_read
    if is_known:
        return read
    return max(read, talk.prompt) if prompt >= talk.prompt else read


def _with_tools(calls: Iterable[Call]) -> list[Call]:
    """Say of each call whose turn goes on after it that it called a tool."""
    found, goes_on = [], set[str]()
    for call in reversed(list(calls)):
        if call.turn_key in goes_on and call.tool is None and not call.is_compaction:
            call = replace(call, tool=SOME_TOOL)
        goes_on.add(call.turn_key)
        found.append(call)
    return found[::-1]
