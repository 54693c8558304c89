"""The control server: what it tells, what it changes, and whom it refuses."""

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from budget.bands import Limits
from budget.ledger import Ask, Held, Ledger, Offer, Outcome, Settlement
from budget.state import Mode
from budget.workday import Workday
from pricing.money import Money
from pricing.table import PriceTable
from proxy.classify import Classifier
from proxy.control import create_control
from proxy.desk import RequestError, Setting
from proxy.server import Server
from proxy.services import Line, ProxyOptions, Services
from proxy.sessions import Sessions
from proxy.upstream.anthropic import Cloud
from proxy.upstream.local import Registry, plain_session

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TOKEN = secrets.token_urlsafe(32)


class OneDesk:
    """A desk that writes down what it was asked for, and refuses thirteen dollars."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def set_limits(self, changes: Mapping[str, str | None]) -> None:
        if "13" in changes.values():
            raise RequestError("thirteen is unlucky")
        self.asked.append(dict(changes))

    def reload(self) -> list[str]:
        self.asked.append("reload")
        return ["port"]

    def facts(self) -> dict[str, Any]:
        return {"version": "test", "port": 1}

    def settings(self) -> Mapping[str, Setting]:
        return {}

    def change_settings(self, changes: Mapping[str, str]) -> Mapping[str, str]:
        return {}


@dataclass
class Controlled:
    """A control server on a real port."""

    services: Services
    desk: OneDesk
    port: int
    moments: list[datetime]
    """What the ledger's clock says: the last of them."""

    def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = TOKEN, **headers: str
    ) -> tuple[int, Any]:
        """Make one request; header names are written with _ for -."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        sent = {"content-type": "application/json"} if method == "POST" else {}
        sent |= {"authorization": f"Bearer {token}"} if token is not None else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        raw = body if isinstance(body, (str, bytes)) or body is None else json.dumps(body)
        connection.request(method, path, raw, sent)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        is_json = answer.headers.get_content_type() == "application/json"
        return answer.status, json.loads(text) if is_json else text


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Controlled]:
    limits, zone, moments = Limits.of(Money.usd(10)), ZoneInfo("UTC"), [NOON]
    table = PriceTable.load()
    with Ledger.open(tmp_path, clock=lambda: moments[-1], limits=limits, zone=zone) as ledger:
        services = Services(
            ledger=ledger,
            prices=lambda: table,
            locals=Registry((), discover=False, clock=lambda: NOON, http=plain_session()),
            cloud=Cloud(),
            classifier=Classifier(),
            sessions=Sessions(lambda: NOON),
            clock=lambda: NOON,
            zone=lambda: zone,
        )
        desk = OneDesk()
        server = Server(create_control(services, TOKEN, desk), 0, name="control", workers=2)
        server.start()
        yield Controlled(services, desk, server.port, moments)
        server.drain(1)
        server.stop()


def hold(ledger: Ledger, request_id: str, dollars: str) -> Held:
    """Hold an amount for a request to Claude."""
    held = ledger.reserve(Ask(request_id, (Offer("anthropic", "claude-opus-5-5", Money.usd(dollars), is_local=False),)))
    assert isinstance(held, Held)
    return held


def test_status_tells_amounts_exactly_as_text(control: Controlled):
    held = hold(control.services.ledger, "req_1", "0.5")
    spent = Settlement(Outcome.complete, Money.usd("0.0000000001"), Money.usd("0.0000000001"))
    control.services.ledger.settle(held.hold_id, spent).result(5)
    hold(control.services.ledger, "req_2", "1.25")
    status, found = control.call("GET", "/api/status")
    assert status == 200
    assert (found["settled_usd"], found["held_usd"]) == ("0.0000000001", "1.25")
    assert (found["budget_usd"], found["cutoff_usd"]) == ("10", "12")
    assert found["left_usd"] == "10.7499999999"  # 12 - 1.25 - 0.0000000001
    assert (found["mode"], found["band"], found["stop"]) == ("observe", "normal", None)
    assert found["resets_at"] == "2026-11-21T00:00:00+00:00"


def test_the_status_tells_which_local_models_are_not_trusted(control: Controlled):
    for _ in range(3):
        control.services.trust.answered("box", "m", good=True, calls=(("Edit", False),))
    doubts = control.call("GET", "/api/status")[1]["doubts"]
    assert doubts == [{"what": "Edit at box/m", "why": "its calls went wrong"}]


def test_the_status_tells_how_the_day_stands_against_its_hours(control: Controlled):
    assert control.call("GET", "/api/status")[1]["pace"] is None
    control.services.options = ProxyOptions(workday=Workday(time(8), time(16)))
    held = hold(control.services.ledger, "req_1", "6")
    control.services.ledger.settle(held.hold_id, Settlement(Outcome.complete, Money.usd("6"), Money.usd("6"))).result(5)
    # Of $8, a quarter and half of the rest.
    pace = {"band": "saving", "allowed_usd": "5", "is_ahead": True, "hours": "08:00-16:00"}
    found = control.call("GET", "/api/status")[1]
    assert (found["pace"], found["band"]) == (pace, "normal")


def test_every_path_but_health_needs_the_token(control: Controlled):
    assert control.call("GET", "/health", token=None) == (200, {"status": "ok", "pid": os.getpid()})
    others = [("GET", "/api/status"), ("GET", "/metrics"), ("POST", "/api/stop"), ("GET", "/no"), ("POST", "/health")]
    for method, path in others:
        for token in (None, "", TOKEN[:-1], TOKEN + "x", "\xff"):
            assert control.call(method, path, {} if method == "POST" else None, token=token)[0] == 401
    assert control.services.ledger.today().stop is None


def test_a_token_in_the_address_counts_for_nothing(control: Controlled):
    assert control.call("GET", f"/api/status?token={TOKEN}", token=None)[0] == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1"},
        {"host": "127.0.0.1.evil.example:2878"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_what_a_web_page_could_send_is_refused_even_with_the_token(control: Controlled, headers: dict[str, str]):
    assert control.call("POST", "/api/stop", {}, **headers)[0] == 403
    assert control.call("GET", "/health", **headers)[0] == 403
    assert control.services.ledger.today().stop is None


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_or_plain_text_changes_nothing(control: Controlled, kind: str):
    assert control.call("POST", "/api/mode", '{"mode": "auto"}', content_type=kind)[0] == 415
    assert control.services.ledger.today().mode is Mode.observe


def test_get_changes_nothing(control: Controlled):
    for path in ("mode", "budget", "cutoff", "stop", "resume", "reload", "confirm-day", "allow-more", "link"):
        assert control.call("GET", f"/api/{path}") == (405, {"error": "this path takes another method"})
    assert control.desk.asked == []
    assert control.services.ledger.today().stop is None


def test_an_unknown_path_is_refused(control: Controlled):
    for path in ("/api", "/api/shell", "/api/status/", "/api//status", "/no/page", "/api/../api/x"):
        assert (path, control.call("GET", path)[0]) == (path, 404)


def test_the_mode_is_durable_once_it_is_answered(control: Controlled):
    status, found = control.call("POST", "/api/mode", {"mode": "local"})
    assert (status, found["mode"]) == (200, "local")
    assert control.services.ledger.today().mode is Mode.local


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "null", '"auto"', "{}", '{"mode": "AUTO"}', '{"mode": 1}', '{"mode": ["auto"]}',
     '{"mode": "auto", "more": 1}', '{"mode": "' + "x" * 20_000 + '"}'],
)  # fmt: skip
def test_a_wrong_body_is_refused_with_a_sentence(control: Controlled, body: str):
    status, found = control.call("POST", "/api/mode", body)
    assert status in (400, 413)
    assert found["error"]
    assert len(found["error"]) < 200
    assert control.services.ledger.today().mode is Mode.observe


def test_stop_and_resume(control: Controlled):
    stopped = control.call("POST", "/api/stop", {})[1]["stop"]
    assert stopped == {"since": NOON.isoformat(), "by": "person"}
    assert control.services.ledger.closed() == "stopped"
    assert control.call("POST", "/api/resume", {})[1]["stop"] is None
    assert control.services.ledger.closed() is None


def test_a_clock_that_jumped_ahead_is_believed_when_a_person_says_so(control: Controlled):
    control.moments.append(NOON + timedelta(days=3))
    hold(control.services.ledger, "a", "1")
    held_back = control.call("GET", "/api/status")[1]
    assert (held_back["day"], held_back["clock_held_back"]) == ("2026-11-20", True)
    confirmed = control.call("POST", "/api/confirm-day", {})[1]
    assert (confirmed["day"], confirmed["clock_held_back"]) == ("2026-11-23", False)


def test_limits_go_to_the_desk_as_text_and_its_refusal_comes_back_as_a_sentence(control: Controlled):
    assert control.call("POST", "/api/budget", {"usd": "20.50"})[0] == 200
    assert control.call("POST", "/api/cutoff", {"usd": None})[0] == 200
    assert control.desk.asked == [{"budget": "20.50"}, {"cutoff": None}]
    assert control.call("POST", "/api/budget", {"usd": "13"}) == (400, {"error": "thirteen is unlucky"})
    for wrong in (20.5, None, True, ["1"]):
        assert control.call("POST", "/api/budget", {"usd": wrong})[0] == 400


def test_a_person_can_allow_more_for_today_alone(control: Controlled):
    assert control.call("POST", "/api/allow-more", {"usd": "2.50"})[1]["cutoff_usd"] == "14.5"  # 12 + 2.50
    for wrong in ("0", "-1", "1001", "much", None, 2):
        assert control.call("POST", "/api/allow-more", {"usd": wrong})[0] == 400
    control.moments.append(NOON + timedelta(days=1))
    assert control.call("GET", "/api/status")[1]["cutoff_usd"] == "12"


def test_reload_says_what_needs_a_restart(control: Controlled):
    assert control.call("POST", "/api/reload", {})[1]["needs_restart"] == ["port"]


def test_the_log_goes_on_where_a_reader_left_off(control: Controlled):
    for name in ("a", "b", "c"):
        control.services.log.add(lambda number, name=name: line(number, name))
    assert [each["request_id"] for each in control.call("GET", "/api/log")[1]["requests"]] == ["a", "b", "c"]
    assert [each["request_id"] for each in control.call("GET", "/api/log?after=2")[1]["requests"]] == ["c"]
    assert [each["request_id"] for each in control.call("GET", "/api/log?limit=1")[1]["requests"]] == ["a"]
    for wrong in ("after=-1", "after=x", "after=%D9%A3", "limit=1e3"):
        assert control.call("GET", f"/api/log?{wrong}")[0] == 400


def test_one_request_is_told_with_its_entries(control: Controlled):
    held = hold(control.services.ledger, "req_1", "0.5")
    control.services.ledger.void(held.hold_id, "refused", 529).result(5)
    status, found = control.call("GET", "/api/requests/req_1")
    assert status == 200
    assert [(each["outcome"], each["charged_usd"], each["status"]) for each in found["entries"]] == [
        ("voided", "0", 529)
    ]
    assert control.call("GET", "/api/requests/req_2")[0] == 404


def test_the_report_sums_a_week(control: Controlled):
    held = hold(control.services.ledger, "req_1", "0.5")
    control.services.ledger.settle(
        held.hold_id, Settlement(Outcome.complete, Money.usd("0.4"), Money.usd("0.4"))
    ).result(5)
    assert control.call("GET", "/api/report")[1]["charged_usd"] == "0.4"
    assert control.call("GET", "/api/report?week=2026-W47")[1]["tiers"][0]["requests"] == 1
    assert control.call("GET", "/api/report?week=2026-W40")[1]["models"] == []
    assert control.call("GET", "/api/report?week=yesterday")[0] == 400


def test_prices_are_dollars_per_million_tokens(control: Controlled):
    opus = control.call("GET", "/api/prices/claude-opus-5-5")[1]
    assert (opus["usd_per_mtok"]["input"], opus["usd_per_mtok"]["output"], opus["provisional"]) == ("4", "20", False)
    assert control.call("GET", "/api/prices/no-such-model")[1]["provisional"]
    assert {model["id"] for model in control.call("GET", "/api/models")[1]["cloud"]} >= {"claude-opus-5-5"}


def test_metrics_are_text_for_prometheus(control: Controlled):
    hold(control.services.ledger, "req_1", "0.5")
    status, text = control.call("GET", "/metrics")
    lines = text.splitlines()
    assert status == 200
    assert "bursar_today_held_dollars 0.5" in lines
    assert "bursar_today_cutoff_dollars 12" in lines
    assert 'bursar_mode{mode="observe"} 1' in lines
    assert 'bursar_mode{mode="auto"} 0' in lines
    assert all(each.startswith(("# ", "bursar_")) for each in lines)


def line(number: int, request_id: str) -> Line:
    """Make a line of the log."""
    return Line(number, NOON, request_id, "s", "", "claude-opus-5-5", "debugging", "L2", "normal", "auto", "x/y", "why")
