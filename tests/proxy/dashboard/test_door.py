"""Who may see the dashboard, and who may change something there."""

import json
import re
from dataclasses import replace
from http.client import HTTPConnection

import pytest

from budget.state import Mode
from proxy.dashboard.door import IDLE_S, LINK_LASTS_S, MOST_VISITS, Door
from proxy.dashboard.pages import POLICY
from proxy.desk import counter, furnish
from proxy.server import Server
from tests.proxy.dashboard.house import TOKEN, House

PAGES = ("/", "/requests", "/sessions", "/models", "/settings")
WRITES = ("/mode", "/stop", "/resume", "/allow", "/confirm-day", "/reload", "/settings/money", "/sign-out")


def test_a_link_works_once():
    door = Door()
    code = door.link()
    visit = door.enter(code)
    assert visit
    assert door.visit(visit.cookie) == visit
    assert door.enter(code) is None


@pytest.mark.parametrize(
    ("wish", "page"),
    [("reports", "/reports"), ("models", "/models"), ("settings", "/settings"), ("today", "/"), ("", "/")]
    + [(bad, "/") for bad in ("//evil.example", "https://evil.example", "stop", "sign_out", "static", "Settings")],
)
def test_a_link_opens_the_page_that_it_names_and_nothing_else(house: House, wish: str, page: str):
    answer = house.app.test_client().get(house.link(), query_string={"to": wish})
    assert (answer.status_code, answer.headers["location"]) == (303, page)


def test_a_link_is_too_old_after_two_minutes():
    now = [0.0]
    door = Door(lambda: now[-1])
    code = door.link()
    now.append(LINK_LASTS_S + 0.1)
    assert door.enter(code) is None


def test_a_visit_ends_when_nobody_looked_for_half_a_day():
    now = [0.0]
    door = Door(lambda: now[-1])
    visit = door.enter(door.link())
    assert visit
    now.append(IDLE_S - 1)
    assert door.visit(visit.cookie)
    now.append(2 * IDLE_S - 2)
    assert door.visit(visit.cookie)
    now.append(3 * IDLE_S)
    assert door.visit(visit.cookie) is None


def test_the_longest_unused_visit_makes_room():
    door = Door()
    first, *_, last = [door.enter(door.link()) for _ in range(MOST_VISITS + 1)]
    assert first
    assert last
    assert door.visit(first.cookie) is None
    assert door.visit(last.cookie)


def test_another_bursar_knows_no_cookie_of_this_one():
    visit = Door().enter("x")
    assert visit is None
    door = Door()
    known = door.enter(door.link())
    assert known
    assert Door().visit(known.cookie) is None


def test_a_page_needs_a_cookie_and_the_token_in_an_address_is_none(house: House):
    client = house.app.test_client()
    for path in PAGES:
        for address in (path, f"{path}?token={TOKEN}", f"{path}?code={house.link()}"):
            answer = client.get(address)
            assert answer.status_code == 401
            assert "bursar dashboard" in answer.text
            assert "csrf" not in answer.text
    client.set_cookie("bursar_localhost", TOKEN)
    assert {client.get(path).status_code for path in PAGES} == {401}


