"""What `bursar explain` prints: what was read, why it went where it went, what followed, what would have changed it."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from budget.words import end
from pricing.figures import counted
from tray.cli.show import columns, fine_dollars, local_cost, local_time, plain

Json = dict[str, Any]
Rows = Iterator[tuple[str, str]]

WIDTH = 100
"""Characters of a line beside its label."""
KINDS = {
    "secret": "what looks like a secret",
    "path": "a restricted path",
    "side": "known by its form",
    "scan": "the scan did not end, so it is taken for restricted",
}
"""What a person is told of a reason, by the beginning of its rule's name."""
TURNS = {"new": "a new request", "continuation": "a continuation of its turn", "side": "a side request"}


def words(found: Json) -> str:
    """Print an explanation for a person."""
    if found["forgotten"]:
        parts = [_head(found), _remembered(found), _followed(found), [("", found["forgotten"])]]
    else:
        parts = [_head(found), _read(found), _task(found), _hand(found), _gate(found["gate"]), _locals(found)]
        parts += [_decision(found), _followed(found), _changes(found)]
    return columns([row for part in parts for label, text in part for row in _wrapped(label, plain(text))])


def _wrapped(label: str, text: str) -> Rows:
    indent = " " * (len(text) - len(text.lstrip()))
    lines = wrap(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    yield from ((label if number == 0 else "", line) for number, line in enumerate(lines))


def _head(found: Json) -> Rows:
    model = found["read"]["model_asked"]
    if found["request"] is None:
        yield "Request", f"not sent: what would become of it now; it asks for {model}"
        return
    yield "Request", f"{found['request']} of {local_time(found['at'], '%a %H:%M:%S')}, which asked for {model}"


def _remembered(found: Json) -> Rows:
    yield "Taken for", f"{found['task']['class'] or 'unknown'}, {found['task']['tier']}"
    yield "Mode", f"{found['mode']}, band {found['band']}"
    yield "Because", found["decision"]["reason"]


def _read(found: Json) -> Rows:
    read = found["read"]
    has = [name for name, there in (("tools", read["has_tools"]), ("images", read["has_images"])) if there]
    length = counted(read["words"], "word") if read["words"] > 1 else counted(read["characters"], "character")
    turn = f"{TURNS[read['turn']]} ({read['side']})" if read["side"] else TURNS[read["turn"]]
    yield "Read", f"{turn} of {length}; in all about {read['tokens']:,} tokens, {' and '.join(has) or 'no tools'}"
    for name in ("session", "agent", "project"):
        if read[name]:
            yield "", f"{name} {read[name]}"
    for only in read["cloud_only"]:
        yield "", f"only Claude can take it: it has {only}"


def _task(found: Json) -> Rows:
    task = found["task"]
    yield "Taken for", f"{task['class']}, {task['tier_found']}, {task['confidence']:.0%} sure"
    for reason in task["reasons"]:
        yield "", _reason(reason)
    if task["tier"] != task["tier_found"]:
        yield "", f"{task['tier']} counts, because {_why_higher(task)}"


def _reason(reason: Json) -> str:
    kind = KINDS.get(reason["rule"].partition(".")[0], "")
    shown = f': "{reason["span"]}"' if reason.get("span") else ""
    return f"{reason['rule']} in {reason['where']}{kind and f' ({kind})'}{shown}"


def _why_higher(task: Json) -> str:
    if task["tier"] == "L3" and task["session_tier"] == "L3":
        return "its session held restricted work, and sends it again with every request"
    if task["tier"] == task["turn_tier"]:
        return "its turn was taken for that before"
    return "a rule says so"


def _hand(found: Json) -> Rows:
    """Print what people said: on this request, in rules, by the mode."""
    if found["override"]:
        yield "Overruled", f"{found['override']} was asked for"
    rule = found["rule"]
    if rule["name"]:
        yield "Rule", f"{rule['name']} ({'the project’s file' if rule['source'] == 'project' else 'your config'})"
    if found["project_file_problem"]:
        yield "Rule", f"trouble: {found['project_file_problem']}"
    stopped = ", all cloud traffic stopped" if found["stopped"] else ""
    policy = f", restricted work {found['restricted']}" if found["task"]["tier"] == "L3" else ""
    yield "Mode", f"{found['mode']}, band {found['band']}{stopped}{policy}"


def _gate(gate: Json | None) -> Rows:
    if gate is None:
        return
    sign, worth = (">", "worth it") if gate["is_worth_it"] else ("not more than", "not worth it")
    saved = f"{'-' if gate['saved_usd'].startswith('-') else ''}{fine_dollars(gate['saved_usd'].lstrip('-'))}"
    yield (
        "Cold cache",
        f"a local turn saves {saved} at Claude, {sign} the {fine_dollars(gate['cooling_usd'])} of prompt cache that it "
        f"lets go cold: {worth}",
    )


def _locals(found: Json) -> Rows:
    if found["locals"] is None:
        yield "Local", "not known"
        yield "", found["unknown"]
        return
    if not found["locals"]:
        yield "Local", "no local model was found"
    for one in found["locals"]:
        name = f"{one['upstream']}/{one['model']}" if one["model"] else one["upstream"]
        doubt = f"could take it, but {one['why']}" if one["why"] else "could take it"
        takes_s = one.get("takes_s")
        fast = f"; its first answer takes about {takes_s:,.0f} s" if one["ok"] and takes_s and not one["why"] else ""
        yield "Local", f"{name}: {doubt + fast if one['ok'] else 'could not: ' + one['why']}"


def _decision(found: Json) -> Rows:
    decision = found["decision"]
    if decision["refusal"]:
        route = f"refused: {decision['refusal']['why']}"
    else:
        route = ", else ".join(_place(route) for route in decision["routes"])
    depends = found["locals"] is None and any("a local model" in change for change in found["changes"])
    yield "Route", route + (", as far as no local model can take it" if depends else "")
    yield "Because", decision["reason"]
    if decision["would"]:
        yield "", f"mode auto would take {_place(decision['would'])}"
    if decision["escalation"] != "never":
        how = {"freely": "as soon as it is not good", "on_failure": "only if it fails"}[decision["escalation"]]
        yield "", f"a local answer goes on to Claude {how}"
    if decision["unproved"]:
        yield "", f"{_place(decision['unproved'])} would do, once its tool calls are known to work"


def _followed(found: Json) -> Rows:
    entries, line = found["followed"]["entries"], found["followed"]["log"]
    for number, entry in enumerate(entries):
        yield "" if number else "Followed", _entry(entry)
        for flag in entry["flags"]:
            yield "", f"  {flag}"
    if found["followed"]["said"]:
        yield "" if entries else "Followed", f"refused: {found['followed']['said']}"
    elif line and not entries:
        yield "Followed", f"{line['route']}: {line['outcome'] or 'under way'}; {line['reason']}"


def _entry(entry: Json) -> str:
    cost = f"local: {local_cost(entry['local'])}" if entry["is_local"] else fine_dollars(entry["charged_usd"])
    took = f" after {entry['duration_ms'] / 1000:.1f} s" if entry["duration_ms"] is not None else ""
    what = f"correction of entry {entry['corrects']}" if entry["corrects"] else _end(entry)
    return f"{local_time(entry['since'], '%H:%M:%S')}  {entry['upstream']}/{entry['model']}: {what}{took}, {cost}"


def _end(entry: Json) -> str:
    """Say how an attempt ended; of one that cost nothing at Claude, why."""
    how = end(entry["outcome"])
    if entry["outcome"] != "voided" or entry["is_local"]:
        return how
    if entry["status"] is not None:
        return f"{how}, with status {entry['status']}"
    return f"{how}, it never reached Claude" if entry["note"] == "never_sent" else how


def _changes(found: Json) -> Rows:
    label = "Otherwise"
    for change in found["changes"]:
        yield label, change
        label = ""


def _place(route: Json) -> str:
    return f"{route['upstream']}/{route['model']}" if route["is_local"] else f"Claude ({route['model']})"
