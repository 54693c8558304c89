"""The description of the control API is the API: every route and nothing else, and what it answers fits."""

from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import jsonschema
import pytest

from budget.ledger import Outcome, Settlement
from pricing.money import Money
from proxy.control import create_control
from proxy.dashboard.pages import DASHBOARD
from proxy.openapi.operations import OPERATIONS
from proxy.server import Server
from tests.proxy.test_control import NOON, TOKEN, Controlled, OneDesk, control, hold

__all__ = ["control"]

FILLED = {"{model}": "claude-opus-5-5", "{request_id}": "req_1"}
OF_OTHERS = ({"origin": "http://evil.example"}, {"sec_fetch_site": "cross-site"}, {"host": "evil.example:80"})


class FullDesk(OneDesk):
    """A desk that tells all that the real one tells."""

    def facts(self) -> dict[str, Any]:
        named = {"version": "test", "config_file": "/x/config.toml", "zone": "UTC", "tray": "off"}
        return {**named, "pid": 1, "port": 1, "control_port": 2, "since": NOON.isoformat(), "notices": [],
                "stepped_aside": False}  # fmt: skip


@pytest.fixture
def full(control: Controlled) -> Iterator[Controlled]:
    """A control server with such a desk."""
    desk = FullDesk()
    server = Server(create_control(control.services, TOKEN, desk), 0, name="control", workers=2)
    server.start()
    yield Controlled(control.services, desk, server.port, control.moments)
    server.drain(1)
    server.stop()


def described(full: Controlled) -> dict[str, Any]:
    status, found = full.call("GET", "/api/openapi.json")
    assert status == 200
    return found


def operations(found: dict[str, Any], wanted: str = "") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give each path with its names filled in, its method and what is said of it."""
    for path, methods in found["paths"].items():
        for name, value in FILLED.items():
            path = path.replace(name, value)
        yield from ((path, method, said) for method, said in methods.items() if wanted in ("", method))


def validator(found: dict[str, Any], schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({**schema, "components": found["components"]})


def schema_of(said: dict[str, Any], status: int) -> dict[str, Any]:
    (content,) = said["responses"][str(status)]["content"].values()
    return content["schema"]


def test_every_route_and_method_is_described_and_nothing_else(full: Controlled):
    routes = create_control(full.services, TOKEN, full.desk).url_map
    rules = [rule for rule in routes.iter_rules() if not rule.endpoint.startswith(f"{DASHBOARD}.")]
    methods = {(rule.endpoint, method) for rule in rules for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert {endpoint for endpoint, _ in methods} == set(OPERATIONS)
    found = described(full)
    said = {(one["operationId"], method.upper()) for _, method, one in operations(found)}
    assert said == {(endpoint.replace(".", "_"), method) for endpoint, method in methods}
    assert len({one["operationId"] for _, _, one in operations(found)}) == len(said)


def test_it_is_sound_and_says_something_of_each(full: Controlled):
    found = described(full)
    assert (found["openapi"], found["info"]["version"]) == ("3.1.0", "test")
    for schema in found["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for path, method, said in operations(found):
        assert said["summary"], (path, method)
        for status in said["responses"]:
            validator(found, schema_of(said, int(status)))


def test_what_is_told_is_as_it_is_described(full: Controlled):
    held = hold(full.services.ledger, "req_1", "0.5")
    spent = Settlement(Outcome.complete, Money.usd("0.1"), Money.usd("0.1"))
    full.services.ledger.settle(held.hold_id, spent).result(5)
    found = described(full)
    for path, _, said in operations(found, "get"):
        status, answer = full.call("GET", path)
        wrong = validator(found, schema_of(said, status)).iter_errors(answer)
        assert (path, [f"{fault.json_path}: {fault.message}" for fault in wrong]) == (path, [])


def test_no_write_is_taken_without_the_token_or_from_a_web_page(full: Controlled):
    before, found = full.call("GET", "/api/status")[1], described(full)
    for path, _, said in operations(found, "post"):
        assert full.call("POST", path, {}, token=None)[0] == 401, path
        assert full.call("POST", path, {}, token="x" * 43)[0] == 401, path
        assert full.call("POST", path, {}, content_type="text/plain")[0] == 415, path
        for headers in OF_OTHERS:
            status, answer = full.call("POST", path, {}, **headers)
            assert (path, status) == (path, 403)
            validator(found, schema_of(said, 403)).validate(answer)
    assert full.call("GET", "/api/status")[1] == before
    assert full.desk.asked == []


def test_another_method_is_refused_with_those_that_there_are(full: Controlled):
    for path, _, _ in operations(described(full)):
        assert allowed(full, "TRACE", path) == (405, "GET, HEAD, POST")
    assert allowed(full, "POST", "/api/status") == (405, "GET, HEAD")
    assert allowed(full, "GET", "/api/stop") == (405, "POST")


def allowed(full: Controlled, method: str, path: str) -> tuple[int, str | None]:
    """Ask, and give the status with the methods that the answer names."""
    connection = HTTPConnection("127.0.0.1", full.port, timeout=10)
    connection.request(method, path, "{}", {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"})
    answer = connection.getresponse()
    connection.close()
    return answer.status, answer.headers["allow"]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/api/correct", {"entry": "1", "charged_usd": "1", "likely_usd": "1", "note": ""}, '"entry" must be a whole'),
        ("/api/correct", {"entry": True, "charged_usd": "1", "likely_usd": "1", "note": ""}, '"entry" must be a whole'),
        ("/api/correct", {"entry": 1, "charged_usd": 1, "likely_usd": "1", "note": ""}, "amounts dollars as text"),
        ("/api/correct", {"entry": 1, "charged_usd": "1", "likely_usd": "1", "note": {}}, '"note" text'),
        ("/api/history", {"rows": [], "more": 1}, "the body must be the JSON object"),
        ("/api/history/forget", {"all": True}, "the body must be the JSON object {}"),
    ],
)
def test_a_body_of_another_shape_is_refused(full: Controlled, path: str, body: Any, said: str):
    status, answer = full.call("POST", path, body)
    assert status == 400
    assert said in answer["error"]


@pytest.mark.parametrize("week", ["", "2026-W54", "0001-W01", "9999-W52", "2026-W٤٧", "2026-W" + "1" * 5000])
def test_a_week_that_is_none_is_refused(full: Controlled, week: str):
    status, answer = full.call("GET", f"/api/report?week={quote(week)}")
    assert (status, answer["error"].partition(":")[0]) == (400, "not a week such as 2026-W47")
