"""bursar connect, bursar disconnect: lead an agent through bursar by its own settings, and back."""

from __future__ import annotations

import sys
from typing import Any

import click

from tray.agents.agent import AGENTS, NO_CODEX, Agent
from tray.agents.record import Record
from tray.agents.seen import agents_seen
from tray.agents.shells import SHELLS, lines_for, shell_of
from tray.agents.wiring import Plan, carry_out, connecting, disconnecting, left_behind
from tray.cli.agentplace import around, hook_of, port_of, record_of, told
from tray.cli.place import FAILED, USAGE, Failure, Place
from tray.cli.show import as_json, columns, put
from tray.config_file import change
from tray.zone import system_zone

_FOLLOW = "sessions that run already follow within a second or two"
_STAY = "sessions that run already keep going through bursar until they end"
_NEXT = "sessions that run already go on as they began"
sure = click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
dry = click.option("--dry-run", "is_dry", is_flag=True, help="Only show what would change.")


@click.command(short_help="Lead an agent through bursar by its settings; without a name, say how agents stand.")
@click.argument("agent", required=False, type=click.Choice([*AGENTS, "codex", "env"]))
@sure
@dry
@click.option("--no-hook", is_flag=True, help="Claude Code shall not start bursar when it needs it.")
@click.option("--through-gateway", "gateway", flag_value="through", help="Send on to the gateway that is set now.")
@click.option("--without-gateway", "gateway", flag_value="without", help="Leave that gateway; ask Claude's API itself.")
@click.option("--shell", type=click.Choice(SHELLS), help="With env: the shell to write for.")
@as_json
@click.pass_obj
def connect(
    place: Place,
    agent: str | None,
    is_sure: bool,
    is_dry: bool,
    no_hook: bool,
    gateway: str | None,
    shell: str | None,
    is_json: bool,
) -> int:
    """Lead an agent through bursar by its own settings file: bursar connect claude-code

    The change is shown first; a copy of the file is kept beside it, and bursar disconnect undoes exactly what was done.
    env prints lines for your shell and changes nothing. Without a name: which agents are here, and where they go.
    """
    record, port = record_of(place), port_of(place)
    if agent is None:
        return _list(place, record, port, is_json=is_json)
    if agent == "codex":
        raise Failure(NO_CODEX)
    if agent == "env":
        lines = lines_for(shell or shell_of(place.environ), place.environ, port)
        put({"lines": lines}, is_json=is_json, words=lambda said: "\n".join(said["lines"]))
        return 0
    _sure_enough(is_json=is_json, is_sure=is_sure, is_dry=is_dry)
    hook = None if no_hook else hook_of(place)
    wanted = AGENTS[agent]
    cloud = place.settings().cloud.url
    at = place.clock().isoformat()
    plan = told(lambda: connecting(wanted, place.environ, record, port=port, cloud=cloud, hook=hook, at=at))
    if not is_json:
        click.echo(plan.diff or f"{plan.now.path} leads {wanted.title} through bursar already; nothing to change.")
    through = _through_gateway(plan, cloud, gateway, asks=not (is_sure or is_dry))
    if not is_dry:
        _agreed(plan, is_sure=is_sure)
        if through:
            _send_on(place, through.removesuffix(wanted.suffix))
        try:
            told(lambda: carry_out(plan, record))
        except (Failure, OSError):
            if through:
                _send_on(place, cloud)
            raise
    put(
        _as_json(plan, "connected", is_dry=is_dry),
        is_json=is_json,
        words=lambda _: "\n".join(_said(plan, "connected", is_dry=is_dry)),
    )
    return 0


@click.command(short_help="Undo what connect did to an agent's settings.")
@click.argument("agent", required=False, type=click.Choice([*AGENTS]))
@sure
@dry
@as_json
@click.pass_obj
def disconnect(place: Place, agent: str | None, is_sure: bool, is_dry: bool, is_json: bool) -> int:
    """Undo what connect did: in one agent's settings, or in all. bursar need not run.

    What you changed there by hand since then stays, also where it stands in the place of ours.
    """
    record = record_of(place)
    _sure_enough(is_json=is_json, is_sure=is_sure, is_dry=is_dry)
    known = [*told(record.all)]
    names = [agent] if agent else known
    lost = [] if agent else _lost(place, record, known)
    done = [_undone(place, AGENTS[name], record, is_sure=is_sure, is_dry=is_dry, is_json=is_json) for name in names]
    if is_json:
        put({"disconnected": done, "left": lost}, is_json=True, words=str)
    elif lost or not names:
        click.echo("\n".join(lost) or "no agent is connected by bursar")
    return FAILED if lost or any(each["leads_here"] for each in done) else 0


