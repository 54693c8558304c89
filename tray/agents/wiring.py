"""Wiring: what connecting an agent would change, shown before it is done; and what undoing it would."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tray.agents import textfile
from tray.agents.agent import Agent, Environ, address_in
from tray.agents.detours import excepting, proxied
from tray.agents.hookline import EVENTS, HookLine
from tray.agents.jsonedit import Wish, apply, undo
from tray.agents.jsontext import NotJson, parse
from tray.agents.record import Record, Wired
from tray.agents.textfile import COPY, CannotEdit, TextFile
from tray.keys import is_loopback

_SECRET = re.compile(r'("[^"]*(?:TOKEN|KEY|SECRET|PASSWORD|HEADERS|CREDENTIAL)[^"]*"\s*:\s*)"(?:[^"\\]|\\.)*"', re.I)


@dataclass(frozen=True, slots=True)
class Plan:
    """A change that is not made yet: the file as it is and as it would be, and what is to be said about it."""

    agent: Agent
    now: TextFile
    then: TextFile
    wired: Wired | None
    """The entry of the record afterwards; None when it is undone."""
    notes: tuple[str, ...] = ()
    gateway: str = ""
    """An address of the person's own that connecting would put out of use."""
    leads_here: bool = False
    """Whether the agent goes through bursar even once this is undone; a note says how to mend that."""

    @property
    def is_empty(self) -> bool:
        """Tell whether the file would stay as it is."""
        return self.now.content == self.then.content

    @property
    def diff(self) -> str:
        """Show the change as a person reads it; keys and tokens that stand beside it are not shown."""
        name = str(self.now.path)
        before, after = self.now.text.splitlines(), self.then.text.splitlines()
        names = (
            "(missing)" if self.now.content is None else name,
            "(taken away)" if self.then.content is None else name,
        )
        lines = difflib.unified_diff(before, after, *names, lineterm="", n=2)
        return "\n".join(_SECRET.sub(r'\1"…"', line) for line in lines)


def connecting(
    agent: Agent, environ: Environ, record: Record, *, port: int, cloud: str, hook: HookLine | None, at: str
) -> Plan:
    """Plan to lead an agent through bursar at `port`; `hook` has it revived (None: nothing does), `at` is now.

    Raises CannotEdit for a file that cannot be edited, and says where and why.
    """
    path = agent.file(environ)
    now = textfile.read(path)
    earlier = record.get(agent.name)
    if earlier and earlier.file != path:
        raise CannotEdit(f"{earlier.file} is connected; first: bursar disconnect {agent.name}")
    base = _without(now, earlier)[0] if earlier else now
    try:
        settings = _value(base)
        wishes = _wishes(agent, environ, settings, port, hook)
        text, edits = base.text, []
        for wish in wishes:
            text, edit = apply(text, wish)
            edits += [edit] if edit else []
    except NotJson as error:
        raise CannotEdit(f"{path}, {error}; mend that, then try again") from None
    url, before = agent.url(port), address_in(settings, agent)
    previous = before or environ.get("ANTHROPIC_BASE_URL", "")
    gateway = "" if _is_same(previous, url) or _is_same(previous, cloud + agent.suffix) else previous
    direct = previous if previous and not _is_same(previous, url) else cloud + agent.suffix
    # A file that is as wished already was left so by a bursar whose record is lost: its copy says how it was before.
    keeps_copy = bool(edits) and now.content is not None
    backup = earlier.backup if earlier else _copy_of(path) if keeps_copy else None
    fingerprint = earlier.before if earlier else now.fingerprint
    wired = Wired(path, url, direct, tuple(edits), fingerprint, backup, earlier.since if earlier else at)
    return Plan(agent, now, base.with_text(text), wired, tuple(_notes(agent, environ, settings, hook)), gateway)


def disconnecting(agent: Agent, environ: Environ, record: Record) -> Plan:
    """Plan to undo what the record says of an agent; raises CannotEdit if it says nothing."""
    wired = record.get(agent.name)
    if wired is None:
        lost = left_behind(agent, environ, record)
        raise CannotEdit(lost or f"bursar has not connected {agent.title}, so there is nothing to undo")
    now = textfile.read(wired.file)
    if now.content is None:
        return Plan(agent, now, now, None, (f"{wired.file} is gone, and bursar does not bring it back",))
    try:
        then, left = _without(now, wired)
    except CannotEdit as error:
        raise CannotEdit(f"{error}. Undo it by hand, or from {wired.backup}") from None
    address = address_in(_value(then), agent)
    leads_here = bool(address) and address == wired.url
    notes = (*left, _way_out(agent, then, record)) if leads_here else tuple(left)
    return Plan(agent, now, then, None, notes, leads_here=leads_here)


def left_behind(agent: Agent, environ: Environ, record: Record) -> str:
    """Say what leads an agent through bursar of which the record knows nothing; empty if nothing does."""
    try:
        file = textfile.read(agent.file(environ))
        address = address_in(_value(file), agent)
    except (CannotEdit, OSError):
        return ""
    is_bursars = _names_record(file, record) or _copy_of(file.path).exists()
    return _way_out(agent, file, record) if is_bursars and is_loopback(address) else ""


