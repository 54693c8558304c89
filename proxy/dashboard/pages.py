"""Pages: who may see them, what every one of them carries, and what is shown in place of one that fails."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from flask import Blueprint, Flask, Response, g, make_response, redirect, render_template, request, url_for
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException

from budget.glance import Unreadable
from budget.trouble import LedgerUnavailable
from budget.words import MEANS, SIMULATED, end
from pricing import figures
from proxy.dashboard import shown
from proxy.dashboard.door import Visit
from proxy.desk import RequestError, counter

T = TypeVar("T")

DASHBOARD = "dashboard"
CSRF = "csrf"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not no-referrer: forms would then name their origin as "null", and the gate would refuse them.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
NAV = (
    *(("today", "Today"), ("requests", "Requests"), ("sessions", "Sessions"), ("reports", "Reports")),
    ("cache", "Cache"),
    ("models", "Models"),
)
"""The pages by their endpoints; the settings stand apart from them."""
BELOW = {
    "one_request": "requests",
    "report": "reports",
    "kept_report": "reports",
    "report_file": "reports",
    **dict.fromkeys(("save", "agents", "agent_change", "make_agent_change"), "settings"),
}
"""Pages that have no place of their own among those, and the page below which each stands."""
OPENED = (*(name for name, _ in NAV), "settings", "agents", "welcome", "keeper")
"""The pages that a link may open."""

FILTERS = (
    *(shown.usd, shown.fine, shown.count, shown.short, shown.energy, shown.took, shown.span, shown.price),
    *(shown.signed, shown.cut, shown.session, shown.last_part, shown.sentence),
    *(figures.counted, figures.noun, figures.percent, figures.percent_of, figures.share),
)

pages = Blueprint(DASHBOARD, __name__, static_folder="static", template_folder="templates")


def install(app: Flask) -> None:
    """Put the pages into an app."""
    # Each of these files adds its own pages.
    from proxy.dashboard import (  # noqa: F401
        agents,
        attempts,
        cache,
        keeper,
        models,
        reports,
        sessions,
        settings,
        today,
        welcome,
        writes,
    )

    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for plain in FILTERS:
        app.jinja_env.filters[plain.__name__] = plain
    app.jinja_env.filters["when"] = lambda at: shown.when(at, counter().services.zone(), counter().services.clock())
    for named in (shown.clock, shown.second, shown.stamp):
        app.jinja_env.filters[named.__name__] = _in_zone(named)
    app.jinja_env.filters["end"] = end
    app.register_blueprint(pages)


@pages.get("/open/<code>")
def enter(code: str) -> Any:
    """Let a browser in by a link, and show it the page that the link names with `?to=`, else today."""
    visit = counter().door.enter(code)
    if visit is None:
        return stay_out("This link was used before, or is older than two minutes.")
    wish = request.args.get("to", "")
    answer = redirect(url_for(f"dashboard.{wish if wish in OPENED else 'today'}"), 303)
    answer.set_cookie(_cookie_name(), visit.cookie, httponly=True, samesite="Strict", path="/")
    return answer


@pages.post("/sign-out")
def sign_out() -> Any:
    """Show the dashboard to this browser no more."""
    counter().door.leave(g.pop("visit"))
    answer = stay_out("You have signed out.", 200)
    answer.delete_cookie(_cookie_name(), path="/", httponly=True, samesite="Strict")
    return answer


@pages.before_request
def _check() -> Any:
    near, far = (int(request.environ.get(name) or 0) for name in ("REMOTE_PORT", "SERVER_PORT"))
    if near and counter().is_stranger_s(near, far):
        return stay_out("This bursar belongs to another user of this machine.", 403)
    if request.endpoint in ("dashboard.static", "dashboard.enter"):
        return None
    visit = _find_visit()
    if visit is None:
        return stay_out()
    g.visit = visit
    if request.method == "POST" and not visit.may_write(request.form.get(CSRF, "")):
        return page("failed.html", said="This page is too old to change anything. Load it again, then try again."), 403
    return None


@pages.after_request
def _finish(answer: Response) -> Response:
    return _with_headers(answer)


def _context() -> dict[str, Any]:
    visit, endpoint = getattr(g, "visit", None), (request.endpoint or "").rpartition(".")[2]
    return {
        "nav": NAV,
        "csrf": visit.csrf if visit else "",
        "means": MEANS,
        "version": _static_version(),
        "facts": counter().desk.facts(),
        "zone": counter().services.zone().key,
        "mode": counter().services.ledger.today().mode.value,
        "unreadable": is_unreadable(),
        "simulated": SIMULATED if counter().services.is_simulated else "",
        "here": BELOW.get(endpoint, endpoint),
    }


@pages.errorhandler(HTTPException)
def _http_error(error: HTTPException) -> Any:
    return page("failed.html", said=str(error.description)), error.code or 500


@pages.errorhandler(RequestError)
def _request_error(error: RequestError) -> Any:
    return page("failed.html", said=f"Not changed: {error}"), 400


@pages.errorhandler(LedgerUnavailable)
@pages.errorhandler(TimeoutError)
def _ledger_error(error: Exception) -> Any:
    return page("failed.html", said=f"The ledger cannot be written now: {error or 'the disk does not answer'}"), 503


def page(template: str, **values: Any) -> str:
    """Fill a page's template."""
    return render_template(template, **{**_context(), **values})


