"""Attacks that no other test plays through the whole of bursar (FAULTS.md T01–T06, T10, T11, T14)."""

import os
import re
import socket
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from proxy.control import create_control
from proxy.server import Server
from tests.faults.conftest import Start
from tests.journeys.conftest import StartBursar
from tests.journeys.conftest import start as bursar_start
from tests.kit.balance import balanced
from tests.kit.bursar import Bursar
from tests.kit.fake_claude import ROOT, FakeClaude
from tests.kit.raw import Client, ask, get, message, request
from tests.proxy.dashboard.house import TOKEN, House

__all__ = ["bursar_start"]

posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits and no links without a right")

FOREIGN: list[dict[str, str | None]] = [
    {"host": "evil.example"},
    {"host": "127.0.0.1.evil.example"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"sec_fetch_site": "cross-site"},
    {"content_type": "text/plain"},
    {"content_type": "application/x-www-form-urlencoded"},
]
SAFE = {"GET", "HEAD", "OPTIONS"}


def test_t03_no_path_of_the_control_server_can_be_used_by_a_web_page_or_without_the_token(tmp_path: Path) -> None:
    with House(tmp_path) as house:
        app = create_control(house.services, TOKEN, house.desk)
        paths = sorted(rule.rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ()))
        assert len(paths) > 10
        server = Server(app, 0, name="control", has_forms=True)
        server.start()
        try:
            for path in paths:
                token = {"authorization": f"Bearer {TOKEN}", "content_type": "application/json"}
                for headers in FOREIGN:
                    assert _status(server, path, **{**token, **headers}) in (403, 415), (path, headers)
                assert _status(server, path, content_type="application/json") in (401, 403, 404), path
                assert _status(server, path, content_type="application/json", authorization="Bearer x") in (
                    401,
                    403,
                    404,
                ), path
        finally:
            server.drain(0.1)
            server.stop()


def _status(server: Server, path: str, **headers: str | None) -> int:
    with Client(server.url) as client:
        client.send(request(server.url, "POST", re.sub("<[^>]*>", "x", path), b"{}", **headers))
        return client.answer().status


@posix_only
def test_t04_t11_whatever_the_umask_nobody_else_can_read_a_file_of_ours(tmp_path: Path, fake: FakeClaude) -> None:
    home = tmp_path / "home"
    with Bursar(home, fake.url, program=_with_umask()) as bursar:
        ask(bursar.url, message("hello"))
        bursar.settled()
        bursar.command("report")
        open_to_others = [
            f"{path.relative_to(home)} {path.stat().st_mode & 0o777:o}"
            for path in [home, *home.rglob("*")]
            if path.name != "output.txt" and path.stat().st_mode & 0o077
        ]
    assert open_to_others == []


@posix_only
@pytest.mark.parametrize("name", ["control.token", "crash.log"])
def test_t11_a_link_in_the_place_of_a_file_of_ours_leads_nobody_to_another_file(
    name: str, tmp_path: Path, fake: FakeClaude
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine", encoding="utf-8")
    victim.chmod(0o644)
    bursar = Bursar(tmp_path / "home", fake.url)
    (bursar.home / name).symlink_to(victim)
    try:
        with bursar:
            ask(bursar.url, message("hello"))
            assert str(victim) not in _opened_by(bursar.pid)
    except AssertionError:
        assert "link" in bursar.output()  # It says so and does not start.
    assert (victim.read_text(encoding="utf-8"), victim.stat().st_mode & 0o777) == ("mine", 0o644)


def _opened_by(pid: int) -> list[str]:
    """Name the files that a process has open, where the system shows them."""
    return [os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").glob("*")]


CROOKED = ["../config.toml", "..%2fconfig.toml", "%2e%2e/config.toml", "....//config.toml", "/etc/passwd", "\\..\\x"]


def test_t10_no_path_leads_out_of_what_is_served(bursar_start: StartBursar) -> None:
    bursar = bursar_start()
    token = (bursar.home / "control.token").read_text(encoding="utf-8").strip()
    control = f"http://127.0.0.1:{bursar.control_port}"
    for folder in ("static", "reports", "requests", "api/requests", "api/prices", "api/explain", "open"):
        for name in [*CROOKED, *map(quote, CROOKED)]:
            answer = get(control, f"/{folder}/{name}", authorization=f"Bearer {token}")
            # Any name has a price: the highest, where nobody knows it.
            has_price = answer.status == 200 and folder == "api/prices"
            assert has_price or answer.status in (302, 303, 400, 401, 403, 404, 405), (folder, name, answer.status)
            assert b"budget =" not in answer.body
            assert b"root:" not in answer.body


@pytest.mark.skipif(not hasattr(socket, "AF_INET"), reason="there is no network")
def test_t01_both_servers_listen_on_this_machine_only(bursar_start: StartBursar) -> None:
    bursar = bursar_start()
    listed = Path("/proc/net/tcp")
    if not listed.exists():
        pytest.skip("which addresses are listened on is read from /proc")
    ports = {f"{bursar.port:04X}", f"{bursar.control_port:04X}"}
    lines = [line.split()[1] for line in listed.read_text().splitlines()[1:] if line.split()[3] == "0A"]
    assert {at.rpartition(":")[0] for at in lines if at.rpartition(":")[2] in ports} == {"0100007F"}


SMUGGLED = ["a\r\nX-Injected: yes", "a\nX-Injected: yes", "a\rX-Injected: yes", "a\x00b"]


@pytest.mark.parametrize("value", SMUGGLED)
def test_t06_no_header_is_smuggled_upstream(start: Start, fake: FakeClaude, value: str) -> None:
    proxy = start()
    with Client(proxy.url) as client:
        body = b'{"model":"claude-sonnet-5-5","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
        client.send(request(proxy.url, "POST", "/v1/messages", body, content_type="application/json", x_odd=value))
        status = client.answer().status
    for seen in fake.requests():
        assert value.count("\r\n") == 1  # A header of its own, then, as it reads for everyone.
        assert seen.header("x-injected") == "yes"
    assert status in (200, 400)
    balanced(proxy, fake)


def test_t14_the_packaged_program_is_a_folder_and_unpacks_itself_nowhere() -> None:
    spec = (ROOT / "installer" / "bursar.spec").read_text(encoding="utf-8")
    assert "exclude_binaries=True" in spec  # Nothing is packed into the executable, to be unpacked at its start.
    assert "COLLECT(" in spec
    assert "runtime_tmpdir" not in spec


def _with_umask() -> tuple[str, ...]:
    return ("sh", "-c", 'umask 000; exec "$0" "$@"', sys.executable, "-m", "tray")
