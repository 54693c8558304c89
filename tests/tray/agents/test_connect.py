"""bursar connect and disconnect: shown first, done to the byte, undone to the byte, and never against a hand edit."""

import json
import os
import stat
from pathlib import Path

import pytest

from tests.tray.conftest import Command

MINE = '{\r\n\t"model": "opus", // mine\r\n\t"env": {"MY_API_KEY": "s3cret"}\r\n}\r\n'
BOM = b"\xef\xbb\xbf"


def connect(bursar: Command, *options: str, **environ: str):
    """Connect Claude Code without a question."""
    said = bursar("connect", "claude-code", "--yes", *options, **environ)
    assert said.code == 0, said.err
    return said


def test_it_is_led_through_bursar_and_brings_it_up(bursar: Command, settings: Path, port: int, home: Path) -> None:
    settings.write_text("{}")
    assert "to undo it: bursar disconnect claude-code" in connect(bursar).out
    found = json.loads(settings.read_text())
    assert found["env"] == {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}"}
    for event in ("SessionStart", "UserPromptSubmit"):
        (hook,) = found["hooks"][event][0]["hooks"]
        assert hook["command"].endswith(f" claude-code {event} {port} {home / 'agents.json'} {home}")
    (agent,) = (each for each in bursar("connect", "--json").json["agents"] if each["agent"] == "claude-code")
    assert (agent["state"], agent["says"]) == ("connected", "through bursar")


def test_disconnect_gives_every_byte_back(bursar: Command, settings: Path, port: int) -> None:
    before = BOM + MINE.encode()
    settings.write_bytes(before)
    settings.chmod(0o640)
    connect(bursar)
    assert settings.read_bytes().startswith(BOM + b'{\r\n\t"model": "opus", // mine\r\n\t"env": {"MY_API_KEY"')
    assert b"\n" not in settings.read_bytes().replace(b"\r\n", b"")
    assert stat.S_IMODE(settings.stat().st_mode) == 0o640
    copy = settings.with_name("settings.json.before-bursar")
    assert copy.read_bytes() == before
    assert stat.S_IMODE(copy.stat().st_mode) == 0o640
    assert bursar("disconnect", "--yes").code == 0
    assert settings.read_bytes() == before
    assert sorted(path.name for path in settings.parent.iterdir()) == ["settings.json"]


def test_a_file_that_was_not_there_is_taken_away_again(bursar: Command, settings: Path, port: int) -> None:
    connect(bursar)
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    assert bursar("disconnect", "--yes").code == 0
    assert list(settings.parent.iterdir()) == []


def test_what_was_changed_by_hand_since_stays(bursar: Command, settings: Path, port: int) -> None:
    settings.write_text(MINE)
    connect(bursar)
    text = settings.read_text().replace(f"http://127.0.0.1:{port}", "https://gw.example").replace("opus", "sonnet")
    settings.write_text(text)
    said = bursar("disconnect", "--yes")
    assert "env.ANTHROPIC_BASE_URL was changed since, by hand or by a program; it stays as it is" in said.out
    left = settings.read_text()
    assert '"ANTHROPIC_BASE_URL": "https://gw.example"' in left
    assert '"sonnet"' in left
    assert "hooks" not in left
    assert bursar("connect", "--json").json["agents"][0]["state"] == "elsewhere"


def test_connecting_twice_changes_nothing_and_a_new_port_is_followed(
    bursar: Command, settings: Path, port: int, home: Path
) -> None:
    settings.write_text(MINE)
    connect(bursar)
    once = settings.read_bytes()
    assert "nothing to change" in connect(bursar).out
    assert settings.read_bytes() == once
    config = home / "config.toml"
    config.write_text(config.read_text().replace(f"port = {port}", "port = 4999", 1))
    assert "to connect: bursar connect claude-code" in bursar("connect").out
    connect(bursar)
    assert f":{port}" not in settings.read_text()
    assert settings.read_text().count("4999") == 3
    bursar("disconnect", "--yes")
    assert settings.read_bytes() == MINE.encode()


def test_it_is_shown_first_without_the_keys_beside_it(bursar: Command, settings: Path, port: int) -> None:
    settings.write_bytes(MINE.encode())
    said = bursar("connect", "claude-code", "--dry-run")
    assert f'+\t"env": {{"MY_API_KEY": "…", "ANTHROPIC_BASE_URL": "http://127.0.0.1:{port}"}},' in said.out
    assert "s3cret" not in said.out
    assert settings.read_bytes() == MINE.encode()
    unasked = bursar("connect", "claude-code")
    assert (unasked.code, settings.read_bytes()) == (1, MINE.encode())
    assert "--yes" in unasked.err
    assert bursar("connect", "claude-code", "--json").code == 2
    told = bursar("connect", "claude-code", "--json", "--dry-run").json
    assert (told["connected"], told["changed"]) == (False, False)


