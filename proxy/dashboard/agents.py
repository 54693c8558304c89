"""Agents: who goes through bursar, and a change to an agent's settings, which is shown before it is made."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, request, url_for

from proxy.agentwires import AgentWires, Verb
from proxy.dashboard.pages import page, pages
from proxy.desk import RequestError, counter


@pages.get("/settings/agents")
def agents() -> Any:
    """List the agents that are here."""
    wires = counter().desk.wires
    if wires is None:
        abort(404)
    return page("agents.html", agents=wires.wires(), done=request.args.get("done") == "1", problem="")


@pages.get("/settings/agents/<name>/<any(connect, disconnect):verb>")
def agent_change(name: str, verb: Verb) -> Any:
    """Show what would change."""
    try:
        change = _wires().change(name, verb)
    except RequestError as error:
        return page("agents.html", agents=_wires().wires(), done=False, problem=str(error)), 400
    return page("agent_change.html", change=change, verb=verb)


@pages.post("/settings/agents/<name>/<any(connect, disconnect):verb>")
def make_agent_change(name: str, verb: Verb) -> Any:
    """Make the change that was shown; if it would be another one by now, nothing is changed."""
    through = request.form.get("gateway") == "through"
    try:
        _wires().make(name, verb, request.form.get("seal", ""), through_gateway=through)
    except RequestError as error:
        return page("agents.html", agents=_wires().wires(), done=False, problem=str(error)), 400
    return redirect(url_for("dashboard.agents", done=1), 303)


def _wires() -> AgentWires:
    wires = counter().desk.wires
    if wires is None:
        raise RequestError("agents are not looked for here")
    return wires
