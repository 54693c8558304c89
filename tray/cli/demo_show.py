"""What `bursar demo` prints: how the day begins, a line for each turn, and what it came to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from budget.words import SIMULATED
from pricing.figures import counted, percent
from pricing.money import Money
from tray.cli.show import dollars

if TYPE_CHECKING:
    from tray.demo.play import Turn

HEAD = f"\n{'time':5}  {'project':8}  {'tier and work':20}  {'requests went to':20}  {'spent':>7}  {'saved':>7}"


def begins(status: dict[str, Any], folder: Path, link: str) -> str:
    """Say what is about to be shown, and where to watch it; no `link` where the page was opened already."""
    limits = f"Budget {dollars(status['budget_usd'])}, cutoff {dollars(status['cutoff_usd'])}, mode {status['mode']}."
    return "\n".join(
        [
            f"{SIMULATED}.",
            "A made-up agent works through a real bursar, between a made-up Claude with Claude's prices and a made-up",
            "local model. Nothing leaves this machine, and nothing of yours is touched.",
            limits,
            f"Watch it: {link or 'the dashboard opens in your browser'}",
            f"In another terminal: bursar --home {folder} log -f",
        ]
    )


def day_line(turns: list[Turn], zone: ZoneInfo) -> str:
    """Tell a day before the one that is shown."""
    last, requests = turns[-1], sum(len(turn.sent) for turn in turns)
    day, saved = last.at.astimezone(zone).strftime("%a %d %b"), last.saved.likely.dollars(2, "nearest")
    return f"{day}: {counted(requests, 'request')}, {last.spent.dollars(2, 'nearest')} spent, about {saved} saved"


def turn_lines(turn: Turn, zone: ZoneInfo) -> list[str]:
    """Tell one turn; nothing of what an agent asks on its own account."""
    first = turn.sent[0]
    if first.task_class == "background" and not turn.crossed:
        return []
    routes = ", ".join(f"{fate} {number}" for fate, number in sorted(turn.fates.items()))
    time, spent, saved = turn.at.astimezone(zone).strftime("%H:%M"), turn.spent.dollars(2), turn.saved.likely.dollars(2)
    work = f"{turn.sent[-1].tier} {first.task_class}"
    row = f"{time:5}  {first.step.project:8}  {work:20}  {routes:20}  {spent:>7}  {saved:>7}"
    return [row, *(f"       └ {remark}" for remark in _remarks(turn))]


def _remarks(turn: Turn) -> list[str]:
    found = [f"a local answer had {one.escalated}; Claude took over" for one in turn.sent if one.escalated]
    if turn.sent[0].tier == "L3" and turn.fates["Claude"]:
        found.append("restricted work: to Claude only, never to another model")
    if any("degraded" in one.reason for one in turn.sent):
        found.append("Claude would have been better here; what is left of the day's money is not enough for it")
    if turn.fates["refused"]:
        found.append("refused, with the reason: it may go to Claude only, and the money left is not enough")
    return found + [f"{percent(one)} of the budget is spent: an alert" for one in turn.crossed]


def ended(told: dict[str, Any], *, is_brief: bool) -> str:
    """Tell what the day came to, and where to look at it."""
    found = told["figures"]
    spent, saved = Money.usd(found["spent_usd"]), Money.usd(found["saved_usd"])
    alone = (spent + saved + Money.usd(found["local_usd"])).dollars(2, "nearest")
    routes = found["routes"]
    cost, billed = dollars(found["spent_usd"], places=4), dollars(found["billed_usd"], places=4)
    lines = [
        "",
        f"The day is over: {counted(found['requests'], 'request')} in {counted(found['sessions'], 'session')}; "
        f"to Claude went {routes.get('Claude', 0)}, to the local model {routes.get('local', 0)}; "
        f"refused: {routes.get('refused', 0)}.",
        f"Spent {cost}; the made-up Claude's own bill of this day says {billed}.",
        f"Claude alone, with its cache warm, would have cost about {alone}: about {saved.dollars(2, 'nearest')} saved",
        f"({dollars(found['saved_low_usd'])} to {dollars(found['saved_high_usd'])}), "
        f"after {dollars(found['local_usd'])} for the local machine.",
    ]
    return "\n".join(lines if is_brief else [*lines, *_look(told)])


def _look(told: dict[str, Any]) -> list[str]:
    home = told["home"]
    return [
        "",
        f"Dashboard: {told['dashboard_url']}",
        f"           (works once, for two minutes; again: bursar --home {home} dashboard)",
        f"Also:      bursar --home {home} log, and in place of log: explain, report",
        "Ctrl-C ends it.",
    ]
