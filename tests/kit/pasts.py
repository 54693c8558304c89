"""Pasts made by hand: requests as the import of agents' own logs keeps them, put into a ledger."""

from datetime import datetime, timedelta

from budget.historyrow import Row
from budget.ledger import Ledger
from pricing.money import Money
from pricing.usage import Usage

USAGE = Usage(input=300, cache_write_5m=900, cache_read=40_000, output=700)


def past(
    at: datetime,
    dollars: str,
    *,
    number: int = 0,
    model: str = "claude-opus-5-5",
    project: str = "shop",
    provisional: bool = False,
    through: bool = False,
) -> Row:
    """Make one request of the past, known by its moment or a number; `through`: it came through bursar too."""
    number = number or int(at.timestamp())
    return Row(
        *(
            f"msg_{number:06d}",
            f"up_{number:06d}",
            at,
            at.date(),
            "s-past",
            "",
            project,
            model,
            "t1",
            "L2",
            "debugging",
        ),
        *(USAGE, Money.usd(dollars), provisional),
        through=through,
    )


def days_before(ledger: Ledger, monday: datetime, days: int = 5) -> None:
    """Import a few requests of each of the days from one on, a dollar and a bit each."""
    rows = [
        past(monday + timedelta(days=day, hours=9 + hour), f"1.{day}{hour}5", project=("shop", "site")[hour % 2])
        for day in range(days)
        for hour in range(4)
    ]
    ledger.history.add([row.values() for row in rows])
