"""Destinations: an address is shown by a name, and its secrets nowhere."""

import pytest

from tray.alerts.destination import Destination, destination
from tray.cli.config import _plain
from tray.settings import SettingsError, read

ADDRESS = "slack://TokenAAAA/TokenBBBB/TokenCCCC/#general"
HEAD = 'zone = "UTC"\n'


def test_a_destination_shows_its_service_and_a_checksum_and_nothing_else():
    shown = f"{Destination(ADDRESS)} {Destination(ADDRESS)!r} {Destination(ADDRESS).name}"
    assert "Token" not in shown
    assert Destination(ADDRESS).name.startswith("slack-")
    assert Destination(ADDRESS).name != Destination(ADDRESS + "x").name


def test_every_part_of_an_address_is_taken_out_of_an_error():
    to = Destination("mailto://me%40x:hunter2@mail.example.com/path?key=s3cret")
    said = "could not log in to mail.example.com as me@x with HUNTER2, key s3cret, path"
    assert to.without_secrets(said) == "could not log in to … as … with …, … …, …"


@pytest.mark.parametrize("wrong", ["hunter2", 7, "://hunter2", "ntfy:/hunter2", "two words://hun", "ntfy://hun ter2"])
def test_a_wrong_address_is_refused_without_being_shown(wrong: object):
    with pytest.raises(ValueError, match="must be an address") as refused:
        destination(wrong)
    assert "hun" not in str(refused.value)


def test_the_config_file_tells_the_line_and_the_number_of_a_wrong_address_but_not_the_address():
    text = HEAD + '[notify]\nto = ["ntfy://topic", "hunter2"]\n'
    with pytest.raises(SettingsError) as refused:
        read(text, lambda: "UTC")
    assert str(refused.value).startswith("config.toml, line 3: `to` is wrong: address 2 must be an address such as")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("wrong", ['"ntfy://hunter2"', '{ a = "ntfy://hunter2" }', "7"])
def test_what_is_no_list_is_refused_without_being_shown(wrong: str):
    with pytest.raises(SettingsError, match="must be a list of addresses") as refused:
        read(HEAD + f"[notify]\nto = {wrong}\n", lambda: "UTC")
    assert "hunter2" not in str(refused.value)


def test_kinds_to_mute_are_known_kinds():
    settings = read(HEAD + '[notify]\nmute = ["burn", "upstream_back"]\n', lambda: "UTC")
    assert settings.notify.mute == {"burn", "upstream_back"}
    with pytest.raises(SettingsError, match="must be one of 'threshold'"):
        read(HEAD + '[notify]\nmute = ["fire"]\n', lambda: "UTC")


def test_settings_are_shown_without_an_address():
    settings = read(HEAD + f'[notify]\nto = ["{ADDRESS}", "{ADDRESS}"]\n', lambda: "UTC")
    assert len(settings.notify.to) == 1
    assert "Token" not in f"{settings} {_plain(settings)}"
    assert _plain(settings)["notify"] == {"to": [Destination(ADDRESS).name], "mute": [], "desktop": True}
