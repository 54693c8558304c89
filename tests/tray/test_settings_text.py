"""What a person types on the settings page goes into the config file, and nothing else in it changes."""

import json
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.bursar import Bursar
from tray.browser import open_page
from tray.config_edit import edited
from tray.config_file import DEFAULT
from tray.settings import read
from tray.settings_text import settings_as_text, value_of

BEFORE = DEFAULT.format(zone="UTC")


def texts(text: str) -> dict[str, str]:
    """Give what stands in a file, as a form shows it."""
    known = settings_as_text(tomllib.loads(text), read(text, lambda: "UTC"))
    return {name: setting.text for name, setting in known.items() if setting.text}


TYPED = [
    ("budget", "12.50", "12.50"),
    ("budget", "$12.50", "12.50"),
    ("alerts", "80, 50 %,100", [80, 50, 100]),
    ("restricted_paths", "infra/**\n\n customers/*.csv ", ["infra/**", "customers/*.csv"]),
    ("strict", "true", True),
    ("queue_wait_s", "5", 5),
    ("zone", "Europe/Berlin", "Europe/Berlin"),
    ("shares.L3", "15", 15),
    ("cloud_models.L2", "claude-sonnet-5-5", "claude-sonnet-5-5"),
    ("discover.enabled", "false", False),
    ("pace.enabled", "true", True),
    ("pace.hours", "08:00-20:00", "08:00-20:00"),
    ("patience_s", "30", 30),
    ("keep_details_days", "30", 30),
    ("notify.mute", "burn\nreport", ["burn", "report"]),
    ("machine.price", "2199", "2199"),
    ("machine.psu_efficiency", "0.92", 0.92),
    ("machine.gpu", "3090", "3090"),
    ("machine.tdp", "350", 350),
]


@pytest.mark.parametrize(("name", "typed", "stands"), TYPED)
def test_what_is_typed_stands_in_the_file_below_its_comment(name: str, typed: str, stands: object):
    after = edited(BEFORE, {name: value_of(name, typed)})
    table, _, key = name.rpartition(".")
    found = tomllib.loads(after)
    assert (found[table] if table else found)[key] == stands
    new = [line for line in after.splitlines() if line not in BEFORE.splitlines()]
    assert len(new) == 1
    kept = [line for line in after.splitlines() if line not in new]
    assert kept == [line for line in BEFORE.splitlines() if not line.startswith(f"{key} =")] or kept == (
        BEFORE.splitlines()
    )
    read(after, lambda: "UTC")


@pytest.mark.parametrize(("name", "typed", "stands"), TYPED)
def test_what_stands_in_the_file_reads_as_what_can_be_typed_again(name: str, typed: str, stands: object):
    after = edited(BEFORE, {name: value_of(name, typed)})
    shown = texts(after)[name]
    assert edited(BEFORE, {name: value_of(name, shown)}) == after


@pytest.mark.parametrize(("name", "typed", "stands"), TYPED)
def test_an_emptied_field_takes_its_key_out(name: str, typed: str, stands: object):
    after = edited(edited(BEFORE, {name: value_of(name, typed)}), {name: value_of(name, " ")})
    assert name not in texts(after)
    read(after, lambda: "UTC")


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("budget", "ten", "must be an amount in dollars"),
        ("budget", "-1", "must be between"),
        ("alerts", "50, high", "must be a list of percentages"),
        ("zone", "Mars/Olympus", "must be a time zone"),
        ("strict", "perhaps", "must be true or false"),
        ("queue_wait_s", "1.5", "must be a number of seconds"),
        ("machine.years", "many", "must be a number of years"),
        ("shares.L3", "101", "must be a percentage"),
        ("caution", "reckless", "must be one of"),
        ("port", "0", "must be a port number"),
        ("cloud.url", "https://evil.example", "is no setting that can be changed here"),
        ("notify.to", "ntfy://secret", "is no setting that can be changed here"),
        ("notify.mute", "everything", "must be one of"),
        ("local.url", "http://evil.example", "is no setting that can be changed here"),
        ("__class__", "x", "is no setting that can be changed here"),
    ],
)
def test_what_makes_no_sense_is_said_in_words(name: str, typed: str, said: str):
    with pytest.raises(ValueError, match=said):
        value_of(name, typed)


def test_an_address_that_holds_secrets_goes_to_no_page():
    text = '[notify]\nto = ["ntfys://user:password@ntfy.example/topic"]\n'
    known = settings_as_text(tomllib.loads(text), read(text, lambda: "UTC"))
    assert "notify.mute" in known
    assert "password" not in str(known)


def test_a_table_that_is_not_there_is_made_at_the_end():
    after = edited('budget = "5"\n', {"shares.L3": 10})
    assert after == 'budget = "5"\n\n[shares]\nL3 = 10\n'
    assert edited('budget = "5"', {"shares.L3": 10}).startswith('budget = "5"\n\n[shares]')


def test_a_table_written_in_an_unusual_way_is_changed_too():
    assert tomllib.loads(edited("shares = {L3 = 1}\n", {"shares.L3": 2})) == {"shares": {"L3": 2}}
    assert tomllib.loads(edited("shares.L3 = 1\n", {"shares.L3": 2})) == {"shares": {"L3": 2}}
    assert tomllib.loads(edited("shares.L3 = 1\n", {"shares.L2": 2})) == {"shares": {"L3": 1, "L2": 2}}


def test_a_key_of_one_table_is_never_put_into_the_next():
    text = '[shares] # mine\nL2 = 5\n\n[machine]\n# L3 = 0\nprice = "1"\n'
    after = edited(text, {"shares.L3": 7})
    assert tomllib.loads(after) == {"shares": {"L2": 5, "L3": 7}, "machine": {"price": "1"}}
    assert "# mine" in after


@pytest.fixture
def bursar(tmp_path: Path) -> "Callable[[], Bursar]":
    """A bursar in which nothing goes to any cloud."""
    return lambda: Bursar(tmp_path / "home", "http://127.0.0.1:9", mode=None)


@pytest.mark.parametrize("platform", ["linux", "freebsd14"])
def test_no_browser_is_started_where_there_is_no_screen(platform: str):
    assert open_page("http://127.0.0.1:1/", {"PATH": "/usr/bin"}, platform) is False


def test_the_dashboard_link_of_the_command_opens_the_page_once(bursar: Callable[[], Bursar]):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor())
    with bursar() as running:
        printed = running.command("dashboard", "--print").stdout.splitlines()[0]
        assert printed.startswith(f"http://127.0.0.1:{running.control_port}/open/")
        with opener.open(printed, timeout=10) as answer:
            assert answer.status == 200
            assert b"Spent today" in answer.read()
        with pytest.raises(urllib.error.HTTPError, match="401"):
            opener.open(printed, timeout=10)
        told = json.loads(running.command("dashboard", "--json").stdout)
        assert set(told) == {"url", "lasts_s", "opened"}
        assert told["opened"] is False
    gone = running.command("dashboard", "--print")
    assert (gone.returncode, "not running" in gone.stderr) == (3, True)
