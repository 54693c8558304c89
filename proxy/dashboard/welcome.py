"""Welcome: what a new bursar found, and what a person chooses first. Nothing is changed before they say so."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for

from budget.imported import usual_day
from budget.words import MEANS
from pricing.money import Money
from proxy.around import Import
from proxy.dashboard.pages import books, is_part, page, pages
from proxy.dashboard.today import MODES
from proxy.desk import RequestError, counter
from proxy.localjson import locals_json
from proxy.switches import choose_mode

PRESETS = ("1", "2", "5", "10", "20", "40", "50", "100")
"""The tray's, and what people spend who have not kept a budget so far."""
OTHER = "other"
FIRST_MODES = tuple(sorted(MODES, key=lambda mode: mode[0] != "observe"))
"""What a new bursar does stands first."""
DONE = {
    "choices": "Budget and mode are set.",
    "login-on": "bursar starts when you log in.",
    "login-off": "bursar does not start when you log in.",
}


@pages.get("/welcome")
def welcome() -> Any:
    """Show what was found and what can be chosen, or only how far the import is."""
    if is_part():
        return page("welcome_past.html", progress=_progress())
    return _shown(done=DONE.get(request.args.get("done", ""), ""))


@pages.post("/welcome/choices")
def choose() -> Any:
    """Set the budget and the mode; if the budget is none, nothing is changed and the page says why."""
    chosen, own, was = (request.form.get(name, "").strip() for name in ("budget", "own", "was"))
    # Who writes an amount means it, whichever button is pressed beside it.
    text = own.removeprefix("$") if chosen == OTHER or own not in ("", was) else chosen
    problem = _set_budget(text)
    if problem:
        return _shown(problem=problem, own=text, chosen=OTHER), 400
    choose_mode(counter().services, request.form.get("mode"))
    return redirect(url_for("dashboard.welcome", done="choices") + "#choices", 303)


@pages.post("/welcome/import")
def import_logs() -> Any:
    """Begin to import the agent's own logs."""
    around = counter().desk.around
    if around:
        around.import_logs()
    return redirect(url_for("dashboard.welcome") + "#past", 303)


@pages.post("/welcome/login")
def login() -> Any:
    """Have bursar start at login, or no longer."""
    around, on = counter().desk.around, request.form.get("on") == "1"
    if around:
        try:
            around.start_at_login(on)
        except OSError as error:
            raise RequestError(str(error)) from error
    return redirect(url_for("dashboard.welcome", done=f"login-{'on' if on else 'off'}") + "#login", 303)


def _shown(done: str = "", problem: str = "", own: str = "", chosen: str = "") -> str:
    services, around = counter().services, counter().desk.around
    limits = services.ledger.today().limits
    usual = books(lambda: usual_day(services.ledger.file))
    wish = Money.usd(usual.budget) if usual and not _is_budget_set() else limits.budget
    presets = sorted({*PRESETS, *([usual.budget] if usual else [])}, key=int)
    budget = next((usd for usd in presets if Money.usd(usd) == wish), OTHER)
    was = limits.budget.exact() if budget == OTHER else ""
    return page(
        "welcome.html",
        done=done,
        problem=problem,
        presets=presets,
        usual=usual,
        chosen=chosen or budget,
        own=own or was,
        was=was,
        limits=limits,
        modes=[(name, label, MEANS[name]) for name, label in FIRST_MODES],
        agents=around.agents() if around else (),
        around=around,
        wires=counter().desk.wires,
        locals=locals_json(services.locals),
        machine=None if services.local_costs is None else services.local_costs.facts(),
        logs=around.logs() if around else None,
        progress=_progress(),
    )


def _is_budget_set() -> bool:
    """Tell whether a person chose a budget before; a config file that cannot be read is taken for one that says so."""
    try:
        return bool(counter().desk.settings()["budget"].text)
    except RequestError:
        return True


def _progress() -> Import:
    """Tell how far the import is."""
    around = counter().desk.around
    return around.importing() if around else Import()


def _set_budget(text: str) -> str:
    """Write the budget into the config file; gives what is wrong with it."""
    if not text:
        return "Write an amount in dollars."
    problems = counter().desk.change_settings({"budget": text})
    return " ".join(problems.values())
