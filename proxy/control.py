"""The person's side: a JSON API on a server of its own, so that the emergency stop answers while every agent streams.

The gate (Host, Origin, content type) stands before it in the server; here every path but /health needs the token.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, current_app, jsonify, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from budget.archive import Archive
from budget.report import week_of
from budget.trouble import LedgerUnavailable
from budget.weekly import report as weekly_report
from pricing.money import Money
from proxy import asjson
from proxy.alertsjson import alerts_json
from proxy.dashboard.door import LINK_LASTS_S, Door
from proxy.dashboard.pages import DASHBOARD, install, lost_visitor
from proxy.desk import Counter, Desk, RequestError, counter, furnish
from proxy.explainjson import explanation_json, remembered_json
from proxy.historyapi import history
from proxy.keeperapi import keeper
from proxy.localjson import locals_json
from proxy.metrics import metrics
from proxy.openapi.description import PATH, description
from proxy.refusals import line_of
from proxy.rehearse import rehearse
from proxy.reportjson import report_json
from proxy.request import BadRequest, Dialect
from proxy.statusjson import status_json
from proxy.switches import allow_more_today, choose_mode, stop_cloud
from proxy.wire.wsgi import WIRE

if TYPE_CHECKING:
    from proxy.services import Services

MOST_BODY_BYTES = 16 * 1024
MOST_ROWS = 1000
_DIALECTS: dict[str, Dialect] = {"anthropic": "anthropic", "openai": "openai"}

api = Blueprint("control", __name__)


def create_control(services: Services, token: str, desk: Desk, archive: Archive | None = None) -> Flask:
    """Make the app of the control server: the API, and the dashboard's pages, with the reports that were kept."""
    app = Flask("bursar-control", static_folder=None)
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]
    furnish(app, Counter(services, desk, Door(), archive))
    app.before_request(_token_check(token))
    app.register_blueprint(api)
    app.register_blueprint(history)
    app.register_blueprint(keeper)
    install(app)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(RequestError, _request_error)
    app.register_error_handler(LedgerUnavailable, _ledger_error)
    app.register_error_handler(TimeoutError, _ledger_error)
    return app


@api.get("/health")
def health() -> Response:
    """Tell that the server answers, and which process it is; needs no token and tells nothing else."""
    return jsonify(status="ok", pid=os.getpid())


@api.get(PATH)
def openapi() -> Response:
    """Describe this API as OpenAPI 3.1 does."""
    return jsonify(description(current_app, _desk().facts()["version"]))


@api.get("/api/status")
def status() -> Response:
    """Tell today, the mode, the upstreams, and what is wrong."""
    return jsonify(_status())


@api.post("/api/mode")
def set_mode() -> Response:
    """Choose where requests may go: {"mode": "auto"}."""
    choose_mode(_services(), _body("mode")["mode"])
    return jsonify(_status())


@api.post("/api/budget")
def set_budget() -> Response:
    """Set what is meant to be spent a day: {"usd": "10.00"}."""
    _desk().set_limits({"budget": _usd()})
    return jsonify(_status())


@api.post("/api/cutoff")
def set_cutoff() -> Response:
    """Set what can never be passed: {"usd": "12.00"}, or null for 120% of the budget."""
    _desk().set_limits({"cutoff": _usd(or_none=True)})
    return jsonify(_status())


@api.post("/api/allow-more")
def allow_more() -> Response:
    """Raise the cutoff for this day only: {"usd": "2.00"}."""
    allow_more_today(_services(), str(_usd()))
    return jsonify(_status())


@api.post("/api/stop")
def stop() -> Response:
    """Stop all cloud traffic at once; local models go on."""
    _body()
    stop_cloud(_services())
    return jsonify(_status())


@api.post("/api/resume")
def resume() -> Response:
    """Lift the emergency stop."""
    _body()
    _services().ledger.resume()
    return jsonify(_status())


@api.post("/api/confirm-day")
def confirm_day() -> Response:
    """Believe the clock after it jumped ahead: the day that it shows begins."""
    _body()
    _services().ledger.confirm_day()
    return jsonify(_status())


