"""The Debian package in a bare Debian without Python, as a transcript: installed, used, upgraded, removed, purged.

`installer/build.py --deb` makes the package; the newest in dist/ is taken.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.kit import raw
from tests.kit.claude_code import ClaudeCode, installed
from tests.kit.debian import Debian, Installed, NoDebian, base, built, of_version
from tests.kit.desktop import Panel, PrivateBus, until
from tests.kit.fake_claude import FakeClaude
from tests.kit.llama.scripts import SCRIPTS
from tests.kit.llama.server import start as start_llama
from tests.prove.claude_code import LOCAL_SCRIPTS

OLD_LEDGER = Path(__file__).resolve().parents[1] / "budget" / "ledger_v1.sql"
SETTINGS = "home/{person}/.claude/settings.json"

pytestmark = pytest.mark.prove


@pytest.fixture(scope="module")
def package() -> Path:
    """Give the package; skips where there can be no bare Debian."""
    try:
        base()
    except NoDebian as why:
        pytest.skip(str(why))
    return built()


@pytest.fixture
def fake() -> Iterator[FakeClaude]:
    """Give a Claude outside, whose loopback is the same."""
    with FakeClaude() as claude:
        yield claude


def say(what: str, *told: object) -> None:
    """Write a line of the transcript, and below it what was told."""
    print(f"\n== {what}")
    for text in told:
        print("\n".join(f"   {line}" for line in str(text).rstrip().split("\n")))


@contextmanager
def panel_on(debian: Debian) -> Iterator[tuple[Panel, dict[str, str]]]:
    """Give a desktop's bus a place inside, with a panel on it; and what a program there is told of it."""
    bus = PrivateBus()
    bus.start()
    os.link(bus.folder / "bus", debian.root / "tmp" / "bus")
    panel = Panel(bus.address)
    try:
        yield panel, {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/tmp/bus"}
    finally:
        panel.close()
        bus.close()


def charged(bursar: Installed) -> list[int]:
    """Read what each entry of the ledger cost, in picodollars."""
    database = bursar.state / "ledger" / "ledger.db"
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as ledger:
        return [row[0] for row in ledger.execute("SELECT charged FROM entries ORDER BY id")]


def settled(bursar: Installed) -> None:
    """Wait until no hold is open."""
    bursar.wait_until(lambda: not bursar.status()["open_holds"], "open holds")


@pytest.mark.skipif(not shutil.which("lintian"), reason="needs lintian")
def test_lintian_finds_nothing_that_is_not_argued_away(package: Path) -> None:
    done = subprocess.run(["lintian", "--allow-root", str(package)], capture_output=True, text=True, check=False)
    say("lintian", done.stdout or "nothing")
    assert (done.returncode, done.stdout) == (0, "")


def test_the_desktop_entry_and_the_manual_are_sound(package: Path, tmp_path: Path) -> None:
    subprocess.run(["dpkg-deb", "-x", str(package), str(tmp_path)], check=True)
    share = tmp_path / "usr" / "share"
    entry, manual = share / "applications" / "bursar.desktop", share / "man" / "man1" / "bursar.1.gz"
    for command in (["desktop-file-validate", str(entry)], ["man", "--warnings", "-Tutf8", "-Z", "-l", str(manual)]):
        if shutil.which(command[0]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert (done.returncode, done.stderr) == (0, ""), command


def test_from_install_to_purge(package: Path, fake: FakeClaude, tmp_path: Path) -> None:
    with Debian(tmp_path) as debian, panel_on(debian) as (panel, desktop):
        say("no Python", debian.tried("sh", "-c", "command -v python3 || echo none").stdout)
        began = time.monotonic()
        say("install", debian.install(package), f"{time.monotonic() - began:.1f} s")
        say("version", debian.run("bursar", "--version"), debian.run("dpkg", "--verify", "bursar") or "files as packed")
        bursar = Installed(debian, "anna", fake.url)
        say("first start", f"serves after {bursar.start(**desktop):.2f} s", bursar.output())
        assert raw.ask(bursar.url, raw.message("hello", stream=True)).events[-1][0] == "message_stop"
        settled(bursar)
        assert charged(bursar) == [fake.bill()["picos"]]
        say("a request", bursar.bursar("log"))
        panel.item()
        panel.click("Auto")
        until(lambda: bursar.status()["mode"] == "auto", "the mode")
        say("a click on Auto in the tray", *panel.labels()[:4])
        assert "</html>" in bursar.page("/reports")
        say("the report", bursar.bursar("report"))
        say("the doctor", bursar.bursar("doctor"))
        say("the manual", debian.run("ls", "/usr/share/man/man1/bursar.1.gz"))
        say("remove", debian.run("dpkg", "-r", "bursar"))
        assert bursar.ended() == 0
        assert debian.processes() == []
        assert not (debian.root / "opt" / "bursar").exists()
        say("purge", debian.run("dpkg", "-P", "bursar") or "nothing was left")
        left = debian.run("sh", "-c", "find / -xdev -iname '*bursar*' -not -path '/tmp/*' -not -path '/proc/*'")
        say("what lies there still", left)
        assert all(path.startswith("/home/anna/") for path in left.split())
        assert charged(bursar) == [fake.bill()["picos"]]


def test_an_upgrade_while_answers_are_under_way(package: Path, fake: FakeClaude, tmp_path: Path) -> None:
    with Debian(tmp_path) as debian, panel_on(debian) as (panel, desktop):
        debian.install(package)
        bursar = Installed(debian, "anna", fake.url)
        bursar.start(**desktop)
        bursar.api("/api/mode", {"mode": "cloud"})
        panel.item()
        before = bursar.status()
        broken_program(debian, bursar)
        with raw.Client(bursar.url) as client:
            client.send(raw.post(bursar.url, raw.message("[[long:1000:40]]", stream=True)))
            client.until(b"content_block_delta")
            say("upgrade in the middle of an answer", debian.install(of_version(package, "99.0.0", tmp_path)))
            time.sleep(25)
            assert bursar.status()["since"] == before["since"]
            bursar.page("/reports")  # Whatever of it was not imported yet comes from the program of before.
            bursar.page("/settings")
            assert client.answer().events[-1][0] == "message_stop"
        ended = time.monotonic()
        settled(bursar)
        panel.items.clear()
        bursar.wait_until(lambda: bursar.is_up and bursar.status()["since"] != before["since"], "the new one", 60)
        say("begun anew", f"{time.monotonic() - ended:.1f} s after the answer", bursar.output())
        after = bursar.status()
        assert after["pid"] == before["pid"]
        assert after["mode"] == "cloud"
        panel.item()
        panel.click("Auto")
        until(lambda: bursar.status()["mode"] == "auto", "the mode")
        assert raw.ask(bursar.url, raw.message("hello")).status == 200
        settled(bursar)
        assert sum(charged(bursar)) == fake.bill()["picos"]
        assert "Traceback" not in bursar.output()
        say("quit", bursar.bursar("quit"))
        assert bursar.ended() == 0


def broken_program(debian: Debian, bursar: Installed) -> None:
    """Put what is no program in the place of the one that runs: it is tried and left, and nothing is read from it."""
    program = debian.root / "opt" / "bursar" / "bursar"
    program.with_name("next").write_text("#!/bin/sh\nexit 1\n")
    program.with_name("next").chmod(0o755)
    program.with_name("next").replace(program)
    bursar.page("/reports")
    bursar.api("/api/budget", {"usd": "20.00"})  # Imports what edits settings, which nothing before had needed.
    bursar.wait_until(lambda: "cannot start here" in bursar.output(), "its trial", 60)
    say("a broken program in its place", bursar.output().rstrip().rpartition("\n")[2])


def test_old_settings_and_an_old_ledger_go_on_and_a_newer_one_is_refused(
    package: Path, fake: FakeClaude, tmp_path: Path
) -> None:
    with Debian(tmp_path) as debian:
        debian.install(package)
        bursar = Installed(debian, "anna", fake.url)
        database = bursar.state / "ledger" / "ledger.db"
        bursar.write(database, "")
        with closing(sqlite3.connect(database)) as ledger:
            ledger.executescript(OLD_LEDGER.read_text())
        before = charged(bursar)
        bursar.start()
        kept = database.with_name("backups") / "of-version-1.db"
        assert kept.exists()
        assert charged(bursar)[: len(before)] == before
        say("a ledger of version 1 goes on", debian.run("ls", "-l", "/home/anna/.local/state/bursar/ledger/backups"))
        bursar.bursar("quit")
        assert bursar.ended() == 0
        with closing(sqlite3.connect(database)) as ledger:
            ledger.execute("PRAGMA user_version = 99")
        bursar.write(bursar.state / "version.txt", "99.0.0\n")
        refused = debian.tried("bursar", "serve", person="anna")
        say("a ledger of a newer bursar", refused.stdout)
        assert refused.returncode == 1
        assert "was made by bursar 99.0.0" in refused.stdout


def test_a_removal_leaves_no_agent_of_anybody_with_a_dead_address(
    package: Path, fake: FakeClaude, tmp_path: Path
) -> None:
    with Debian(tmp_path, ("anna", "ben", "carla")) as debian:
        debian.install(package)
        one, other = Installed(debian, "anna", fake.url), Installed(debian, "ben", fake.url)
        own = debian.root / "home" / "ben" / ".claude" / "settings.json"
        other.write(own, '{\n  "model": "opus"\n}\n')
        for bursar in (one, other):
            bursar.bursar("connect", "claude-code", "--yes")
        one.start()
        connected = [debian.root / "home" / name / ".claude" / "settings.json" for name in ("anna", "ben")]
        told = [json.loads(path.read_text())["env"]["ANTHROPIC_BASE_URL"] for path in connected]
        assert told == [one.url, other.url]
        say("remove, while agents of two people lead here", debian.run("dpkg", "-r", "bursar"))
        assert one.ended() == 0
        assert not connected[0].exists()
        assert own.read_text() == '{\n  "model": "opus"\n}\n'
        assert debian.processes() == []
        assert (one.state / "ledger" / "ledger.db").exists()


@pytest.mark.skipif(installed() is None, reason="Claude Code is not there: `python tests/run.py` fetches it")
def test_claude_code_through_the_installed_bursar(package: Path, fake: FakeClaude, tmp_path: Path) -> None:
    program = installed()
    assert program
    llama = start_llama(scripts=SCRIPTS | LOCAL_SCRIPTS)
    try:
        with Debian(tmp_path) as debian:
            debian.install(package)
            bursar = Installed(debian, "anna", fake.url, local=llama.url)
            bursar.start()
            claude = ClaudeCode(program, tmp_path / "claude")
            claude.folder.mkdir(parents=True)
            (claude.folder / "notes.txt").write_text("Next: [[then_bash]]\n")
            (claude.folder / "next.txt").write_text("Next: [[then_agent]]\n")
            bursar.api("/api/mode", {"mode": "cloud"})
            cloud = claude.ask(bursar.url, "Please [[bash:echo hello]] [[text:Done by Claude.]]")
            assert (cloud.exit_code, cloud.result, cloud.tools_used) == (0, "Done by Claude.", ["Bash"])
            asked = len(fake.requests())
            bursar.api("/api/mode", {"mode": "local"})
            local = claude.ask(bursar.url, "Please do these steps. [[begin]]")
            assert local.exit_code == 0, (local.result, bursar.output())
            assert local.tools_used == ["Read", "Bash", "Agent"]
            assert len(fake.requests()) == asked
            settled(bursar)
            say("Claude Code, with Claude and with llama.cpp", bursar.bursar("log"), bursar.bursar("status"))
            assert sum(charged(bursar)) == fake.bill()["picos"]
            assert bursar.bursar("quit").startswith("bursar (process")
            assert bursar.ended() == 0
    finally:
        llama.stop()
