"""Rule keys: what each key of a `[[rule]]` table may hold, and the rule that they make."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar

from pricing.money import Money
from proxy.rules.globs import MOST_WILDCARDS
from proxy.rules.rule import Match, Rule
from proxy.task import TaskClass, Tier
from tray.keys import Reader, between, flag, hours, money, one_of, show, text
from tray.reading import Reading

_Member = TypeVar("_Member", bound=Enum)
_MOST_TOKENS = 100_000_000
_MOST_REQUESTS = 1_000_000


def one_or_more(read: Reader) -> Reader:
    """Make a reader of one value or a list of them."""

    def several(value: Any) -> tuple[Any, ...]:
        values = value if isinstance(value, list) else [value]
        if not values or len(values) > 100:
            raise ValueError(f"must be one value or a list of them, not {show(value)}")
        return tuple(read(each) for each in values)

    return several


def member_of(kind: type[_Member], named: Callable[[_Member], str]) -> Reader:
    """Make a reader of a member of a closed set, by the name that a person writes."""
    members = {named(member): member for member in kind}

    def read(value: Any) -> _Member:
        found = members.get(value) if isinstance(value, str) else None
        if found is None:
            raise ValueError(f"must be one of {', '.join(members)}, not {show(value)}")
        return found

    return read


def name(value: Any) -> str:
    """Read a rule's name; in reasons it stands in quotes."""
    read = text(value)
    if '"' in read:
        raise ValueError(f"must be a name without quotes in it, not {show(value)}")
    return read


def glob(value: Any) -> str:
    """Read a glob for paths."""
    read = text(value)
    if len(re.findall(r"\*+", read)) > MOST_WILDCARDS:
        raise ValueError(f"must have at most {MOST_WILDCARDS} wildcards, not {show(value)}")
    return read


def daily_limit(value: Any) -> int | Money:
    """Read a limit a day: a whole number of requests, or dollars in quotes such as "2.50"."""
    if isinstance(value, (str, Decimal)):
        return money(value)
    try:
        return int(between(1, _MOST_REQUESTS, "a number of requests")(value))
    except ValueError:
        raise ValueError(
            f'must be a whole number of requests, or dollars in quotes such as "2.50", not {show(value)}'
        ) from None


TIER = member_of(Tier, lambda tier: tier.name)
TASK = member_of(TaskClass, lambda task: task.value)

RULE: Mapping[str, Reader] = {
    "name": name,
    "task": one_or_more(TASK),
    "tier": one_or_more(TIER),
    "model": one_or_more(text),
    "agent": one_or_more(text),
    "subagent": flag,
    "tool": one_or_more(text),
    "path": one_or_more(glob),
    "tokens_over": between(0, _MOST_TOKENS, "a number of tokens"),
    "tokens_under": between(1, _MOST_TOKENS, "a number of tokens"),
    "hours": hours,
    "route": one_of("local", "cloud", "block"),
    "use_model": text,
    "use_tier": TIER,
    "daily_limit": daily_limit,
}
ACTIONS = ("route", "use_model", "use_tier")


def rules_of(reading: Reading, raw: Any) -> tuple[Rule, ...]:
    """Read every `[[rule]]` table, in order; what is wrong is noted in `reading`."""
    rules: dict[str, Rule] = {}
    for number, item in enumerate(reading.several(raw, "rule", "rule")):
        before = len(reading.problems)
        values = reading.table("rule", item, number)
        if len(reading.problems) > before:
            continue
        try:
            rule = rule_of(values, number)
        except ValueError as error:
            reading.wrong("rule", None, str(error), number)
            continue
        if rule.name in rules:
            reading.wrong("rule", "name", f"two rules are called {show(rule.name)}", number)
        rules[rule.name] = rule
    return tuple(rules.values())


def rule_of(values: Mapping[str, Any], number: int) -> Rule:
    """Make a rule of the values that were read; one without a name is called after its place, counted from one.

    ValueError with a whole sentence where the keys together make no sense.
    """
    name = values.get("name", f"rule {number + 1}")
    if not any(key in values for key in ACTIONS):
        raise ValueError(f'the rule "{name}" does nothing: give it `route`, `use_model` or `use_tier`')
    if values.get("route") in ("local", "block") and "use_model" in values:
        raise ValueError(f'the rule "{name}" names a Claude model (`use_model`) and does not go to Claude')
    limit = values.get("daily_limit")
    return Rule(
        name=name,
        when=_match_of(values),
        route=values.get("route"),
        model=values.get("use_model"),
        tier=values.get("use_tier"),
        daily_requests=limit if isinstance(limit, int) else None,
        daily_spend=limit if isinstance(limit, Money) else None,
    )


def _match_of(values: Mapping[str, Any]) -> Match:
    return Match(
        task_classes=frozenset(values.get("task", ())),
        tiers=frozenset(values.get("tier", ())),
        models=values.get("model", ()),
        agents=values.get("agent", ()),
        is_subagent=values.get("subagent"),
        tools=values.get("tool", ()),
        paths=values.get("path", ()),
        tokens_over=values.get("tokens_over"),
        tokens_under=values.get("tokens_under"),
        hours=values.get("hours"),
    )
