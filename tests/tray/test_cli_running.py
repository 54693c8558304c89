"""The command and the bursar that runs: what is asked is told, what is changed counts at once."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.kit.bursar import Bursar, free_ports
from tests.kit.fake_claude import ROOT
from tests.kit.raw import ask, message
from tests.tray.conftest import NOWHERE

posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bursar]:
    """One for all tests that neither end it nor change what holds; its Claude is not there."""
    with Bursar(tmp_path_factory.mktemp("shared") / "home", NOWHERE, mode=None) as bursar:
        yield bursar


def test_status_tells_today_and_where_agents_connect(shared: Bursar):
    said = shared.command("status")
    assert said.returncode == 0
    assert "$0.00 of $10.00" in said.stdout
    assert f"http://127.0.0.1:{shared.port}" in said.stdout
    assert "not running" not in said.stdout


def test_a_mode_chosen_while_it_runs_survives_a_restart(served: Bursar):
    assert served.command("mode", "local").stdout.startswith("local: ")
    assert served.status()["mode"] == "local"
    served.stop()
    served.start()
    assert served.status()["mode"] == "local"


def test_a_budget_set_while_it_runs_counts_at_once_and_stands_in_the_file(served: Bursar):
    said = served.command("budget", "set", "30")
    assert said.stdout == "budget $30.00 a day, cutoff $36.00\n"
    assert served.status()["cutoff_usd"] == "36"
    assert 'budget = "30"' in (served.home / "config.toml").read_text()
    refused = served.command("cutoff", "set", "1")
    assert (refused.returncode, refused.stderr) == (
        1,
        "bursar: not changed: `cutoff` ($1.00) must not be below `budget` ($30.00)\n",
    )


def test_a_reload_takes_what_a_person_wrote_and_refuses_what_is_wrong(served: Bursar):
    config = served.home / "config.toml"
    config.write_text(config.read_text().replace('"10.00"', '"15.00"').replace(f"port = {served.port}", "port = 9999"))
    said = served.command("config", "reload")
    assert said.stdout == "reloaded\nneeds a restart: port\n"
    assert served.status()["budget_usd"] == "15"
    config.write_text("budget = no\n")
    assert served.command("config", "reload").returncode == 1
    assert served.status()["budget_usd"] == "15"


def test_the_day_of_the_clock_can_be_confirmed(shared: Bursar):
    assert f"the budget day is {shared.status()['day']}" in shared.command("confirm-day").stdout


def test_the_emergency_stop_is_kept_across_kill_9(served: Bursar):
    assert "stopped since" in served.command("stop").stdout
    served.kill()
    served.start()
    assert served.status()["stop"]["by"] == "person"
    assert "allowed" in served.command("resume").stdout


def test_a_second_bursar_names_the_first_and_ends(shared: Bursar):
    said = shared.command("serve")
    assert said.returncode == 4
    runs = f"bursar: bursar is already running (process {shared.pid})"
    assert said.stderr == f"{runs}; to look at it: bursar status, or: bursar dashboard\n"
    assert shared.status()["running"]


def test_a_lock_left_by_kill_9_stops_nobody(served: Bursar):
    served.kill()
    assert (served.home / "run.json").exists()
    assert "bursar is not running" in served.command("status").stdout
    served.start()
    assert served.status()["running"]


@pytest.mark.parametrize("which", ["port", "control_port"])
def test_a_taken_port_is_named_and_no_other_one_is_used(tmp_path: Path, which: str):
    other = Bursar(tmp_path / "other", NOWHERE, mode=None)
    taken = getattr(other, which)
    with socket.create_server(("127.0.0.1", taken)):
        said = other.command("serve")
    assert said.returncode == 4
    assert f"port {taken}" in said.stderr
    if sys.platform == "linux":
        assert f"(process {os.getpid()})" in said.stderr
    assert not (other.home / "control.token").exists()
    assert not (other.home / "run.json").exists()
    with other:
        assert other.status()["running"]


def test_the_token_is_private_new_at_each_start_and_gone_at_the_end(served: Bursar):
    token = served.home / "control.token"
    first = token.read_text()
    if os.name != "nt":
        assert token.stat().st_mode & 0o777 == 0o600
    served.stop()
    assert not token.exists()
    served.start()
    assert token.read_text() != first


@posix_only
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_well(served: Bursar, number: int):
    os.kill(served.pid, number)
    assert served.stop() == 0
    assert "Traceback" not in served.output()


@posix_only
def test_a_signal_is_never_lost_however_soon_it_comes(served: Bursar):
    for _ in range(5):
        os.kill(served.pid, signal.SIGHUP)
        assert served.stop(10) == 0
        served.start()


def test_an_agent_is_told_of_bursar_and_its_exit_code_is_ours(shared: Bursar):
    tell = "import os, sys; print(os.environ['ANTHROPIC_BASE_URL'], os.environ['NO_PROXY']); sys.exit(7)"
    said = shared.command("run", "--", sys.executable, "-c", tell)
    assert said.returncode == 7
    assert said.stdout == f"http://127.0.0.1:{shared.port} {no_proxy()}\n"


def no_proxy() -> str:
    """Say what an agent's NO_PROXY must be in this environment."""
    return ",".join(filter(None, [os.environ.get("NO_PROXY", ""), "127.0.0.1", "localhost"]))


