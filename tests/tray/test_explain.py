"""`bursar explain`: of an id, of the last request, of a file – with a bursar that runs, and with none."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kit.bursar import Bursar
from tests.kit.fake_claude import ROOT, FakeClaude
from tests.kit.raw import ask
from tests.tray.conftest import Command
from tests.tray.test_cli_at_rest import spend

CANARY = "vermilion otter"


def body(text: str = f"Rename this: {CANARY}", **fields: Any) -> dict[str, Any]:
    """Make a request of one message."""
    message = {"role": "user", "content": text}
    return {"model": "claude-sonnet-5-5", "max_tokens": 64, "messages": [message]} | fields


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "request.json"
    path.write_text(json.dumps(body()))
    return path


def flat(text: str) -> str:
    """Give a text without its line breaks."""
    return " ".join(text.split())


def test_a_file_is_classified_by_the_settings_although_no_bursar_runs(bursar: Command, home: Path, file: Path):
    said = bursar("explain", str(file))
    assert said.code == 0
    assert "not sent: what would become of it now; it asks for claude-sonnet-5-5" in said.out
    assert "a new request of 4 words" in said.out
    assert "observe, band normal" in said.out
    assert "bursar is not running" in said.out
    assert [path.name for path in home.iterdir()] == ["config.toml"]


def test_what_nobody_knows_at_rest_is_not_made_up(bursar: Command, file: Path):
    found = bursar("explain", str(file), "--json").json
    assert (found["locals"], found["request"]) == (None, None)
    assert "which local models there are" in found["unknown"]
    assert found["changes"] == []  # In mode observe it goes where it was sent to, and of local models nothing is known.


def test_at_rest_the_route_is_said_to_hold_without_a_local_model(bursar: Command, file: Path):
    bursar("mode", "auto")
    said = bursar("explain", str(file))
    assert "Claude (claude-sonnet-5-5), as far as no local model can take it" in said.out
    assert "had a local model been running it would have gone there" in said.out
    assert "refused" not in said.out


def test_of_a_restricted_file_no_local_model_is_spoken_of(bursar: Command, tmp_path: Path):
    bursar("mode", "auto")
    (tmp_path / "told.json").write_text(json.dumps(body("My password is Hunter2!x9, sign me in.")))
    said = bursar("explain", str(tmp_path / "told.json"))
    assert "Route      Claude (claude-sonnet-5-5)\n" in said.out
    assert "Hunter2" not in said.out


def test_mode_and_band_at_rest_are_those_that_the_ledger_was_left_with(bursar: Command, home: Path, file: Path):
    spend(home, "9")
    bursar("mode", "cloud")
    found = bursar("explain", str(file), "--json").json
    assert (found["mode"], found["band"]) == ("cloud", "saving")  # $9 of $10


def test_restricted_paths_of_the_settings_count_at_rest(bursar: Command, home: Path, tmp_path: Path):
    config = home / "config.toml"
    config.write_text('restricted_paths = ["infra/prod/**"]\n' + config.read_text())
    (tmp_path / "own.json").write_text(json.dumps(body("Change infra/prod/main.tf, please.")))
    found = bursar("explain", str(tmp_path / "own.json"), "--json").json
    assert (found["task"]["tier"], found["task"]["reasons"][0]["rule"]) == ("L3", "path.own")


def test_of_a_persons_own_file_the_words_are_shown_that_a_reason_is_about(bursar: Command, tmp_path: Path):
    (tmp_path / "own.json").write_text(json.dumps(body("Look into config/.env.production, please.")))
    assert (
        'path.env in prompt (a restricted path): "config/.env.production'
        in bursar("explain", str(tmp_path / "own.json")).out
    )


def test_rules_of_the_config_and_of_the_project_count_at_rest(bursar: Command, home: Path, tmp_path: Path):
    config = home / "config.toml"
    config.write_text(config.read_text() + '\n[[rule]]\nname = "never"\nmodel = "claude-s*"\nroute = "block"\n')
    (tmp_path / ".bursar.toml").write_text('[[rule]]\nname = "careful"\ntier = "L3"\n')
    here = body(system=f"Primary working directory: {tmp_path}")
    (tmp_path / "here.json").write_text(json.dumps(here))
    bursar("mode", "auto")
    found = bursar("explain", str(tmp_path / "here.json"), "--json").json
    assert found["decision"]["refusal"]["kind"] == "blocked"
    assert found["rule"] == {"name": 'rule "never"', "source": "config"}
    assert (found["task"]["tier_found"], found["task"]["tier"]) == ("L1", "L3")
    assert "without the rule it would have gone to Claude (claude-sonnet-5-5)" in found["changes"]


def test_a_header_of_the_agent_is_taken_as_sent(bursar: Command, file: Path):
    said = bursar("explain", str(file), "--header", "X-Bursar-Route: cloud", "--header", "x-bursar-project: mill")
    assert "cloud was asked for" in said.out
    assert "project mill" in said.out


@pytest.mark.parametrize("header", ["x-bursar-route", "authorization: Bearer me", "x-a: b\nc", "é: 1"])
def test_a_header_that_cannot_be_or_has_no_say_is_wrong_usage(bursar: Command, file: Path, header: str):
    assert bursar("explain", str(file), "--header", header).code == 2


def test_a_chat_body_is_known_by_its_form(bursar: Command, tmp_path: Path):
    messages = [{"role": "system", "content": "You help."}, {"role": "user", "content": "Rename it."}]
    (tmp_path / "chat.json").write_text(json.dumps({"model": "claude-sonnet-5-5", "messages": messages}))
    found = bursar("explain", str(tmp_path / "chat.json"), "--json").json
    assert (found["read"]["dialect"], found["read"]["words"]) == ("openai", 2)


def test_the_standard_input_is_read_for_a_dash(home: Path):
    said = subprocess.run(
        [sys.executable, "-m", "tray", "explain", "-", "--json"],
        cwd=ROOT,
        env={**os.environ, "BURSAR_HOME": str(home)},
        input=json.dumps(body("One two three.")).encode(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert json.loads(said.stdout)["read"]["words"] == 3


@pytest.mark.parametrize("text", ["", "{}", "[1]", "no json at all"])
def test_a_file_that_holds_no_request_is_said_to_be_none(bursar: Command, tmp_path: Path, text: str):
    (tmp_path / "none.json").write_text(text)
    said = bursar("explain", str(tmp_path / "none.json"))
    assert said.code == 1
    assert said.err.startswith("bursar: ")
    assert "should not have happened" not in said.err


def test_what_is_neither_a_file_nor_an_id_is_said_to_be_neither(bursar: Command):
    said = bursar("explain", "nothing.json")
    assert (said.code, said.err) == (1, "bursar: there is no file nothing.json, and it is no id of a request (req_…)\n")


def test_at_rest_the_ledgers_labels_are_told_and_that_the_rest_is_gone(bursar: Command, home: Path):
    spend(home, "1.5")
    said = bursar("explain", "req_1")
    assert said.code == 0
    assert "anthropic/claude-opus-5-5: done, $1.50" in flat(said.out)
    assert "not known any more" in flat(said.out)
    assert bursar("explain").out == said.out  # It is the last one.
    assert bursar("explain", "req_2").err == ("bursar: the ledger has no request req_2, and bursar is not running\n")


def test_at_rest_without_a_ledger_there_is_no_last_request(bursar: Command):
    assert bursar("explain").err == "bursar: the ledger has no request yet, and bursar is not running\n"


def test_a_running_bursar_explains_a_file_and_then_the_live_request_alike(
    one_fake: FakeClaude, tmp_path: Path, file: Path
):
    with Bursar(tmp_path / "served", one_fake.url, mode="auto") as served:
        told = json.loads(served.command("explain", str(file), "--json").stdout)
        assert "rename" in [reason["span"] for reason in told["task"]["reasons"]]
        told["task"]["reasons"] = [{"rule": one["rule"], "where": one["where"]} for one in told["task"]["reasons"]]
        ask(served.url, file.read_bytes())
        served.settled()
        live = json.loads(served.command("explain", "--json").stdout)
        assert {key: told[key] for key in ("read", "task", "decision", "changes")} == {
            key: live[key] for key in ("read", "task", "decision", "changes")
        }
        printed = served.command("explain", live["request"]).stdout
    assert f"{live['request']} of " in printed
    assert "done after" in printed
    assert "Otherwise" in printed
    assert not [word for word in CANARY.split() if word in printed + served.output()]