def test_a_link_stays_and_what_it_leads_to_is_changed(
    bursar: Command, settings: Path, port: int, tmp_path: Path
) -> None:
    target = tmp_path / "dotfiles" / "claude.json"
    target.parent.mkdir()
    target.write_text('{"model": "opus"}')
    settings.symlink_to(target)
    connect(bursar)
    assert settings.is_symlink()
    assert "ANTHROPIC_BASE_URL" in target.read_text()
    bursar("disconnect", "--yes")
    assert settings.is_symlink()
    assert target.read_text() == '{"model": "opus"}'
    assert [path.name for path in target.parent.iterdir()] == ["claude.json"]


def test_another_settings_file_is_connected_only_when_the_first_was_put_back(
    bursar: Command, settings: Path, port: int, tmp_path: Path
) -> None:
    settings.write_text("{}")
    connect(bursar)
    other = tmp_path / "other" / "settings.json"
    other.parent.mkdir()
    other.write_text('{"model": "opus"}')
    there = {"CLAUDE_CONFIG_DIR": str(other.parent)}
    refused = bursar("connect", "claude-code", "--yes", **there)
    assert (refused.code, other.read_text()) == (1, '{"model": "opus"}')
    assert f"{settings} is connected; first: bursar disconnect claude-code" in refused.err
    assert bursar("disconnect", "--yes").code == 0
    assert settings.read_text() == "{}"
    connect(bursar, **there)
    assert other.with_name("settings.json.before-bursar").read_text() == '{"model": "opus"}'


def test_a_record_that_was_lost_costs_no_copy_of_the_file_as_it_was(
    bursar: Command, settings: Path, port: int, home: Path
) -> None:
    settings.write_bytes(MINE.encode())
    connect(bursar)
    (home / "agents.json").unlink()
    connect(bursar)
    bursar("disconnect", "--yes")
    assert settings.with_name("settings.json.before-bursar").read_bytes() == MINE.encode()


@pytest.mark.parametrize("is_connected_anew", [True, False])
@pytest.mark.parametrize("names", [(), ("claude-code",)])
def test_without_its_record_disconnect_says_what_still_leads_here_and_how_to_take_it_out(
    bursar: Command, settings: Path, port: int, home: Path, names: tuple[str, ...], is_connected_anew: bool
) -> None:
    settings.write_text(MINE)
    connect(bursar)
    (home / "agents.json").unlink()
    if is_connected_anew:
        connect(bursar)
    said = bursar("disconnect", *names, "--yes")
    told = said.out + said.err
    assert said.code == 1
    assert f"still goes to http://127.0.0.1:{port}: {settings} says so" in told
    assert "Take out env.ANTHROPIC_BASE_URL and the hooks that name bursar by hand" in told
    assert f"the file as it was before bursar is {settings}.before-bursar" in told
    assert "is disconnected" not in told


def test_a_server_of_ones_own_on_this_machine_is_not_taken_for_bursar(
    bursar: Command, settings: Path, port: int
) -> None:
    settings.write_text('{"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:4000"}}')
    assert bursar("disconnect", "--yes").out == "no agent is connected by bursar\n"


def test_a_connect_that_fails_leaves_bursars_own_way_as_it_was(
    bursar: Command, settings: Path, port: int, home: Path
) -> None:
    settings.write_text('{"env": {"ANTHROPIC_BASE_URL": "https://gw.example"}}')
    settings.chmod(0o400)
    said = bursar("connect", "claude-code", "--yes", "--through-gateway")
    assert (said.code, "gw.example" in (home / "config.toml").read_text()) == (1, False)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{\n  "env": {\n    "A": "1"\n    "B": "2"\n  }\n}', "line 4, column 5: a comma is missing here"),
        (b'{"env": ["A"]}', 'line 1, column 9: "env" is no object'),
        ('{"ä": 1}'.encode("latin-1"), "is not UTF-8"),
        ("{}".encode("utf-16"), "is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_place(
    bursar: Command, settings: Path, port: int, content: bytes, said: str
) -> None:
    settings.write_bytes(content)
    refused = bursar("connect", "claude-code", "--yes")
    assert refused.code == 1
    assert said in refused.err
    assert settings.read_bytes() == content
    assert [path.name for path in settings.parent.iterdir()] == ["settings.json"]