@api.post("/api/reload")
def reload() -> Response:
    """Read the config file again."""
    _body()
    return jsonify({"needs_restart": _desk().reload(), **_status()})


@api.post("/api/quit")
def leave() -> Response:
    """Have bursar end once answers under way have ended, or {"now": true} at once; tells its process, their number."""
    now, ask = _body("now")["now"], _desk().leave
    if not isinstance(now, bool):
        raise RequestError('"now" must be true or false')
    if ask is None:
        raise RequestError("this bursar cannot be asked to end; end the program that it is a part of")
    open_holds = _services().ledger.today().open_holds
    for _ in range(2 if now else 1):
        ask()
    return jsonify(pid=_desk().facts()["pid"], open_holds=open_holds)


@api.get("/api/models")
def models() -> Response:
    """List the local servers with their models, and the cloud's models with their prices."""
    services = _services()
    return jsonify(locals=locals_json(services.locals), cloud=_prices()["models"])


@api.get("/api/prices")
def prices() -> Response:
    """Tell the price table in force."""
    return jsonify(_prices())


@api.get("/api/prices/<path:model>")
def price(model: str) -> Response:
    """Tell what one model costs now; a model without a price gets the highest rates, marked as provisional."""
    services = _services()
    return jsonify(asjson.price_json(services.prices(), model, services.clock()))


@api.get("/api/log")
def log() -> Response:
    """List the newest requests as they passed, oldest first: ?after=NUMBER&limit=N."""
    most = min(_number("limit", MOST_ROWS), MOST_ROWS)
    return jsonify(requests=[asjson.line_json(line) for line in _services().log.after(_number("after", 0), most)])


@api.get("/api/requests/<request_id>")
def one_request(request_id: str) -> Any:
    """Tell everything that is known of one request: the decision while it is recent, and its entries."""
    services = _services()
    entries, line = services.ledger.entry(request_id), services.log.find(request_id)
    refused = None if line else services.ledger.refused.find(request_id)
    line = line_of(refused) if refused else line
    if not entries and line is None:
        return jsonify(error="no request of this id is known"), 404
    decision = None if line is None else asjson.line_json(line)
    return jsonify(request=request_id, decision=decision, entries=asjson.entries_json(entries))


@api.get("/api/explain/<request_id>")
def explain(request_id: str) -> Any:
    """Tell why a request went where it went, and what would have changed it: by its id, or the `last` one."""
    services = _services()
    if request_id == "last":
        request_id = _last_id(services)
        if not request_id:
            return jsonify(error="no request was made yet; the first one: bursar run -- claude"), 404
    trace, line = services.traces.find(request_id), services.log.find(request_id)
    entries = services.ledger.entry(request_id)
    if trace:
        return jsonify(explanation_json(trace, entries, line))
    refused = services.ledger.refused.find(request_id)
    if entries or line or refused:
        return jsonify(remembered_json(request_id, entries, line, refused))
    return jsonify(error="no such request is known: either it was never made, or it left nothing in the ledger"), 404


@api.post("/api/explain")
def explain_body() -> Response:
    """Tell what would become of a request now: the body and the headers are an agent's, `?dialect=openai` is chat's.

    Nothing is sent, held or kept. The body may be as large as an agent's.
    """
    dialect = _DIALECTS.get(request.args.get("dialect", "anthropic"))
    if dialect is None:
        raise RequestError(f"dialect must be {' or '.join(_DIALECTS)}")
    try:
        return jsonify(explanation_json(rehearse(_services(), request.environ[WIRE], dialect)))
    except BadRequest as bad:
        raise RequestError(str(bad)) from None


@api.get("/api/report")
def report() -> Any:
    """Tell what a week came to: ?week=2026-W47; without it, the last seven days."""
    services = _services()
    try:
        named = request.args.get("week")
        since = week_of(named) if named is not None else services.ledger.today().day - timedelta(days=6)
    except ValueError as error:
        raise RequestError(str(error)) from None
    made = weekly_report(services.ledger.file, since, now=services.clock(), zone=services.zone())
    return jsonify(report_json(made, simulated=services.is_simulated))


