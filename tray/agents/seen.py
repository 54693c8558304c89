"""Which agents are here, and whether they go through bursar."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tray.agents import textfile
from tray.agents.agent import AGENTS, CLAUDE_CODE, NO_CODEX, Agent, address_in
from tray.agents.detours import GO_AROUND, Around, detours
from tray.agents.jsontext import NotJson, parse
from tray.agents.record import Record, Wired
from tray.agents.textfile import CannotEdit

State = Literal["connected", "aside", "elsewhere", "overridden", "unreadable", "not connected", "impossible"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One agent as it stands: its settings file, where its requests go, and why."""

    agent: str
    title: str
    found: bool
    state: State
    file: str
    address: str
    says: str

    def as_json(self) -> dict[str, Any]:
        """Give it for `--json`."""
        return asdict(self)


def agents_seen(record: Record, around: Around, port: int) -> Iterator[Seen]:
    """Look at every agent."""
    known = record.all()
    for agent in AGENTS.values():
        yield seen(agent, known.get(agent.name), around, port)
    if shutil.which("codex", path=around.environ.get("PATH", "")):
        yield Seen("codex", "codex", True, "impossible", "", "", NO_CODEX.partition(";")[0])


def seen(agent: Agent, wired: Wired | None, around: Around, port: int) -> Seen:
    """Look at one agent; `port` is where bursar serves agents, or would."""
    path, url = agent.file(around.environ), agent.url(port)
    try:
        root = parse(textfile.read(path).text)
    except (CannotEdit, NotJson, OSError) as error:
        says = f"{path}, {error}" if isinstance(error, NotJson) else str(error)
        return Seen(agent.name, agent.title, True, "unreadable", str(path), "", says)
    settings = root.value if root else {}
    address = address_in(settings, agent)
    state, says = _judged(agent, wired, around, settings, url)
    return Seen(agent.name, agent.title, agent.is_here(around.environ), state, str(path), address, says)


def _judged(agent: Agent, wired: Wired | None, around: Around, settings: Any, url: str) -> tuple[State, str]:
    address, title = address_in(settings, agent), agent.title
    if wired and wired.aside and address == wired.direct:
        return "aside", f"bursar could not start, so {title} goes straight to {address} for now, unmetered"
    if address.rstrip("/") == url:
        detour = next(detours(agent, around, settings, url), None)
        if detour is not None:
            return "overridden", detour.says
        return "connected", "through bursar" if wired else "through bursar, by a line that bursar did not write"
    stronger = next((each for each in detours(agent, around, settings, url) if each.address), None)
    if stronger is not None:
        return ("connected" if stronger.address.rstrip("/") == url else "elsewhere"), stronger.says
    if address:
        ours = f", where bursar was when it was connected; now it is at {url}" if wired and address == wired.url else ""
        return "elsewhere", f"its settings send it to {address}{ours}"
    if agent is CLAUDE_CODE:
        by_variable = around.environ.get("ANTHROPIC_BASE_URL", "")
        if by_variable.rstrip("/") == url:
            return "connected", "through bursar, by ANTHROPIC_BASE_URL in this environment only"
        if by_variable:
            return "elsewhere", f"ANTHROPIC_BASE_URL in this environment sends it to {by_variable}"
        around_us = next((name for name in GO_AROUND if around.environ.get(name)), None)
        if around_us:
            return "elsewhere", f"{around_us} is set, so it does not ask Claude's API"
    return "not connected", "straight to Claude, unmetered" if agent is CLAUDE_CODE else "not through bursar"