def test_a_file_that_is_read_only_is_left_alone(bursar: Command, settings: Path, port: int, home: Path) -> None:
    settings.write_text("{}")
    settings.chmod(0o400)
    refused = bursar("connect", "claude-code", "--yes")
    assert (refused.code, settings.read_text()) == (1, "{}")
    assert "is read-only" in refused.err
    assert bursar("disconnect", "--yes").out == "no agent is connected by bursar\n"
    assert [path.name for path in settings.parent.iterdir()] == ["settings.json"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_said(bursar: Command, settings: Path, port: int) -> None:
    settings.write_text("{}")
    settings.chmod(0)
    assert "cannot be read" in bursar("connect", "claude-code", "--yes").err


def test_a_folder_in_its_place_is_said(bursar: Command, settings: Path, port: int) -> None:
    settings.mkdir()
    assert "is a folder" in bursar("connect", "claude-code", "--yes").err


def test_a_gateway_of_ones_own_is_not_lost(bursar: Command, settings: Path, port: int, home: Path) -> None:
    settings.write_text('{"env": {"ANTHROPIC_BASE_URL": "https://gw.example/claude"}}')
    unsaid = bursar("connect", "claude-code", "--yes")
    assert unsaid.code == 1
    assert "--through-gateway" in unsaid.err
    assert "gw.example" in settings.read_text()
    connect(bursar, "--through-gateway")
    assert f":{port}" in settings.read_text()
    assert 'url = "https://gw.example/claude"' in (home / "config.toml").read_text()
    bursar("disconnect", "--yes")
    assert settings.read_text() == '{"env": {"ANTHROPIC_BASE_URL": "https://gw.example/claude"}}'


def test_a_gateway_in_the_environment_counts_too_and_can_be_left(bursar: Command, settings: Path, port: int) -> None:
    assert bursar("connect", "claude-code", "--yes", ANTHROPIC_BASE_URL="https://gw.example").code == 1
    connect(bursar, "--without-gateway", ANTHROPIC_BASE_URL="https://gw.example")
    assert f":{port}" in settings.read_text()


def test_a_proxy_of_the_environment_is_kept_out_of_the_way(bursar: Command, settings: Path, port: int) -> None:
    proxies = {"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "intern.example"}
    connect(bursar, **proxies)
    assert json.loads(settings.read_text())["env"]["NO_PROXY"] == "intern.example,127.0.0.1,localhost"
    assert bursar("connect", "--json", **proxies).json["agents"][0]["state"] == "connected"
    bursar("disconnect", "--yes")
    assert not settings.exists()


def test_what_wins_over_the_settings_is_named(
    bursar: Command, settings: Path, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(bursar)
    project = tmp_path / "project" / ".claude"
    project.mkdir(parents=True)
    (project / "settings.local.json").write_text('{"env": {"ANTHROPIC_BASE_URL": "https://other.example"}}')
    monkeypatch.chdir(project.parent)
    (agent, *_) = bursar("connect", "--json").json["agents"]
    assert agent["state"] == "overridden"
    assert agent["says"].endswith("settings.local.json sends Claude Code to https://other.example")
    monkeypatch.chdir(tmp_path)
    (agent, *_) = bursar("connect", "--json", CLAUDE_CODE_USE_BEDROCK="1").json["agents"]
    assert (agent["state"], "CLAUDE_CODE_USE_BEDROCK" in agent["says"]) == ("overridden", True)


def test_opencode_is_led_through_bursar_too(bursar: Command, person: Path, port: int) -> None:
    config = person / ".config" / "opencode" / "opencode.jsonc"
    config.parent.mkdir(parents=True)
    config.write_text('{\n  // mine\n  "provider": {"anthropic": {"options": {}}},\n}\n')
    said = bursar("connect", "opencode", "--yes")
    assert "cannot start bursar by itself" in said.out
    assert f'"options": {{\n    "baseURL": "http://127.0.0.1:{port}/v1"\n  }}' in config.read_text()
    assert bursar("disconnect", "opencode", "--yes").code == 0
    assert config.read_text() == '{\n  // mine\n  "provider": {"anthropic": {"options": {}}},\n}\n'


def test_codex_is_told_no_and_env_prints_lines(bursar: Command, person: Path, port: int) -> None:
    refused = bursar("connect", "codex")
    assert (refused.code, "Responses API" in refused.err) == (1, True)
    assert bursar("connect", "env", SHELL="/bin/zsh").out == f"export ANTHROPIC_BASE_URL='http://127.0.0.1:{port}'\n"
    fish = bursar("connect", "env", SHELL="/usr/bin/fish", HTTP_PROXY="http://p:1").out
    assert fish == (f"set -gx ANTHROPIC_BASE_URL 'http://127.0.0.1:{port}'\nset -gx NO_PROXY '127.0.0.1,localhost'\n")
    shown = bursar("connect", "env", "--shell", "powershell").out
    assert shown == f"$env:ANTHROPIC_BASE_URL = 'http://127.0.0.1:{port}'\n"
    assert list(person.iterdir()) == [person / ".claude"]


def test_the_record_of_a_disconnect_survives_a_file_that_is_gone_or_broken(
    bursar: Command, settings: Path, port: int
) -> None:
    settings.write_text("{}")
    connect(bursar)
    settings.write_text('{"env": ')
    refused = bursar("disconnect", "--yes")
    assert (refused.code, settings.read_text()) == (1, '{"env": ')
    assert "Undo it by hand, or from" in refused.err
    settings.unlink()
    assert "does not bring it back" in bursar("disconnect", "--yes").out
    assert not settings.exists()
    assert bursar("disconnect", "claude-code", "--yes").code == 1
