"""What `bursar cache` tells a person."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from budget.cachemisshistory import Past
from budget.cachemisslife import SETTING_1H, Lives, Pauses, worthwhile
from budget.cachemisssums import Cut, Missed, Session
from pricing.figures import counted, noun, share
from pricing.money import PICOS_PER_DOLLAR, Money
from proxy.cachemisswords import words
from tray.cli.show import columns, plain

MOST_SESSIONS = 8
WIDTH = 100
NOTHING = (
    "Nothing was judged in these days. Each answer of Claude’s that passes through bursar is: start an agent with "
    "bursar run -- claude"
)


def cache_words(found: Missed, past: Past) -> str:
    """Say what some days missed, the dearest kind first, what helps, and what imported logs of them say."""
    parts = _of_ours(found) if found.requests else [NOTHING]
    if past.lives:
        said = _lives(past.lives, past.pauses)
        parts.append("\n".join(["From the agent’s own logs, of requests that did not come through bursar:", *said]))
    return "\n\n".join(_wrapped(part) for part in parts if part)


def _of_ours(found: Missed) -> list[str]:
    parts = ["\n".join(_sums(found))]
    if found.cuts:
        parts += [_kinds(found), "\n".join(_helps(found))]
    if found.sessions:
        parts.append(_sessions(found.sessions))
    if found.lives:
        parts.append("\n".join([*_lives(found.lives, found.pauses), *_kept_warm(found)]))
    return parts


def _wrapped(part: str) -> str:
    """Break what is longer than a terminal is wide; lines of tables are not."""
    return "\n".join(textwrap.fill(line, WIDTH) if len(line) > WIDTH else line for line in part.splitlines())


def _sums(found: Missed) -> Iterator[str]:
    days = f"{found.since}" if found.since == found.until else f"{found.since} to {found.until}"
    yield f"{days}: {counted(found.requests, 'answer')} of Claude’s for {_usd(found.judged)}"
    part = found.permille(found.avoidable) or 0
    yield (
        f"{_usd(found.avoidable)} of that ({share(part)}) was paid for what its cache had, or could have had, "
        "besides first requests"
    )
    if found.after_local:
        yield f"{_usd(found.after_local)} of it expired while a local model answered; the report says what that saved"
    if found.bill > found.judged:
        yield f"{_usd(found.bill - found.judged)} more went to Claude and is not judged: nobody knows what was asked"
    if found.listed:
        yield f"{_usd(found.listed)} of it is on a plan: list prices, no dollars"


def _kinds(found: Missed) -> str:
    rows = [("why", "requests", "tokens", "cost above reading", "of the bill")]
    for cut in found.cuts:
        part = found.permille(cut.amount) or 0
        counts = (f"{cut.misses:,}", f"{cut.tokens:,}", _usd(cut.amount), share(part))
        rows.append((words(cut.kind, cut.what).name, *counts))
    return columns(rows, frozenset({1, 2, 3, 4}))


def _helps(found: Missed) -> Iterator[str]:
    for cut in [cut for cut in found.cuts if cut.is_avoidable][:3]:
        said = words(cut.kind, cut.what)
        yield f"{said.name}: {said.usually}{' ' + said.help if said.help else ''}"


def _sessions(sessions: tuple[Session, ...]) -> str:
    rows = [("session", "project", "requests", "missed", "cost above reading", "mostly")]
    for one in sessions[:MOST_SESSIONS]:
        mostly = next(cut for cut in one.cuts if cut.is_avoidable)
        name, project = plain(one.name)[:8], plain(one.project).rstrip("/\\").rpartition("/")[2][:24]
        counts = (f"{one.requests:,}", f"{one.misses:,}", _usd(one.amount))
        rows.append((name, project or "-", *counts, _mostly(mostly)))
    return columns(rows, frozenset({2, 3, 4}))


def _mostly(cut: Cut) -> str:
    name = words(cut.kind, cut.what).name
    if cut.places is None:
        return name
    first, last = cut.places
    return f"{name} (at {first + 1})" if first == last else f"{name} (at {first + 1} to {last + 1})"


def _lives(lives: Sequence[Lives], rested: Sequence[Pauses]) -> Iterator[str]:
    yield "How long the cache is kept, 5 minutes or an hour, and what these requests would have cost with each:"
    rows = [("agent", "requests", "asks for", "with 5 minutes", "with an hour")]
    rows += [(one.name, f"{one.requests:,}", one.asks, _usd(one.if_5m), _usd(one.if_1h)) for one in lives]
    yield columns(rows, frozenset({1, 3, 4}))
    for pauses in rested:
        yield _pauses(pauses)
    whole = lives[-1]
    if whole.off_permille is not None:
        yield f"The simulation is {share(abs(whole.off_permille))} off what these requests really cost."
    yield _advice(whole, worthwhile(lives))


def _kept_warm(found: Missed) -> Iterator[str]:
    if found.kept_warm:
        what = f"{counted(found.kept_warm, 'request')} {noun(found.kept_warm, 'is', 'are')}"
        yield f"{what} not compared: the cache keeper kept their conversation’s cache warm."


def _pauses(pauses: Pauses) -> str:
    return (
        f"{pauses.name}: of {counted(pauses.number, 'pause')} {share(pauses.over_5m)} are over 5 minutes and "
        f"{share(pauses.over_1h)} over an hour; half are under {pauses.median_s + 1} s"
    )


def _advice(whole: Lives, advised: Lives | None) -> str:
    if advised is None:
        name = "An hour" if whole.asks == "1h" else "5 minutes"
        return f"{name} is the right choice here, or as good as the other one."
    saves = f"would have saved {_usd(advised.saves)} of {_usd(advised.cost)}"
    if advised.better == "1h":
        return f"An hour {saves}. For Claude Code set {SETTING_1H} in its environment; bursar changes no request."
    return f"5 minutes {saves}. For Claude Code take {SETTING_1H} out of its environment; bursar changes no request."


def _usd(amount: Money) -> str:
    return amount.dollars(2 if abs(amount.picos) >= PICOS_PER_DOLLAR else 4)
