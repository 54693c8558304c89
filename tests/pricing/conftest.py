"""What the pricing tests share: the packaged table."""

import pytest

from pricing.table import PriceTable


@pytest.fixture(scope="session")
def table() -> PriceTable:
    return PriceTable.load()
