"""The first start says what was found and what to do next, and shows its page once; no agent is touched."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from pricing.money import Money
from proxy.around import FoundAgent, Import
from tests.budget.desk import Desk, spend
from tests.kit import traffic
from tests.kit.bursar import free_ports
from tests.kit.claude_logs import Logs
from tests.kit.fake_claude import ROOT
from tests.tray.startup.conftest import files_of
from tray.firstrun import Surroundings, first_words, wants_welcome
from tray.paths import Paths
from tray.startup.program import Program

Start = Callable[..., "subprocess.Popen[str]"]
BEGINS = datetime(2026, 11, 18, tzinfo=UTC)


def until(true: Callable[[], object], seconds: float = 20) -> bool:
    """Wait for something."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(true())


@pytest.fixture
def person(tmp_path: Path) -> dict[str, str]:
    """The environment of a person with nothing installed."""
    return {"HOME": str(tmp_path / "ada"), "PATH": str(tmp_path / "bin"), "BURSAR_HOME": str(tmp_path / "kept")}


def installed(person: dict[str, str], name: str, script: str = "") -> None:
    """Put a program into the person's PATH."""
    path = Path(person["PATH"]) / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def around_of(person: dict[str, str]) -> Surroundings:
    """Look around as the bursar of this person does."""
    return Surroundings(person, "linux", Paths.of(person), 2877)


def logged(person: dict[str, str]) -> Logs:
    """Write a day of Claude Code's logs where it keeps them."""
    logs = Logs(Path(person["HOME"]) / ".claude", BEGINS)
    logs.write(traffic.generate(5, 1))
    return logs


def test_an_agent_is_found_with_where_it_goes_and_the_command_that_leads_it_here(person: dict[str, str]):
    around = around_of(person)
    assert around.agents() == ()
    installed(person, "codex")
    folder = Path(person["HOME"]) / ".claude"
    folder.mkdir(parents=True)
    claude, codex = around.agents()
    assert claude == FoundAgent("Claude Code", "straight to Claude, unmetered", "bursar connect claude-code")
    assert (codex.title, codex.connect) == ("codex", "")
    (folder / "settings.json").write_text('{"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:2877"}}')
    assert around.agents()[0].connect == ""
    assert around.agents()[0].says.startswith("through bursar")


def test_a_record_that_cannot_be_read_hides_the_agents_and_nothing_else(person: dict[str, str]):
    logged(person)
    record = Paths.of(person).agents
    record.parent.mkdir(parents=True)
    record.write_text("no record")
    assert around_of(person).agents() == ()
    assert around_of(person).logs()


def test_past_logs_are_counted_and_a_folder_without_any_is_none(person: dict[str, str]):
    around = around_of(person)
    (Path(person["HOME"]) / ".claude" / "projects" / "empty").mkdir(parents=True)
    assert around.logs() is None
    logs = logged(person)
    found = around.logs()
    assert found
    assert (found.folder, found.files) == (str(logs.folder.parent), len(list(logs.folder.rglob("*.jsonl"))))
    assert found.size_bytes == sum(path.stat().st_size for path in logs.folder.rglob("*.jsonl"))


def test_the_import_is_the_commands_own_and_says_what_it_came_to(person: dict[str, str]):
    logs, around = logged(person), around_of(person)
    assert around.importing() == Import()
    around.import_logs()
    around.import_logs()  # While it is under way a second click begins nothing.
    assert until(lambda: around.importing().state == "done"), around.importing()
    assert around.importing().said.startswith(f"{len(logs.truth.usage):,} requests were imported; 0 were")


def test_an_import_that_ends_without_a_word_of_what_it_did_has_failed(person: dict[str, str]):
    installed(person, "mute")
    mute = Program(Path(person["PATH"]) / "mute", is_frozen=True, root=Path(person["HOME"]))
    around = Surroundings(person, "linux", Paths.of(person), 2877, mute)
    around.import_logs()
    assert until(lambda: around.importing().state == "failed")