def _lost(place: Place, record: Record, known: list[str]) -> list[str]:
    """Say which agents go through bursar though its record does not know them any more."""
    others = [agent for name, agent in AGENTS.items() if name not in known]
    return [said for agent in others if (said := left_behind(agent, place.environ, record))]


def _undone(
    place: Place, agent: Agent, record: Record, *, is_sure: bool, is_dry: bool, is_json: bool
) -> dict[str, Any]:
    plan = told(lambda: disconnecting(agent, place.environ, record))
    if not is_json and plan.diff:
        click.echo(plan.diff)
    if not is_dry:
        _agreed(plan, is_sure=is_sure)
        told(lambda: carry_out(plan, record))
    if not is_json:
        click.echo("\n".join(_said(plan, "disconnected", is_dry=is_dry)))
    return _as_json(plan, "disconnected", is_dry=is_dry)


def _list(place: Place, record: Record, port: int, *, is_json: bool) -> int:
    found = told(lambda: [*agents_seen(record, around(place), port)])
    put({"port": port, "agents": [each.as_json() for each in found]}, is_json=is_json, words=_words)
    return 0


def _words(said: dict[str, Any]) -> str:
    rows = [
        (
            each["agent"],
            each["state"] if each["found"] else "not found",
            each["says"] if each["found"] else each["file"],
        )
        for each in said["agents"]
    ]
    lines = [columns(rows)]
    waiting = [each["agent"] for each in said["agents"] if each["found"] and _can_be_led(each)]
    lines += [f"to connect: bursar connect {name}" for name in waiting[:1]]
    return "\n".join(lines)


def _can_be_led(seen: dict[str, Any]) -> bool:
    """Tell whether connecting helps: its own settings lead it elsewhere, or nowhere, and nothing stronger does."""
    by_settings = seen["address"] and f"its settings send it to {seen['address']}" in seen["says"]
    return seen["state"] == "not connected" or bool(seen["state"] == "elsewhere" and by_settings)


def _through_gateway(plan: Plan, cloud: str, wish: str | None, *, asks: bool) -> str:
    """Settle what becomes of an address of the person's own; gives it if bursar is to send on to it."""
    if not plan.gateway or plan.is_empty:
        return ""
    said = f"{plan.agent.title} goes to {plan.gateway} now; bursar would send its requests to {cloud} instead"
    if wish is None and not asks:
        raise Failure(
            f"{said}. Nothing was changed; choose: --through-gateway makes it bursar's own way to Claude "
            "([cloud] url), --without-gateway leaves it"
        )
    if wish is None:
        click.echo(f"{said}.")
        wish = "through" if click.confirm(f"Shall bursar send on to {plan.gateway}?", default=True) else "without"
    return plan.gateway if wish == "through" else ""


def _send_on(place: Place, gateway: str) -> None:
    change(place.paths.config_file, {"cloud.url": gateway}, system_zone)
    running = place.running()
    if running is not None:
        running.post("/api/reload")


def _sure_enough(*, is_json: bool, is_sure: bool, is_dry: bool) -> None:
    if is_json and not (is_sure or is_dry):
        raise Failure("with --json nobody is asked: add --yes, or --dry-run", USAGE)


def _agreed(plan: Plan, *, is_sure: bool) -> None:
    if is_sure or plan.is_empty:
        return
    if not sys.stdin.isatty():
        raise Failure("nothing was changed; to change it without a question: --yes", FAILED)
    if not click.confirm(f"Change {plan.now.path}?", default=True):
        raise Failure("nothing was changed")


def _as_json(plan: Plan, did: str, *, is_dry: bool) -> dict[str, Any]:
    return {
        "agent": plan.agent.name, did: not is_dry and not plan.leads_here, "leads_here": plan.leads_here,
        "changed": not is_dry and not plan.is_empty,
        "file": str(plan.now.path), "diff": plan.diff, "notes": list(plan.notes),
        "gateway": plan.gateway, "backup": str(plan.wired.backup) if plan.wired and plan.wired.backup else None,
    }  # fmt: skip


def _said(plan: Plan, did: str, *, is_dry: bool) -> list[str]:
    if is_dry:
        return [*plan.notes, "nothing was changed"]
    sessions = _FOLLOW if plan.wired else _STAY
    if plan.leads_here:
        return [*plan.notes]
    lines = [*plan.notes, f"{plan.agent.title} is {did}; {sessions if plan.agent.has_hooks else _NEXT}"]
    if plan.wired:
        copy = f"; a copy of the file as it was: {plan.wired.backup}" if plan.wired.backup else ""
        lines.append(f"to undo it: bursar disconnect {plan.agent.name}{copy}")
    return lines
