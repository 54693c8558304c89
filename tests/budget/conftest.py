"""A desk for each test, closed after it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from budget.ledger import Ledger
from tests.budget.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "ledger")
    yield desk
    desk.close_all()


@pytest.fixture
def ledger(desk: Desk) -> Ledger:
    return desk.open()