@api.post("/api/correct")
def correct() -> Response:
    """Say what an entry should have been: {"entry", "charged_usd", "likely_usd", "note"}; gives the new entry's id."""
    body = _body("entry", "charged_usd", "likely_usd", "note")
    entry, amounts, note = body["entry"], (body["charged_usd"], body["likely_usd"]), body["note"]
    if type(entry) is not int or not all(isinstance(text, str) for text in (*amounts, note)):
        raise RequestError('"entry" must be a whole number, amounts dollars as text such as "10.00", and "note" text')
    try:
        charged, likely = map(Money.usd, amounts)
        made = _services().ledger.correct(entry, charged, likely, note[:500])
    except ValueError as error:
        raise RequestError(str(error)) from None
    return jsonify(entry=made)


@api.get("/api/alerts")
def alerts() -> Response:
    """List the newest alerts, oldest first, with what became of each: ?limit=N."""
    services = _services()
    sent = services.ledger.outbox.newest(min(_number("limit", 100), MOST_ROWS))
    return jsonify(alerts=alerts_json(sent, services.zone()))


@api.post("/api/link")
def link() -> Response:
    """Make a link that opens the dashboard, once and soon; the path belongs behind this server's address."""
    _body()
    return jsonify(path=f"/open/{counter().door.link()}", lasts_s=LINK_LASTS_S)


@api.get("/api/config")
def config() -> Response:
    """Tell where the settings come from."""
    return jsonify(_desk().facts())


@api.get("/metrics")
def prometheus() -> Response:
    """Tell the same to Prometheus."""
    return Response(metrics(_services()), mimetype="text/plain; version=0.0.4")


def _last_id(services: Services) -> str:
    """Name the newest request, of before this start if there was none since; empty if there never was one."""
    if services.traces.last:
        return services.traces.last.request_id
    entry, refused = services.ledger.latest(1), services.ledger.refused.newest(1)
    found = [(each.since, each.request_id) for each in entry] + [(each.at, each.request_id) for each in refused]
    return max(found, default=(None, ""))[1]


def _status() -> asjson.Json:
    return status_json(_services(), _desk())


def _prices() -> asjson.Json:
    services = _services()
    return asjson.prices_json(services.prices(), services.clock())


def _services() -> Services:
    return counter().services


def _desk() -> Desk:
    return counter().desk


def _body(*keys: str) -> dict[str, Any]:
    """Read a JSON object that has exactly these keys."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or set(body) != set(keys):
        wanted = "{" + ", ".join(f'"{key}": …' for key in keys) + "}"
        raise RequestError(f"the body must be the JSON object {wanted}")
    return body


def _usd(*, or_none: bool = False) -> str | None:
    amount = _body("usd")["usd"]
    if isinstance(amount, str) or (amount is None and or_none):
        return amount
    raise RequestError('"usd" must be dollars as text, such as "10.00"')


def _number(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise RequestError(f"{name} must be a whole number, zero or more")
    return int(text)


def _token_check(token: str) -> Callable[[], Any]:
    expected = f"Bearer {token}".encode()

    def check() -> Any:
        # A page asks for its visitor's cookie instead.
        if request.blueprint == DASHBOARD or (request.path == "/health" and request.method in ("GET", "HEAD")):
            return None
        given = request.headers.get("authorization", "").encode("latin-1", "replace")
        if hmac.compare_digest(given, expected):
            return None
        if request.blueprint is None and (page := lost_visitor()):
            return page
        return jsonify(error="this needs the control token; the `bursar` command knows it"), 401

    return check


def _http_error(error: HTTPException) -> Any:
    sentences = {404: "there is no such path", 405: "this path takes another method", 413: "the body is too long"}
    code = error.code or 500
    answer = jsonify(error=sentences.get(code, str(error.description)))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["allow"] = ", ".join(sorted({*error.valid_methods} - {"OPTIONS"}))
    return answer, code


def _request_error(error: RequestError) -> Any:
    return jsonify(error=str(error)), 400


def _ledger_error(error: Exception) -> Any:
    return jsonify(error=f"the ledger cannot be written now: {error or 'the disk does not answer'}"), 503
