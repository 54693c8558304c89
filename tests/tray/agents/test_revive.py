"""What an agent's hook does: nothing while bursar is up, else it is brought up, or steps aside, or stops the prompt."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from budget.instance import owner
from tests.kit.bursar import Bursar
from tests.kit.fake_claude import ROOT
from tests.tray.conftest import Command
from tray.agents import hook
from tray.control import answers

DIRECT = "https://api.anthropic.com"


@pytest.fixture
def connected(bursar: Command, settings: Path, port: int) -> Path:
    """Claude Code's settings, connected."""
    assert bursar("connect", "claude-code", "--yes").code == 0
    return settings


@contextmanager
def taken(port: int) -> Iterator[None]:
    """Another program has the port."""
    with socket.create_server(("127.0.0.1", port)):
        yield


def address(settings: Path) -> str:
    """Read the address in the settings."""
    return str(json.loads(settings.read_text())["env"]["ANTHROPIC_BASE_URL"])


def revive(bursar: Command, **environ: str) -> dict[str, str]:
    """Do what the hook does before a prompt; gives what it says to the agent."""
    said = bursar("revive", "claude-code", "UserPromptSubmit", **environ)
    assert said.code == 0, said.err
    return json.loads(said.out) if said.out else {}


def test_where_it_cannot_start_it_steps_aside_and_says_so_once(
    bursar: Command, connected: Path, port: int, home: Path
) -> None:
    with taken(port):
        first = revive(bursar, ANTHROPIC_BASE_URL=DIRECT)
        assert re.match(r"bursar cannot start: port \d+ .*taken", first["systemMessage"])
        assert f"requests go to {DIRECT}, unmetered" in first["systemMessage"]
        assert address(connected) == DIRECT
        assert revive(bursar, ANTHROPIC_BASE_URL=DIRECT) == {}
        found = {finding["key"]: finding for finding in bursar("doctor", "--json").json["findings"]}["aside"]
        assert (found["ok"], "unmetered" in found["says"]) == (False, True)
        assert bursar("status", "--json").json["stepped_aside"] is True
        assert "Aside" in bursar("status").out
    assert (home / "agents.aside").exists()
    assert bursar("disconnect", "--yes").code == 0  # Also from there, every byte comes back.
    assert not connected.exists()
    assert not (home / "agents.aside").exists()
    assert bursar("status", "--json").json["stepped_aside"] is False


@pytest.mark.parametrize(
    ("verb", "why"), [(("stop",), "all cloud traffic is stopped"), (("mode", "local"), "the mode is local")]
)
def test_what_must_not_reach_claude_is_stopped_in_words(
    bursar: Command, connected: Path, port: int, verb: tuple[str, ...], why: str
) -> None:
    assert bursar(*verb).code == 0
    with taken(port):
        said = revive(bursar)
    assert said["decision"] == "block"
    assert f"It does not step aside, because {why}" in said["reason"]
    assert address(connected) == f"http://127.0.0.1:{port}"


def test_restricted_work_that_is_to_stay_here_is_not_let_past(
    bursar: Command, connected: Path, port: int, home: Path
) -> None:
    config = home / "config.toml"
    config.write_text('restricted = "local-only"\n' + config.read_text() + "broken = = 1\n")
    assert "restricted work is to stay on this machine" in revive(bursar)["reason"]
    assert address(connected) == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("broken", ["", "broken = = 1\n"])
def test_what_a_rule_blocks_is_not_let_past(
    bursar: Command, connected: Path, port: int, home: Path, broken: str
) -> None:
    config = home / "config.toml"
    config.write_text(f'{broken}{config.read_text()}\n[[rule]]\nmodel = "claude-opus*"\nroute = "block"\n')
    with taken(port):
        assert "It does not step aside, because a rule blocks requests" in revive(bursar)["reason"]
    assert address(connected) == f"http://127.0.0.1:{port}"


def test_what_a_project_blocks_is_not_let_past_from_there(
    bursar: Command, connected: Path, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".bursar.toml").write_text('[[rule]]\npath = "secret/**"\nroute = "block"\n')
    with taken(port):
        assert "because a rule blocks requests" in revive(bursar)["reason"]
        (tmp_path / ".bursar.toml").unlink()
        assert "It steps aside" in revive(bursar)["systemMessage"]


def test_without_its_record_it_says_so(bursar: Command, connected: Path, port: int, home: Path) -> None:
    (home / "agents.json").unlink()
    with taken(port):
        assert (
            f"because its record of Claude Code's settings, {home / 'agents.json'}, is gone" in revive(bursar)["reason"]
        )


def test_it_is_started_and_led_back_to(bursar: Command, connected: Path, port: int, home: Path) -> None:
    with taken(port):
        revive(bursar, ANTHROPIC_BASE_URL=DIRECT)
    # An agent's keys are none of bursar's business.
    person = {"BURSAR_HOME": str(home), "HOME": str(connected.parents[1]), "ANTHROPIC_API_KEY": "sk-ant-canary"}
    done = subprocess.run(
        hook.own_command("revive", "claude-code", "UserPromptSubmit"),
        env={"PATH": os.environ["PATH"], "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}", **person},
        capture_output=True,
        timeout=60,
        check=True,
    )
    said = json.loads(done.stdout)
    running = owner(home / "run.json")
    assert running
    try:
        assert said == {"systemMessage": "bursar is back: requests go through it again."}
        assert address(connected) == f"http://127.0.0.1:{port}"
        assert hook.is_up(port, running.pid)
        if Path("/proc").is_dir():
            assert b"canary" not in Path(f"/proc/{running.pid}/environ").read_bytes()
        assert revive(bursar, ANTHROPIC_BASE_URL=f"http://127.0.0.1:{port}") == {}
    finally:
        os.kill(running.pid, signal.SIGTERM)


