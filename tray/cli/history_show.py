"""What `bursar history` tells, as JSON and in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from budget.history import Skipped
from budget.historybooks import Compared, Gathered, sums, whole
from pricing.figures import counted, noun
from pricing.money import Money
from tray.cli.show import columns, dollars, plain

LEFT_OUT = (
    "Claude Code's logs leave out what it asks beside a conversation, such as its summary once it is too long, and "
    "answers that were cut off: a bill has somewhat more."
)
KINDS = {
    "cut": ("line", "cut off in the middle"),
    "garbage": ("line", "that cannot be read"),
    "too_long": ("line", "too long to read"),
    "synthetic": ("answer", "that Claude Code made up itself"),
    "without_usage": ("answer", "without token counts"),
    "impossible": ("answer", "with impossible token counts"),
    "unreadable_files": ("file", "that cannot be opened"),
}
_AMOUNTS = ("picos", "picos_beside", "unpriced_picos")


def found_json(
    folder: Path, skipped: Skipped, compared: Compared, gathered: Gathered, *, dry_run: bool, seconds: float
) -> dict[str, Any]:
    """Tell what an import read, what of it is new, and what did not count."""
    return {
        "folder": str(folder),
        "dry_run": dry_run,
        "read": skipped.as_dict(),
        "seconds": round(seconds, 3),
        "new": compared.new,
        "changed": compared.changed,
        "same": compared.same,
        **shown_json(
            whole(gathered.connection),
            {by: sums(gathered.connection, by) for by in ("day", "model", "project")},
        ),
    }


def shown_json(total: dict[str, Any], by: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Tell sums with exact dollars in place of picodollars."""
    return {
        "total": _in_dollars(total) if total["requests"] else {"requests": 0},
        "days": [_in_dollars(row) for row in by.get("day", ())],
        "models": [_in_dollars(row) for row in by.get("model", ())],
        "projects": [_in_dollars(row) for row in by.get("project", ())],
        "left_out": LEFT_OUT,
    }


def words_of_import(found: dict[str, Any]) -> str:
    """Tell a person about an import."""
    read = found["read"]
    mb = read["bytes"] / 2**20
    pace = f", {mb / found['seconds']:,.0f} MB/s" if found["seconds"] > 1 else ""
    took = f"{mb:,.1f} MB in {found['seconds']:.1f} s{pace}"
    lines = [f"Read {counted(read['files'], 'log')}, {took}: {plain(found['folder'])}"]
    lines += [f"  skipped {counted(read[kind], what)} {said}" for kind, (what, said) in KINDS.items() if read[kind]]
    if read["repeated"]:
        several = f"{counted(read['repeated'], 'answer')} {noun(read['repeated'], 'stands', 'stand')} in several logs"
        lines.append(f"  {several} (resumed, forked) and {noun(read['repeated'], 'is', 'are')} counted once")
    total = found["total"]
    if not total["requests"]:
        return "\n".join([*lines, "They hold no answer of a model."])
    verb = "would be added" if found["dry_run"] else "added"
    lines += ["", f"{counted(found['new'], 'request')} {verb}, {found['changed']:,} updated, {_there(found['same'])}."]
    if found["dry_run"]:
        lines.append("Nothing was kept (--dry-run).")
    return "\n".join([*lines, "", *_sum_lines(total), "", _table("model", found["models"])])


def _there(number: int) -> str:
    return f"{number:,} {noun(number, 'was', 'were')} there"


def words_of_show(found: dict[str, Any]) -> str:
    """Tell a person about what was imported."""
    total = found["total"]
    if not total["requests"]:
        return "Nothing is imported. Claude Code's own logs can be: bursar history import"
    tables = [_table(name, found[f"{name}s"]) for name in ("day", "model", "project")]
    return "\n\n".join(["\n".join(_sum_lines(total)), *tables])


def _sum_lines(total: dict[str, Any]) -> list[str]:
    requests, sessions = counted(total["requests"], "request"), counted(total["sessions"], "session")
    about = f"{requests} in {sessions} and {counted(total['turns'], 'turn')}"
    agents = f", {counted(total['sub_agents'], 'sub-agent')}" if total["sub_agents"] else ""
    lines = [f"{total['since'][:10]} to {total['until'][:10]}: {dollars(total['usd'])} at list prices", about + agents]
    if total["through"]:
        beside = dollars(total["beside_usd"])
        lines.append(
            f"{total['through']:,} of them came through bursar, so {noun(total['through'], 'it', 'they')} "
            f"{noun(total['through'], 'stands', 'stand')} in its ledger; all others come to {beside}"
        )
    if total["unpriced"]:
        lines.append(
            f"{counted(total['unpriced'], 'request')} without a price of {noun(total['unpriced'], 'its', 'their')} own "
            f"(see below), in no sum; at the highest rates they would come to {dollars(total['unpriced_usd'])}"
        )
    if total["untaken"]:
        lines.append(f"{counted(total['untaken'], 'request')} without a tier")
    return [*lines, LEFT_OUT]


def _table(title: str, rows: list[dict[str, Any]]) -> str:
    lines = [(title, "requests", "through bursar", "prompt tokens", "from cache", "output", "list price")]
    for row in rows:
        prompt = row["input"] + row["cache_write_5m"] + row["cache_write_1h"] + row["cache_read"]
        cached = f"{row['cache_read'] / prompt:.0%}" if prompt else "-"
        price = dollars(row["usd"])
        if row["unpriced"]:
            price = "no price" if row["unpriced"] == row["requests"] else f"{price} + {row['unpriced']:,} unpriced"
        counts = (f"{row['requests']:,}", f"{row['through']:,}", f"{prompt:,}", cached, f"{row['output']:,}")
        lines.append((plain(row["name"]) or "-", *counts, price))
    return columns(lines, frozenset(range(1, 7)))


def _in_dollars(row: dict[str, Any]) -> dict[str, Any]:
    amounts = {_usd(name): Money(row[name]).exact() for name in _AMOUNTS}
    return {name: value for name, value in row.items() if name not in _AMOUNTS} | amounts


def _usd(name: str) -> str:
    return {"picos": "usd", "picos_beside": "beside_usd", "unpriced_picos": "unpriced_usd"}[name]
