"""Cache misses of a ledger that nobody's requests made: every fourth request of Claude's expired, a session broke."""

from budget.cachemiss import Cause, How, Kind, Looked, Miss, What
from budget.ledger import Entry, Ledger
from pricing.money import Money
from pricing.rates import Rates

RATES = Rates(
    input=2_000_000, cache_write_5m=2_500_000, cache_write_1h=4_000_000, cache_read=100_000, output=10_000_000
)
CAUSES = (
    Cause(Kind.expired),
    Cause(Kind.changed, What.system, How.edited, 1, 40),
    Cause(Kind.changed, What.tools, How.added, 12, 80),
    Cause(Kind.first),
    Cause(Kind.marks, back=31),
    Cause(Kind.unknown, What.evicted),
)


def judge(ledger: Ledger, missed_tokens: int = 1000) -> int:
    """Judge all that Claude answered; each third request missed something, up to so many tokens. Gives how many."""
    every = [entry for entry in ledger.entries() if not entry.is_local and entry.hold_id and entry.likely]
    looked = [_looked(number, entry, missed_tokens) for number, entry in enumerate(every)]
    ledger.cache_misses.record(looked).result(10)
    return len(every)


def _looked(number: int, entry: Entry, missed_tokens: int) -> Looked:
    assert entry.hold_id is not None
    cause = CAUSES[number // 3 % len(CAUSES)]
    pause_ms = 400_000 if cause.kind is Kind.expired else 20_000
    miss = Miss(cause, 0, missed_tokens - number % 7, 0, RATES, pause_ms)
    return Looked(
        hold_id=entry.hold_id,
        prefix=2 * missed_tokens,
        marked=3 * missed_tokens,
        life="5m",
        pause_ms=pause_ms if number else None,
        if_5m=entry.likely,
        if_1h=Money(entry.likely.picos * 9 // 10),
        misses=() if number % 3 else (miss,),
    )