def missing(said: str) -> str:
    """Say that what an address names is not there."""
    return page("failed.html", heading="Not found", said=said)


def is_part() -> bool:
    """Tell whether only the part of a page is asked for that changes by itself."""
    return request.args.get("part") == "1"


def books(read: Callable[[], T]) -> T | None:
    """Read the ledger; None while it cannot be read, and then the page says so and shows the rest."""
    try:
        return read()
    except (Unreadable, LedgerUnavailable):
        g.unreadable = True
        return None


def ledger_file() -> Path:
    """Find the books; that they are not there while bursar runs is trouble, and not an empty ledger.

    Raises Unreadable.
    """
    file = counter().services.ledger.file
    if not file.exists():
        raise Unreadable(f"{file} is gone")
    return file


def is_unreadable() -> bool:
    """Tell whether the ledger could not be read for this page."""
    return bool(getattr(g, "unreadable", False))


def unreadable() -> tuple[str, int]:
    """Answer in the place of a page that is made of nothing but the ledger."""
    return page(
        "failed.html", heading="Not now", said="This page is made from the books. Try it again in a moment."
    ), 503


def stay_out(why: str = "", status: int = 401) -> Response:
    """Show a visitor who has no cookie how to get one."""
    return _with_headers(make_response(page("closed.html", why=why), status))


def lost_visitor() -> Response | None:
    """Answer a browser that asks for a path that is not there; None for everyone else, who has to show the token."""
    if "text/html" not in request.headers.get("accept", ""):
        return None
    visit = _find_visit()
    if visit is None:
        return stay_out()
    g.visit = visit
    return _with_headers(make_response(missing("There is no such page."), 404))


def _find_visit() -> Visit | None:
    return counter().door.visit(request.cookies.get(_cookie_name(), ""))


def _cookie_name() -> str:
    """Name the cookie by the port: a browser sends one port's cookies to all of them."""
    return f"bursar_{request.host.rpartition(':')[2]}"


def _with_headers(answer: Response) -> Response:
    for name, value in HEADERS.items():
        answer.headers[name] = value
    # What carries the version of its content in its address never changes.
    answer.headers["cache-control"] = "max-age=31536000, immutable" if request.args.get("v") else "no-store"
    return answer


def _in_zone(show: Callable[..., str]) -> Callable[..., str]:
    return lambda moment: show(moment, counter().services.zone())


@cache
def _static_version() -> str:
    """Name what the style and the script are now, so that a browser keeps them until they change."""
    folder = Path(__file__).parent / "static"
    content = b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())
    return hashlib.sha256(content).hexdigest()[:12]