def test_a_command_that_is_not_there_is_named(shared: Bursar):
    said = shared.command("run", "--", "no-such-agent")
    assert (said.returncode, said.stderr) == (127, "bursar: there is no command 'no-such-agent'\n")


@posix_only
def test_a_signal_reaches_the_agent_and_its_death_is_told_as_a_shell_would(shared: Bursar):
    wait = "import time; print('ready', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-m", "tray", "run", "--", sys.executable, "-c", wait],
        cwd=ROOT,
        env={**os.environ, "BURSAR_HOME": str(shared.home)},
        stdout=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 128 + signal.SIGTERM


def test_run_starts_bursar_in_the_background_and_leaves_it_running(tmp_path: Path):
    unstarted = Bursar(tmp_path / "home", NOWHERE, mode=None)
    said = unstarted.command("run", "--", sys.executable, "-c", "print('agent')")
    assert (said.returncode, said.stdout, said.stderr) == (0, "agent\n", "")
    status = unstarted.status()
    os.kill(status["pid"], signal.SIGTERM)
    until = time.monotonic() + 20
    while (unstarted.home / "run.json").exists():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_run_says_why_bursar_could_not_be_started(tmp_path: Path):
    broken = Bursar(tmp_path / "home", NOWHERE, mode=None)
    (taken,) = free_ports(1)
    (broken.home / "config.toml").write_text(f"port = {taken}\ncontrol_port = {taken}\n")
    said = broken.command("run", "--", sys.executable, "-c", "print('agent')")
    assert (said.returncode, said.stdout) == (1, "")
    assert "`port` and `control_port` are the same" in said.stderr


def test_run_ends_with_the_code_for_a_program_in_the_way(tmp_path: Path):
    blocked = Bursar(tmp_path / "home", NOWHERE, mode=None)
    with socket.create_server(("127.0.0.1", blocked.port)):
        said = blocked.command("run", "--", sys.executable, "-c", "print('agent')")
    assert (said.returncode, said.stdout) == (4, "")
    assert f"port {blocked.port} (proxy) is taken by another program" in said.stderr


def test_follow_shows_requests_as_they_pass(served: Bursar):
    with subprocess.Popen(
        [sys.executable, "-m", "tray", "log", "-f", "--json"],
        cwd=ROOT,
        env={**os.environ, "BURSAR_HOME": str(served.home), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
    ) as follower:
        assert follower.stdout is not None
        agent = HTTPConnection("127.0.0.1", served.port, timeout=20)
        message = '{"model": "claude-haiku-5-5", "max_tokens": 8, "messages": [{"role": "user", "content": "hi"}]}'
        agent.request("POST", "/v1/messages", message, {"content-type": "application/json"})
        agent.getresponse().read()
        agent.close()
        assert b'"model_asked": "claude-haiku-5-5"' in follower.stdout.readline()
        follower.kill()


def test_after_a_restart_the_log_begins_with_what_the_ledger_kept_and_marks_it(served: Bursar):
    first = ask(served.url, message("hello")).headers["x-bursar-request"]
    served.stop()
    served.start()
    said = served.command("log")
    assert said.stdout.rstrip().endswith("(before this start)")
    assert "no request has passed since bursar started" in said.stderr
    second = ask(served.url, message("hello")).headers["x-bursar-request"]
    lines = [json.loads(line) for line in served.command("log", "--json").stdout.splitlines()]
    assert [(line["request_id"], line.get("is_before_start", False)) for line in lines] == [
        (first, True),
        (second, False),
    ]
    assert set(lines[0]) == {*lines[1], "is_before_start"}
    assert {name: lines[0][name] for name in ("model_asked", "route", "outcome", "reason")} == {
        name: lines[1][name] for name in ("model_asked", "route", "outcome", "reason")
    }
    assert len(served.command("log", "-n", "1", "--json").stdout.splitlines()) == 1
    assert served.command("log", "-n", "0", "--json").stdout == ""


def test_the_log_names_what_was_refused_for_want_of_money_and_why(served: Bursar):
    served.command("budget", "set", "0.01")
    ask(served.url, message("hello", max_tokens=2000))
    said = served.command("log").stdout
    assert "-> refused" in said
    assert "the cutoff leaves $0.01" in said


def test_explain_says_that_a_request_never_reached_claude(shared: Bursar):
    ask(shared.url, message("hello"))
    assert "failed, it never reached Claude" in " ".join(shared.command("explain").stdout.split())


def test_before_the_first_request_the_log_and_explain_say_so(served: Bursar):
    assert "no request has passed" in served.command("log").stderr
    assert "no request was made yet" in served.command("explain").stderr


def test_a_claude_that_cannot_be_reached_is_told_by_status_log_and_doctor(shared: Bursar):
    ask(f"http://127.0.0.1:{shared.port}", message("hello"))
    assert " could not be reached at " in shared.command("status").stdout
    assert shared.status()["cloud"]["trouble"]["why"] == "connection refused"
    assert "failed: Claude could not be reached: connection refused, $0.00" in shared.command("log").stdout
    assert "could not be reached at" in shared.command("doctor").stdout
