"""Alerts of a bursar that runs: they arrive, outlive a kill, and leave no secret of an address anywhere."""

from pathlib import Path

import pytest

from tests.kit.bursar import Bursar
from tests.kit.webhook import SECRETS, Webhook, webhook
from tests.tray.conftest import NOWHERE, Command

DEAD = "json://127.0.0.1:9/s3cretPath"


@pytest.fixture
def hook():
    """A webhook that takes everything."""
    with webhook() as served:
        yield served


def notified(tmp_path: Path, *addresses: str) -> Bursar:
    """Make a bursar that sends alerts there."""
    bursar = Bursar(tmp_path / "home", NOWHERE, mode=None)
    listed = ", ".join(f'"{address}"' for address in addresses)
    with (bursar.home / "config.toml").open("a", encoding="utf-8") as config:
        config.write(f"[notify]\nto = [{listed}]\n")
    return bursar


def secrets_in(folder: Path) -> list[str]:
    """List the files, but for the config, that hold a secret of an address."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "config.toml"]
    return [path.name for path in files if any(secret.encode() in path.read_bytes() for secret in SECRETS)]


def test_a_stop_is_told_a_kill_loses_nothing_and_a_restart_repeats_nothing(tmp_path: Path, hook: Webhook):
    with notified(tmp_path, hook.address, DEAD) as served:
        served.api("/api/stop", {})
        hook.wait(1)
        hook.status = 500
        served.api("/api/resume", {})
        served.api("/api/stop", {})
        while hook.asked < 2:
            served.api("/api/status")
        served.kill()
        hook.status = 200
        served.start()
        hook.wait(2)
        (first, second) = served.api("/api/alerts")["alerts"]
        assert [first["kind"], second["kind"]] == ["stopped", "stopped"]
        assert {one["state"] for one in first["deliveries"]} == {"told", "waits"}
        shown = served.command("alerts").stdout
        assert served.stop() == 0
        assert hook.titles() == ["all cloud traffic is stopped"] * 2
        assert "got it at" in shown
        assert "waits after" in shown
        assert not any(secret in shown + served.output() for secret in SECRETS)
    assert secrets_in(served.home) == []


def configure(home: Path, addresses: str) -> None:
    with (home / "config.toml").open("a", encoding="utf-8") as config:
        config.write(f"[notify]\nto = {addresses}\n")


def test_a_test_goes_to_every_destination_and_says_which_did_not_take_it(home: Path, bursar: Command, hook: Webhook):
    configure(home, f'["{hook.address}", "{DEAD}"]')
    said = bursar("alerts", "test")
    assert said.code == 1
    good, bad = said.out.splitlines()
    assert good.endswith(": sent")
    assert ": not sent: " in bad
    assert hook.titles() == ["this is a test"]
    assert not any(secret in said.out + said.err for secret in SECRETS)


def test_the_config_check_asks_the_services_and_names_the_line(home: Path, bursar: Command):
    configure(home, '[\n  "ntfy://topic",\n  "slack://hunter2",\n]')
    said = bursar("config", "check")
    assert said.code == 1
    assert "config.toml, line 9: `to` is wrong: address 2 (slack-" in said.err
    assert "hunter2" not in said.err


def test_without_a_destination_it_says_how_to_name_one(bursar: Command):
    tried = bursar("alerts", "test")
    assert (tried.code, tried.out) == (1, "")
    assert "no alert is sent anywhere; say where in the config file" in tried.err
    assert 'to = ["ntfy://my-topic"]' in tried.err
    said = bursar("alerts")
    assert said.code == 0
    assert "there was no alert yet" in said.out
    assert bursar("alerts", "--json").json == {"destinations": [], "muted": [], "alerts": []}
