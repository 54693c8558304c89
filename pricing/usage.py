"""Usage: token counts by class; classes never overlap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# A thousand times the longest context there is: a count above it is a mistake, not a bill.
MOST_TOKENS = 10**9

_LIFETIMES = {"ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"}
# Searching for tools and fetching pages is free.
_TOOLS = {"web_search_requests", "web_fetch_requests", "tool_search_requests"}
_TOTALS = {
    "prompt": ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
    "output": ("output_tokens",),
}


class ImpossibleUsage(ValueError):
    """A usage object that no answer can have; what it stands for must be charged as unknown, never as nothing."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer by class, and its billed web searches; every count is zero or more."""

    input: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_read: int = 0
    output: int = 0
    web_searches: int = 0

    @property
    def prompt(self) -> int:
        """All tokens that went in, cached or not: what a long-prompt tier looks at."""
        return self.input + self.cache_write_5m + self.cache_write_1h + self.cache_read

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input + other.input,
            self.cache_write_5m + other.cache_write_5m,
            self.cache_write_1h + other.cache_write_1h,
            self.cache_read + other.cache_read,
            self.output + other.output,
            self.web_searches + other.web_searches,
        )


def usage_from_anthropic(raw: Mapping[str, Any]) -> Usage:
    """Read the `usage` object of a Messages answer, or one of its iterations.

    Its `input_tokens` exclude cached ones. Writes beyond the split by lifetime are 5-minute ones; a lifetime we do
    not know is taken for an hour, the dearest. Raises ImpossibleUsage if input or output is missing, or if any
    count is not a whole number from 0 to MOST_TOKENS.
    """
    if not isinstance(raw, Mapping):
        raise ImpossibleUsage("the usage is not an object")
    short, long = _split(raw)
    return Usage(
        input=count(raw, "input_tokens", required=True),
        cache_write_5m=max(short, count(raw, "cache_creation_input_tokens") - long),
        cache_write_1h=long,
        cache_read=count(raw, "cache_read_input_tokens"),
        output=count(raw, "output_tokens", required=True),
        web_searches=_searches(raw),
    )


def count(raw: Mapping[str, Any], name: str, *, required: bool = False) -> int:
    """Read one count; null or absent is zero unless it is required."""
    value = raw.get(name)
    if value is None and not required:
        return 0
    if type(value) is not int or not 0 <= value <= MOST_TOKENS:
        raise ImpossibleUsage(f"{name} is {str(value)[:40]!r}, not a number of tokens")
    return value


def fold(raw: Mapping[str, Any] | None, update: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one usage object of a stream over what came before it, and return the new whole.

    Start with None and `message_start.message.usage`; then each `message_delta.usage`. Its counts are running totals,
    so a field that is not null overwrites, and one that is null or absent stays. ImpossibleUsage if not an object.
    """
    if not isinstance(update, Mapping):
        raise ImpossibleUsage("the usage is not an object")
    whole = dict(raw or {})
    for name, value in _told(update).items():
        if isinstance(value, Mapping):
            before = whole.get(name)
            value = {**(before if isinstance(before, Mapping) else {}), **_told(value)}
        whole[name] = value
    return whole


def fallen(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> str:
    """Name the running total of a stream that became smaller, or nothing: the prompt as a whole, or the output.

    Where the answer came in iterations, those are billed and the totals are of the last one: they may be smaller.
    """
    if after.get("iterations"):
        return ""
    for kind, names in _TOTALS.items():
        was, now = _sum(before or {}, names), _sum(after, names)
        if now < was:
            return f"{kind} tokens fell from {was} to {now}"
    return ""


def oddities(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what in a usage object has no price that we know of: its bill is provisional."""
    lifetimes, tools, credit = _part(raw, "cache_creation"), _part(raw, "server_tool_use"), raw.get("fallback_credit")
    if not (lifetimes.keys() - _LIFETIMES or tools.keys() - _TOOLS or credit):
        return ()
    said = (
        (any(lifetimes[name] for name in lifetimes.keys() - _LIFETIMES), "unknown cache lifetime, taken as an hour"),
        (any(tools[name] for name in tools.keys() - _TOOLS), "a server tool that the table has no price for"),
        (_redeemed(credit), "a fallback credit was redeemed: the true bill may be lower"),
    )
    return tuple(note for is_so, note in said if is_so)


def _sum(raw: Mapping[str, Any], names: tuple[str, ...]) -> int:
    return sum(value for name in names if type(value := raw.get(name)) is int)


def _told(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if value is not None}


def _redeemed(credit: object) -> bool:
    status = credit.get("status") if isinstance(credit, Mapping) else None
    return isinstance(status, Mapping) and status.get("type") == "redeemed"


def _split(raw: Mapping[str, Any]) -> tuple[int, int]:
    """Give the cache writes whose lifetime is told: 5-minute ones, then all longer ones."""
    split = _part(raw, "cache_creation")
    short = long = 0
    for name in split:
        tokens = count(split, name)
        if name == "ephemeral_5m_input_tokens":
            short = tokens
        else:
            long += tokens
    return short, long


def _searches(raw: Mapping[str, Any]) -> int:
    return count(_part(raw, "server_tool_use"), "web_search_requests")


def _part(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = raw.get(name)
    if part is None:
        return {}
    if not isinstance(part, Mapping):
        raise ImpossibleUsage(f"{name} is not an object")
    return part
