"""bursar version: asks for a newer release only when told to, and only there."""

import json
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.tray.conftest import Command
from tray import VERSION
from tray.release import ADDRESS

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def publisher(content: bytes, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """Serve what a publisher tells; gives the address, and the requests as they come."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.path} {sorted(name.lower() for name in self.headers)}")
            self.send_response(status)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/latest", asked
        server.shutdown()
        thread.join()


def release(version: str) -> bytes:
    """Write an answer as GitHub does."""
    return json.dumps({"tag_name": version, "html_url": "https://example.org/r", "draft": False}).encode()


def test_without_check_nothing_is_asked(bursar: Command):
    with publisher(release("v99.0.0")) as (address, asked):
        assert bursar("version", "--from", address).out == f"bursar {VERSION}\n"
    assert asked == []


def test_a_newer_release_is_told_of_and_nothing_of_this_machine_is_sent(bursar: Command):
    with publisher(release("v99.0.0")) as (address, asked):
        said = bursar("version", "--check", "--from", address)
        told = bursar("version", "--check", "--json", "--from", address).json
    assert said.out == f"bursar {VERSION}; bursar 99.0.0 is out: https://example.org/r\n"
    assert told == {"version": VERSION, "newest": "99.0.0", "is_newer": True, "page": "https://example.org/r"}
    assert asked == ["/latest ['accept', 'accept-encoding', 'connection', 'host', 'user-agent']"] * 2


def test_the_same_release_is_no_newer_one(bursar: Command):
    with publisher(release(f"v{VERSION}")) as (address, _):
        assert "there is no newer one" in bursar("version", "--check", "--from", address).out


@pytest.mark.parametrize("content", [b"<html>", b"[]", b"{}", b'{"tag_name": 1, "html_url": "x"}'])
def test_an_answer_that_is_none_is_said(bursar: Command, content: bytes):
    with publisher(content) as (address, _):
        said = bursar("version", "--check", "--from", address)
    assert (said.code, said.err) == (1, f"bursar: {address} told of no release\n")


def test_where_nobody_answers_or_nothing_is_there_that_is_said(bursar: Command):
    assert "could not be asked" in bursar("version", "--check", "--from", "http://127.0.0.1:9/").err
    with publisher(b"", 404) as (address, _):
        assert "404" in bursar("version", "--check", "--from", address).err
    assert "must begin with https://" in bursar("version", "--check", "--from", "http://example.org/").err


def test_the_address_is_the_one_that_the_project_names_and_without_one_that_is_said(bursar: Command):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION
    assert project.get("urls", {}).get("Releases", "") == ADDRESS
    if not ADDRESS:
        said = bursar("version", "--check")
        assert said.code == 1
        assert "built without an address" in said.err


def test_no_other_code_asks():
    files = [path for name in ("pricing", "budget", "proxy", "tray") for path in (ROOT / name).rglob("*.py")]
    users = [path.relative_to(ROOT).as_posix() for path in files if "tray.release" in path.read_text(encoding="utf-8")]
    assert users == ["tray/cli/version.py"]