def _way_out(agent: Agent, file: TextFile, record: Record) -> str:
    """Tell a person how to undo by hand what bursar cannot."""
    lines = ".".join(agent.address) + (" and the hooks that name bursar" if _names_record(file, record) else "")
    copy = _copy_of(file.path)
    kept = f"; the file as it was before bursar is {copy}" if copy.exists() else ""
    address = address_in(_value(file), agent)
    return (
        f"{agent.title} still goes to {address}: {file.path} says so, and bursar has no record of having written it. "
        f"Take out {lines} by hand{kept}"
    )


def _names_record(file: TextFile, record: Record) -> bool:
    return record.path.as_posix() in file.text


def _copy_of(path: Path) -> Path:
    return path.with_name(path.name + COPY)


def carry_out(plan: Plan, record: Record) -> None:
    """Make the change, one at a time among all processes. Raises CannotEdit, OSError; then nothing was changed."""
    with record.changing():
        textfile.check_same(plan.now)
        earlier = record.get(plan.agent.name)
        if plan.wired is None:
            _undo(plan, record, earlier)
        else:
            _do(plan, plan.wired, record, earlier)


def _undo(plan: Plan, record: Record, earlier: Wired | None) -> None:
    if not plan.is_empty:
        textfile.replace(plan.now, plan.then)
    record.put(plan.agent.name, None)
    if earlier and earlier.backup and earlier.before == plan.then.fingerprint:
        earlier.backup.unlink(missing_ok=True)  # The file is as it was: the copy says nothing more.


def _do(plan: Plan, wired: Wired, record: Record, earlier: Wired | None) -> None:
    """Write the copy first, then the record, then the file."""
    if earlier is None and wired.backup is not None:
        textfile.keep_copy(plan.now, wired.backup)
    record.put(plan.agent.name, wired)
    if plan.is_empty:
        return
    try:
        textfile.replace(plan.now, plan.then)
    except (CannotEdit, OSError):
        record.put(plan.agent.name, earlier)
        if earlier is None and wired.backup is not None:
            wired.backup.unlink(missing_ok=True)
        raise


def readdressed(agent: Agent, wired: Wired, *, aside: bool, url: str = "") -> tuple[Plan, bool]:
    """Plan to send an agent past bursar (`aside`) or back to it, at another address if one is given.

    The second value tells whether the address in the file is still ours to change.
    """
    now = textfile.read(wired.file)
    stands = wired.direct if wired.aside else wired.url
    target = wired.direct if aside else url or wired.url
    edits = tuple(replace(edit, value=url or wired.url) if edit.path == agent.address else edit for edit in wired.edits)
    after = replace(wired, url=url or wired.url, aside=aside, edits=edits)
    if now.content is None or address_in(_value(now), agent) != stands:
        return Plan(agent, now, now, replace(wired, aside=False)), False
    text, _ = apply(now.text, Wish(agent.address, target))
    return Plan(agent, now, now.with_text(text), after), True


def _without(now: TextFile, wired: Wired) -> tuple[TextFile, list[str]]:
    """Take our edits out of a file, the last one first; says what was left because somebody changed it."""
    try:
        text, left = now.text, []
        for edit in reversed(wired.edits):
            mine = replace(edit, value=wired.direct) if wired.aside and edit.value == wired.url else edit
            text, outcome = undo(text, mine)
            if outcome == "changed":
                left.append(f"{'.'.join(edit.path)} was changed since, by hand or by a program; it stays as it is")
    except NotJson as error:
        raise CannotEdit(f"{wired.file}, {error}") from None
    was_missing = not wired.before
    return (TextFile(now.path, None) if was_missing and not text else now.with_text(text)), left


def _wishes(agent: Agent, environ: Environ, settings: Any, port: int, hook: HookLine | None) -> list[Wish]:
    wishes = [Wish(agent.address, agent.url(port))]
    if not agent.has_hooks:
        return wishes
    env = settings.get("env") if isinstance(settings, dict) else {}
    whole = {**environ, **(env if isinstance(env, dict) else {})}
    if proxied(whole):
        name, value = excepting(whole)
        wishes.append(Wish(("env", name), value))
    if hook:
        wishes += [Wish(("hooks", event), hook.entry(agent, event, port), is_listed=True) for event in EVENTS]
    return wishes


def _notes(agent: Agent, environ: Environ, settings: Any, hook: HookLine | None) -> list[str]:
    if not agent.has_hooks:
        return [f"{agent.title} cannot start bursar by itself: bursar has to run while you use it (bursar startup on)"]
    is_off = isinstance(settings, dict) and settings.get("disableAllHooks") is True
    if is_off or not hook:
        why = "disableAllHooks is set" if is_off else "without the hooks"
        return [f"{why}, so Claude Code cannot start bursar by itself: bursar has to run while you use it"]
    return []


def _value(file: TextFile) -> Any:
    try:
        root = parse(file.text)
    except NotJson as error:
        raise CannotEdit(f"{file.path}, {error}; mend that, then try again") from None
    return root.value if root else {}


def _is_same(address: str, other: str) -> bool:
    """Tell whether two addresses lead to the same server; an empty one leads anywhere."""
    if not address:
        return True
    one, two = urlsplit(address), urlsplit(other)
    local = {"localhost": "127.0.0.1"}
    return (one.scheme, local.get(one.hostname or "", one.hostname), one.port) == (
        two.scheme,
        local.get(two.hostname or "", two.hostname),
        two.port,
    )