def test_settings_that_cannot_be_led_back_are_told_of_and_stop_no_prompt(
    bursar: Command, connected: Path, port: int, home: Path
) -> None:
    with taken(port):
        revive(bursar, ANTHROPIC_BASE_URL=DIRECT)
    connected.chmod(0o400)
    person = {"BURSAR_HOME": str(home), "HOME": str(connected.parents[1]), "ANTHROPIC_BASE_URL": DIRECT}
    done = subprocess.run(
        hook.own_command("revive", "claude-code", "UserPromptSubmit"),
        env={"PATH": os.environ["PATH"], **person},
        capture_output=True,
        timeout=60,
        check=False,
    )
    running = owner(home / "run.json")
    assert running
    os.kill(running.pid, signal.SIGTERM)
    told = f"bursar runs again, but Claude Code still goes past it: {connected} is read-only"
    assert (done.returncode, told in done.stdout.decode()) == (0, True), done
    assert address(connected) == DIRECT


def test_the_hook_says_nothing_while_bursar_is_up_and_takes_no_stranger_for_it(tmp_path: Path) -> None:
    with Bursar(tmp_path / "bursar", DIRECT) as running:
        record = running.home / "agents.json"
        command = [
            sys.executable,
            "-I",
            "-S",
            hook.__file__,
            "claude-code",
            "SessionStart",
            str(running.port),
            str(record),
        ]
        done = subprocess.run(command, capture_output=True, timeout=60, cwd=tmp_path, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        runs = owner(running.home / "run.json")
        assert runs
        assert hook.own_process(str(record)) == runs.pid
        assert hook.is_up(running.port, runs.pid)
        assert answers(running.port)
    assert hook.own_process(str(record)) == 0
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not hook.is_up(silent.getsockname()[1], runs.pid)


@contextmanager
def dripping(pause_s: float) -> Iterator[tuple[int, list[bytes]]]:
    """Answer at a port, a byte at a time, for ever; gives the port, and what was sent."""
    ended, sent = threading.Event(), list[bytes]()

    def drip(server: socket.socket) -> None:
        line, _ = server.accept()
        with line, suppress(OSError):
            while not ended.wait(pause_s):
                line.sendall(b" ")
                sent.append(b" ")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        yield server.getsockname()[1], sent
        ended.set()
        thread.join()


def test_who_never_ends_the_answer_does_not_hold_the_agent_up() -> None:
    with dripping(0.01) as (port, sent):
        assert not hook.is_up(port, 1)
        assert len(sent) < 1000


@pytest.mark.skipif(os.name != "posix", reason="another user's process is told by a signal that does nothing")
def test_the_number_of_a_process_that_ended_names_no_bursar_whoever_answers_by_it(tmp_path: Path) -> None:
    record = tmp_path / "agents.json"
    note = tmp_path / "run.json"
    note.write_text(json.dumps({"pid": os.getpid(), "ports": {}}))
    assert hook.own_process(str(record)) == os.getpid()
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    note.write_text(json.dumps({"pid": ended.pid, "ports": {}}))
    assert hook.own_process(str(record)) == 0


def test_a_bursar_of_another_home_is_not_taken_for_its_own(
    bursar: Command, connected: Path, port: int, home: Path, tmp_path: Path
) -> None:
    other = Bursar(tmp_path / "other", DIRECT, port=port)
    other.port = port
    with other:
        runs = owner(other.home / "run.json")
        assert runs
        assert not hook.is_up(port, hook.own_process(str(home / "agents.json")))
        # As left by a bursar that was killed, whose ports are the other's now.
        note = {"pid": runs.pid + 1, "ports": {"proxy": other.port, "control": other.control_port}}
        (home / "run.json").write_text(json.dumps(note))
        (home / "control.token").write_text("of before")
        (home / "control.token").chmod(0o600)
        assert not hook.is_up(port, hook.own_process(str(home / "agents.json")))
        assert "is not running" in bursar("status").out
        said = revive(bursar, ANTHROPIC_BASE_URL=DIRECT)
        assert re.match(r"bursar cannot start: port \d+ .*taken", said["systemMessage"])
        assert f"requests go to {DIRECT}, unmetered" in said["systemMessage"]
        assert address(connected) == DIRECT


def test_the_hook_asks_at_the_port_that_the_record_names(connected: Path, port: int, home: Path) -> None:
    assert hook.wired_port(str(home / "agents.json"), "claude-code") == port
    assert hook.wired_port(str(home / "agents.json"), "opencode") == 0
    assert hook.wired_port(str(home / "none.json"), "claude-code") == 0


def test_the_hook_imports_nothing_heavy() -> None:
    seen = subprocess.run(
        [sys.executable, "-I", "-S", "-X", "importtime", hook.__file__, "a", "b", "1"],
        capture_output=True, text=True, timeout=60, cwd=ROOT, check=False,
    ).stderr  # fmt: skip
    assert "not enough values" in seen
    assert not re.search(r"\| +(click|json|pathlib|tray)$", seen, re.M)
