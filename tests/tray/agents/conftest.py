"""Fixtures: a person with agents' settings, and a port for bursar where nothing listens."""

from pathlib import Path

import pytest

from tests.kit.bursar import free_ports
from tests.tray.conftest import Command, bursar, home

__all__ = ["bursar", "home"]


@pytest.fixture
def person(home: Path) -> Path:
    """A home folder with Claude Code in it."""
    folder = home.parent / "person"
    (folder / ".claude").mkdir(parents=True)
    return folder


@pytest.fixture
def port(home: Path) -> int:
    """The port of a bursar that does not run."""
    ports = free_ports(2)
    config = home / "config.toml"
    config.write_text("port = {}\ncontrol_port = {}\n".format(*ports) + config.read_text())
    return ports[0]


@pytest.fixture
def settings(person: Path) -> Path:
    """The path of Claude Code's settings."""
    return person / ".claude" / "settings.json"


Commanded = Command
