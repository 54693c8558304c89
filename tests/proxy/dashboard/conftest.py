"""Fixtures of the dashboard's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proxy.dashboard.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house in which nothing has happened yet."""
    with House(tmp_path) as house:
        yield house
