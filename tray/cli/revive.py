"""bursar revive: what an agent's hook runs when bursar does not answer – it is brought up, or steps aside.

Measured with Claude Code 2.1.329: it waits for it, and takes a changed address over from its settings file within 0.6
to 1 s, also in a session that runs – but not a change that was there before it began to watch the file, a second or
more after its start. An address that is taken out it keeps, so stepping aside writes the one behind bursar. Hooks see
in their environment what it goes by. SessionStart cannot stop a session, UserPromptSubmit can stop a prompt and say
why; what either says as `systemMessage` stands in the conversation.
"""

from __future__ import annotations

import os
import time
from typing import Literal

import click

from budget.trouble import LedgerUnavailable
from tray.agents.agent import AGENTS, Agent
from tray.agents.leave import kept_from_claude
from tray.agents.record import Record, Wired
from tray.agents.textfile import CannotEdit
from tray.agents.wiring import carry_out, readdressed
from tray.cli.agentplace import around, record_of
from tray.cli.place import IN_THE_WAY, Failure, Place
from tray.cli.run import start_in_background
from tray.cli.show import json_text
from tray.control import Control
from tray.files import UnsafeFileError
from tray.projectfile import ProjectFiles
from tray.settings import Settings, SettingsError

TOUCHES, TOUCH_S = 3, 1.2
"""How often a changed file is touched, in case that nobody watched it yet, and how long a touch is given to work."""
OTHER_START_S = 15.0
"""How long another process is given that is starting bursar already."""
NOT_FOR_US = ("ANTHROPIC_", "CLAUDE")
"""What bursar does not get of an agent's environment: its keys, above all."""


@click.command(hidden=True, short_help="Bring bursar up for an agent, or step aside.")
@click.argument("agent", type=click.Choice([*AGENTS]))
@click.argument("event", type=click.Choice(["SessionStart", "UserPromptSubmit"]))
@click.pass_obj
def revive(place: Place, agent: str, event: Literal["SessionStart", "UserPromptSubmit"]) -> int:
    """Bring bursar up for an agent that is about to ask it; if it cannot start, let the agent go on without it."""
    believed = place.environ.get("ANTHROPIC_BASE_URL", "") if event == "UserPromptSubmit" else None
    place.environ = {name: value for name, value in place.environ.items() if not name.startswith(NOT_FOR_US)}
    record, wanted = record_of(place), AGENTS[agent]
    wired = record.get(agent)
    try:
        control = place.running() or _started(place)
    except (Failure, SettingsError, UnsafeFileError, OSError) as error:
        said = _left_alone(place, record, wanted, wired, str(error), believed)
    else:
        url = wanted.url(control.owner.ports["proxy"])
        try:
            said = _taken_back(record, wanted, wired, url, believed) if wired else {}
        except (CannotEdit, OSError) as error:  # Another session may be at it just now; the next prompt tries again.
            said = {"systemMessage": f"bursar runs again, but {wanted.title} still goes past it: {error}"}
    if said:
        click.echo(json_text(said))
    return 0


def _started(place: Place) -> Control:
    """Start bursar; where another session does that just now, wait for it."""
    try:
        return start_in_background(place)
    except Failure as error:
        until = time.monotonic() + OTHER_START_S
        # The other in the way may also be a stranger on our port, and then there is nothing to wait for.
        while error.code == IN_THE_WAY and "already running" in str(error) and time.monotonic() < until:
            time.sleep(0.05)
            control = place.running()
            if control is not None:
                return control
        raise


def _taken_back(record: Record, agent: Agent, wired: Wired, url: str, believed: str | None) -> dict[str, str]:
    """Lead the agent to bursar again after bursar had stepped aside, or has moved to another port."""
    if not wired.aside and wired.url == url:
        return {}
    plan, is_ours = readdressed(agent, wired, aside=False, url=url)
    carry_out(plan, record)
    if not is_ours:
        return {}
    _have_noticed(wired, url, believed)
    return {"systemMessage": "bursar is back: requests go through it again."}


def _left_alone(
    place: Place, record: Record, agent: Agent, wired: Wired | None, why: str, believed: str | None
) -> dict[str, str]:
    """Step aside if nothing is against it, else stop the prompt; either way the person is told."""
    cannot = f"bursar cannot start: {why}"
    kept = _kept_from_claude(place)
    if not kept and wired is not None:
        try:
            plan, is_ours = readdressed(agent, wired, aside=True)
            carry_out(plan, record)
        except (CannotEdit, OSError) as error:
            kept = str(error)
        else:
            if is_ours:
                _have_noticed(wired, wired.direct, believed)
            if wired.aside and believed is not None:
                return {}  # It was said when the session began, or before.
            told = f"{cannot}. It steps aside: requests go to {wired.direct}, unmetered, until it starts again"
            return {"systemMessage": f"{told} (bursar doctor says what is wrong)."} if is_ours else {}
    if believed is None:
        return {"systemMessage": f"{cannot}."}
    kept = kept or f"its record of {agent.title}'s settings, {record.path}, is gone"
    way_out = f"Run: bursar doctor – or, to go on without it: bursar disconnect {agent.name}"
    return {"decision": "block", "reason": f"{cannot}. It does not step aside, because {kept}. {way_out}"}


def _have_noticed(wired: Wired, address: str, believed: str | None) -> None:
    """Give the agent time to take a changed address over; `believed` is what it goes by, None at its start."""
    if believed == address:
        return
    for _ in range(TOUCHES):
        time.sleep(TOUCH_S)
        os.utime(wired.file)


def _kept_from_claude(place: Place) -> str:
    settings: Settings | None
    try:
        settings = place.settings()
    except (SettingsError, UnsafeFileError, OSError):
        settings = None
    try:
        project = ProjectFiles(time.monotonic).project(around(place).project)
        return kept_from_claude(place.paths, place.clock, settings, project)
    except (LedgerUnavailable, OSError, ValueError) as error:
        return f"it cannot tell whether it may ({error})"
