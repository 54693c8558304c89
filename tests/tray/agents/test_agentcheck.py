"""bursar doctor finds what leads an agent past bursar, or to where nobody is."""

import json
import os
import socket
from datetime import timedelta
from pathlib import Path

import pytest

from tests.kit.bursar import free_ports
from tests.tray.conftest import NOON, Command
from tray.cli.agentcheck import newest


def findings(said) -> dict[str, dict[str, str]]:
    """Give the findings by their key."""
    return {finding["key"]: finding for finding in said.json["findings"] if finding["key"]}


def answer(number: int, at, folder: str = "/home/ada/shop") -> str:
    """Write a line of Claude Code's log."""
    usage = {"input_tokens": 1000, "output_tokens": 10}
    message = {"id": f"msg_{number:024d}X", "model": "claude-sonnet-5-5", "role": "assistant", "usage": usage}
    line = {"type": "assistant", "timestamp": at.isoformat(), "requestId": f"req_{number}", "sessionId": "s"}
    return json.dumps({**line, "uuid": f"u{number}", "cwd": folder, "message": {**message, "content": []}}) + "\n"


def test_a_dead_address_in_the_settings_is_found(bursar: Command, settings: Path, port: int) -> None:
    (dead,) = free_ports(1)
    settings.write_text(json.dumps({"env": {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{dead}"}}))
    said = bursar("doctor", "--json")
    found = findings(said)["stale"]
    assert (said.code, found["ok"], found["mend"]) == (1, False, "bursar connect claude-code")
    assert found["says"].endswith(f"its settings send it to http://127.0.0.1:{dead}; nobody answers there")


def test_after_a_change_of_port_the_doctor_says_to_connect_anew(
    bursar: Command, home: Path, settings: Path, port: int
) -> None:
    bursar("connect", "claude-code", "--yes")
    (other,) = free_ports(1)
    config = home / "config.toml"
    config.write_text(config.read_text().replace(f"port = {port}\n", f"port = {other}\n", 1))
    with socket.create_server(("127.0.0.1", port)):  # Another program answers there now.
        found = findings(bursar("doctor", "--json"))["stale"]
    assert (found["ok"], found["mend"]) == (False, "bursar connect claude-code")
    assert found["says"].endswith(f"now it is at http://127.0.0.1:{other}")
    bursar("connect", "claude-code", "--yes")
    assert "stale" not in findings(bursar("doctor", "--json"))


def test_a_dead_address_in_a_shells_file_is_found_with_its_line(bursar: Command, person: Path, port: int) -> None:
    (dead,) = free_ports(1)
    fish = person / ".config" / "fish" / "config.fish"
    fish.parent.mkdir(parents=True)
    fish.write_text(
        f"# set -gx ANTHROPIC_BASE_URL http://127.0.0.1:1\nset -gx ANTHROPIC_BASE_URL 'http://127.0.0.1:{dead}'\n"
    )
    (person / ".bashrc").write_text(f'export ANTHROPIC_BASE_URL="http://127.0.0.1:{port}"\n')  # This one is right.
    found = findings(bursar("doctor", "--json"))["stale"]
    assert (found["part"], found["ok"]) == ("shell", False)
    assert f"config.fish, line 2 sets ANTHROPIC_BASE_URL to http://127.0.0.1:{dead}" in found["says"]


def test_a_proxy_in_between_and_a_project_of_its_own_are_found(
    bursar: Command, settings: Path, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bursar("connect", "claude-code", "--yes")
    said = bursar("doctor", "--json", HTTPS_PROXY="http://proxy.example:3128")
    assert (said.code, "asks that proxy for bursar" in findings(said)["overridden"]["says"]) == (1, True)
    (tmp_path / "shop" / ".claude").mkdir(parents=True)
    (tmp_path / "shop" / ".claude" / "settings.json").write_text('{"env": {"ANTHROPIC_BASE_URL": "https://x.example"}}')
    monkeypatch.chdir(tmp_path / "shop")
    assert "x.example" in findings(bursar("doctor", "--json"))["overridden"]["says"]


def test_requests_that_went_around_bursar_are_counted_and_explained(
    bursar: Command, person: Path, settings: Path, port: int
) -> None:
    log = person / ".claude" / "projects" / "shop" / "s.jsonl"
    log.parent.mkdir(parents=True)
    old, new = NOON - timedelta(days=30), NOON - timedelta(hours=1)
    log.write_text(answer(1, old) + answer(2, new) + answer(3, new))
    os.utime(log, (new.timestamp(), new.timestamp()))
    said = bursar("doctor", "--json")
    found = findings(said)["around"]
    assert (said.code, found["ok"], found["mend"]) == (0, True, "bursar connect claude-code")
    assert found["says"].startswith("2 requests of Claude Code since a week ago went around bursar (in shop; the last ")
    bursar("connect", "claude-code", "--yes")
    assert "around" not in findings(bursar("doctor", "--json"))  # All of them were before.
    with log.open("a") as file:
        file.write(answer(4, NOON + timedelta(minutes=5)))
    os.utime(log, (NOON.timestamp() + 300, NOON.timestamp() + 300))
    found = findings(bursar("doctor", "--json"))["around"]
    assert not found["ok"]
    assert found["says"].startswith("1 request of Claude Code since it was connected went around bursar")


def test_of_many_logs_the_newest_are_read_and_what_is_left_is_counted(tmp_path: Path) -> None:
    for age, size in enumerate((40, 900, 50, 60)):
        log = tmp_path / f"{age}.jsonl"
        log.write_bytes(b"x" * size)
        os.utime(log, (NOON.timestamp() - age, NOON.timestamp() - age))
    names = [tmp_path / f"{age}.jsonl" for age in (3, 2, 1, 0)]
    logs = newest([*names, tmp_path / "gone.jsonl"], NOON - timedelta(seconds=9), most_bytes=100)
    assert [path.stem for path in logs.chosen] == ["0", "2"]
    assert (logs.bytes, logs.left_bytes) == (90, 960)
    assert newest(names, NOON, most_bytes=100).chosen == (names[3],)


def test_the_doctor_says_when_it_looked_at_a_part_of_the_logs_only(
    bursar: Command, person: Path, settings: Path, port: int
) -> None:
    bursar("connect", "claude-code", "--yes")
    for name, size in (("large", 127), ("small", 1)):
        log = person / ".claude" / "projects" / "shop" / f"{name}.jsonl"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as file:
            file.truncate(size * 2**20 + 1)  # Without a line in it, and without a block on the disk.
        os.utime(log, (NOON.timestamp() + size, NOON.timestamp() + size))
    said = bursar("doctor", "--json")
    (found,) = (each for each in said.json["findings"] if each["part"] == "went around")
    assert found["ok"]
    assert "of its logs were read, the newest: bursar history import reads all" in found["says"]
