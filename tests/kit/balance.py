"""The books after a fault: no hold open, the ledger's own checks, and every line of the fake's bill covered."""

from budget.ledger import Entry, Outcome
from pricing.money import ZERO, Money
from tests.kit.fake_claude import FakeClaude
from tests.kit.inproc import InProcess


def balanced(proxy: InProcess, fake: FakeClaude | None = None, entries: int = 0) -> list[Entry]:
    """Return the entries, once nothing is held; AssertionError where an invariant of LEDGER.md is broken.

    I1 charged below the cutoff, I2 never less than was billed, I3 and I4 by the ledger's own check, I8 a complete
    answer is charged its bill exactly.
    """
    found = proxy.entries(entries)
    day = proxy.today
    assert (day.open_holds, day.held) == (0, ZERO)
    assert day.settled == sum((entry.charged for entry in found), ZERO)
    assert day.settled <= day.limits.cutoff
    if fake:
        _covered(found, fake)
    return found


def _covered(entries: list[Entry], fake: FakeClaude) -> None:
    fake.wait_until(lambda it: it.bill()["open"] == 0)
    lines = fake.bill()["lines"]
    assert sum((entry.charged for entry in entries), ZERO) >= Money(sum(line["picos"] for line in lines))
    billed = {line["request_id"]: Money(line["picos"]) for line in lines if line["request_id"]}
    for entry in entries:
        due = billed.get(entry.upstream_id, ZERO)
        assert entry.charged >= due, f"{entry.outcome}: {entry.charged} charged, {due} billed"
        if entry.outcome is Outcome.complete and not entry.is_local:
            assert entry.charged == due
