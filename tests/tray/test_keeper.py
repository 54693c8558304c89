"""bursar keeper without a bursar that runs: the switch stands in the file, and the past is told from the ledger."""

import json

from tests.tray.conftest import Command


def test_it_is_off_until_somebody_says_yes(bursar: Command):
    assert bursar("keeper").out.startswith("the cache keeper is off; bursar keeper on switches it on")
    found = json.loads(bursar("keeper", "--json").out)
    assert (found["enabled"], found["plans"], found["now"], found["offer"]["requests"]) == (False, False, None, 0)


def test_the_switch_stands_in_the_config_file(bursar: Command):
    assert bursar("keeper", "on").out.startswith("the cache keeper is on: at most $2.00 a day")
    assert json.loads(bursar("keeper", "status", "--json").out)["enabled"] is True
    assert bursar("keeper", "off").out.startswith("the cache keeper is off")
    assert json.loads(bursar("keeper", "--json").out)["enabled"] is False


def test_what_is_wrong_in_the_file_is_named(bursar: Command, home):
    bursar("keeper", "on")
    config = home / "config.toml"
    config.write_text(config.read_text(encoding="utf-8") + "\n[keeper2]\n", encoding="utf-8")
    said = bursar("keeper", "status")
    assert said.code != 0
    assert "keeper2" in said.err