def test_an_import_that_fails_says_why(person: dict[str, str]):
    around = around_of(person)
    around.import_logs()
    assert until(lambda: around.importing().state == "failed")
    assert around.importing().said.startswith("no logs of Claude Code")


def test_the_page_is_wanted_by_a_new_config_and_an_empty_ledger_only(tmp_path: Path):
    desk = Desk(tmp_path / "ledger")
    ledger = desk.open()
    assert wants_welcome(ledger, is_new=True)
    assert not wants_welcome(ledger, is_new=False)
    spend(ledger, "1")
    assert not wants_welcome(ledger, is_new=True)
    desk.close_all()


def test_the_three_lines_name_what_is_there_and_the_next_command(person: dict[str, str]):
    around = around_of(person)
    assert first_words(around, Money.usd(12)) == (
        "first start: every request goes where your agent sends it, never past $12.00 a day on Claude",
        "found: no agent yet; nothing of theirs was changed",
        "next: bursar run -- claude; budget and mode: bursar dashboard",
    )
    logged(person)
    _, found, following = first_words(around, Money.usd(12))
    assert (
        found == "found: Claude Code, 1 MB of Claude Code's logs (bursar history import); nothing of theirs was changed"
    )
    assert "for good: bursar connect claude-code" in following


@pytest.fixture
def start(person: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Starts bursar as a person before a screen would; their browser notes what it is to open."""
    installed(person, "xdg-open", f'echo "$1" >> "{tmp_path}/opened"')
    environ = {**person, "DISPLAY": ":77", "PATH": f"{person['PATH']}:{os.environ['PATH']}"}
    environ |= {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path}/no-bus", "XDG_RUNTIME_DIR": str(tmp_path)}
    begun: list[subprocess.Popen[str]] = []

    def run(*options: str) -> "subprocess.Popen[str]":
        ports = (f"--{name}={port}" for name, port in zip(("port", "control-port"), free_ports(2), strict=True))
        command = [sys.executable, "-m", "tray", "serve", *ports, *options]
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)
        begun.append(process)
        assert until(lambda: (tmp_path / "kept" / "control.token").exists())
        return process

    yield run
    for process in begun:
        process.terminate()
        process.communicate(timeout=40)


def test_what_starts_bursar_at_login_may_be_unreadable(person: dict[str, str]):
    assert around_of(person).starts_at_login() is False
    (Path(person["HOME"]) / ".config" / "autostart" / "bursar.desktop").mkdir(parents=True)
    assert around_of(person).starts_at_login() is None


def test_the_first_start_opens_the_page_once_and_changes_nothing_of_an_agents(
    start: Start, person: dict[str, str], tmp_path: Path
):
    logged(person)
    (Path(person["HOME"]) / ".claude" / "settings.json").write_text('{"model": "opus"}\n')
    before, opened = files_of(Path(person["HOME"])), tmp_path / "opened"
    first = start()
    assert until(opened.exists)
    assert until(lambda: opened.read_text().endswith("\n"))
    jar = urllib.request.HTTPCookieProcessor(CookieJar())
    with urllib.request.build_opener(urllib.request.ProxyHandler({}), jar).open(opened.read_text().strip()) as answer:
        text = answer.read().decode()
    assert answer.url.endswith("/welcome")
    assert "Claude Code" in text
    assert f'<code class="names">{Path(person["HOME"]) / ".claude" / "projects"}</code>' in text
    first.terminate()
    out, _ = first.communicate(timeout=40)
    assert [line.split(":")[1].strip() for line in out.splitlines()] == [
        *("agents connect to http", "first start", "found", "next"),
    ]
    assert files_of(Path(person["HOME"])) == before
    second = start()
    note = tmp_path / "kept" / "run.json"
    assert until(lambda: note.exists() and json.loads(note.read_text())["pid"] == second.pid)
    second.terminate()
    out, _ = second.communicate(timeout=40)
    assert "first start" not in out
    assert len(opened.read_text().splitlines()) == 1
