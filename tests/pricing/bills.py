"""Bills for the tests of pricing: what an answer costs, with the usage in sight."""

from datetime import UTC, datetime
from typing import Any

from pricing.bill import Bill, bill
from pricing.money import Money
from pricing.table import PriceTable

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TABLE = PriceTable.load()
THOUSAND_EACH = {"input_tokens": 1000, "output_tokens": 1000}


def cost(model: str, at: datetime | str = NOON, *, stop_reason: str | None = None, **usage: Any) -> Money:
    """Bill an answer whose usage is `usage`."""
    made = made_of(model, at, stop_reason=stop_reason, **usage)
    assert not made.provisional, made.notes
    return made.total


def made_of(model: str, at: datetime | str = NOON, *, stop_reason: str | None = None, **usage: Any) -> Bill:
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return bill({"input_tokens": 0, "output_tokens": 0} | usage, model, moment, TABLE, stop_reason=stop_reason)


def writes(short: int = 0, long: int = 0) -> dict[str, Any]:
    split = {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long}
    return {"cache_creation_input_tokens": short + long, "cache_creation": split}