def test_the_cookie_is_for_this_browser_session_alone(house: House):
    answer = house.app.test_client().get(house.link(), base_url="http://127.0.0.1:2878")
    (cookie,) = answer.headers.getlist("set-cookie")
    assert cookie.startswith("bursar_2878=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "expires" not in cookie.lower()
    assert "max-age" not in cookie.lower()
    assert answer.headers["location"] == "/"


def test_the_cookie_opens_no_api(house: House):
    visitor = house.visitor()
    assert visitor.get("/api/status").status_code == 401
    assert visitor.client.post("/api/stop", json={}).status_code == 401
    assert house.ledger.today().stop is None


def test_the_token_opens_no_page(house: House):
    answer = house.app.test_client().get("/", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 401


def test_only_the_token_gets_a_link(house: House):
    assert house.app.test_client().post("/api/link", json={}).status_code == 401
    assert house.visitor().client.post("/api/link", json={}).status_code == 401


def test_the_cookie_alone_changes_nothing(house: House):
    visitor, another = house.visitor(), house.visitor().csrf
    fields = {"mode": "auto", "usd": "2", "budget": "20"}
    for path in WRITES:
        for more in ({}, {"csrf": ""}, {"csrf": "x" * 43}, {"csrf": another}):
            assert visitor.client.post(path, data={**fields, **more}).status_code == 403
    today = house.ledger.today()
    assert (today.mode, today.stop, house.desk.file["budget"], house.desk.reloads) == (Mode.observe, None, "10.00", 0)
    assert visitor.get("/").status_code == 200


def test_looking_at_an_address_changes_nothing(house: House):
    visitor = house.visitor()
    for path in WRITES:
        assert visitor.client.get(path, headers={"accept": "text/html"}).status_code in (404, 405)
    assert house.ledger.today().mode is Mode.observe


def test_signing_out_ends_the_visit(house: House):
    visitor = house.visitor()
    cookie = visitor.client.get_cookie("bursar_localhost")
    assert cookie
    answer = visitor.post("/sign-out")
    assert (answer.status_code, "csrf" in answer.text) == (200, False)
    visitor.client.set_cookie("bursar_localhost", cookie.value)
    assert visitor.get("/").status_code == 401


def test_every_answer_carries_the_policy(house: House):
    house.spend("1")
    visitor = house.visitor()
    known = (
        "/requests/req_000001",
        "/requests/none",
        "/sessions?day=x",
        "/static/bursar.css",
        "/static/bursar.js",
        "/nix",
    )
    for path in (*PAGES, *known, *(f"{page}?part=1" for page in PAGES[:4]), "/open/nothing"):
        answer = visitor.client.get(path, headers={"accept": "text/html"})
        assert answer.headers["content-security-policy"] == POLICY, path
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        answer.close()
    assert "unsafe" not in POLICY
    assert "default-src 'none'" in POLICY


def test_no_page_has_a_script_or_style_in_it_or_asks_another_host(house: House):
    house.spend("1")
    visitor = house.visitor()
    for path in PAGES:
        text = visitor.text(path)
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", text)
        assert all(found.startswith("/") for found in re.findall(r'(?:src|href|action)="([^"#][^"]*)"', text))


def test_a_browser_that_asks_for_a_path_that_is_not_there_gets_a_page(house: House):
    page = {"accept": "text/html"}
    assert house.app.test_client().get("/nix", headers=page).status_code == 401
    answer = house.visitor().client.get("/nix", headers=page)
    assert (answer.status_code, "There is no such page" in answer.text) == (404, True)


FORM = "application/x-www-form-urlencoded"
KNOCKS = (
    ("/stop", FORM, "own", 401),  # Past the gate, and no cookie.
    ("/stop", FORM, "http://evil.example", 403),
    ("/stop", FORM, "null", 403),
    ("/stop", FORM, "", 415),
    ("/stop", "multipart/form-data", "own", 415),
    ("/stop", "text/plain", "own", 415),
    ("/api/stop", FORM, "own", 415),
)


def test_the_gate_lets_forms_of_our_own_pages_in_and_no_others(house: House):
    server = Server(house.app, 0, name="control", workers=1, has_forms=True)
    server.start()
    for path, kind, origin, expected in KNOCKS:
        headers = {"content-type": kind, "authorization": f"Bearer {TOKEN}"}
        if origin:
            headers["origin"] = f"http://127.0.0.1:{server.port}" if origin == "own" else origin
        connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("POST", path, json.dumps({}), headers)
        assert (path, kind, origin, connection.getresponse().status) == (path, kind, origin, expected)
        connection.close()
    server.drain(1)
    server.stop()
    assert house.ledger.today().stop is None


def test_a_stranger_s_browser_is_let_in_by_no_link_and_no_cookie_and_uses_no_link_up(house: House):
    """Another user of the machine sees the link where the browser is started, and gets the cookie by a server of their
    own that the person looks at: a browser sends it to all ports."""
    with house.app.app_context():
        usual = counter()
    strangers = {6000}
    furnish(house.app, replace(usual, is_stranger_s=lambda near, far: near in strangers))
    link, visitor = house.link(), house.visitor()
    theirs, own = ({"REMOTE_PORT": port} for port in ("6000", "5000"))
    assert house.app.test_client().get(link, environ_base=theirs).status_code == 403
    assert house.app.test_client().get(link, environ_base=own).status_code == 303
    csrf = visitor.csrf
    assert visitor.client.get("/", environ_base=own).status_code == 200
    for page in PAGES:
        assert visitor.client.get(page, environ_base=theirs).status_code == 403, page
    for write in WRITES:
        assert visitor.client.post(write, data={"csrf": csrf}, environ_base=theirs).status_code == 403, write
