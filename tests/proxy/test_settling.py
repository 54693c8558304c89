"""What each ending of an exchange charges (LEDGER.md's table of outcomes), worked out by hand."""

from datetime import UTC, date, datetime

import pytest

from budget.bands import Band
from budget.ledger import Held, Offer, Outcome
from pricing.bound import Shape, bound
from pricing.money import ZERO, Money
from pricing.table import PriceTable
from proxy.meter import Reading
from proxy.settling import Attempt, Outcomes, is_free, settlement
from proxy.wire.answer import Ending

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
PRICES = PriceTable.load()
# Sonnet 5.5: input 2, 5-minute write 2.50, read 0.10, output 10 dollars a million tokens.
SHAPE = Shape(
    "claude-sonnet-5-5", text_bytes=9000, blocks=0, images=0, has_tools=False, unbounded=False, max_output=4000,
    writes_5m=False, writes_1h=False, geo_us=False,
)  # fmt: skip
BOUND = bound(SHAPE, AT, PRICES)
HOLD = Money.usd("0.058")  # 9000 in at $2 = 0.018, 4000 out at $10 = 0.04
USAGE = {"input_tokens": 2000, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 1000, "output_tokens": 1}
KNOWN_INPUT = Money.usd("0.0041")  # 2000 in at $2 = 0.004, 1000 read at $0.10 = 0.0001


def attempt(**changes) -> Attempt:
    held = Held(
        1, Offer("anthropic", "claude-sonnet-5-5", BOUND.amount, is_local=False), date(2026, 11, 20), Band.normal, AT
    )
    return Attempt(held, BOUND, AT, PRICES, **changes)


def outcome(ending: Ending, status: int | None = 200, elapsed_s: float = 1.0) -> Outcomes:
    return Outcomes(ending, status, "req_1", elapsed_s, None)


def reading(usage=None, **facts) -> Reading:
    made = Reading()
    made.usage = usage
    for name, value in facts.items():
        setattr(made, name, value)
    return made


def test_the_hold_is_what_the_arithmetic_says():
    assert BOUND.amount == HOLD


def test_a_complete_answer_is_charged_exactly():
    done = reading({**USAGE, "output_tokens": 500}, is_complete=True, stop_reason="end_turn")
    settled = settlement(attempt(), outcome(Ending.complete), done)
    assert settled.charged == settled.likely == KNOWN_INPUT + Money.usd("0.005")  # 500 out at $10
    assert settled.outcome is Outcome.complete


@pytest.mark.parametrize("ending", [Ending.complete, Ending.truncated])
def test_an_end_without_its_count_is_charged_as_held(ending):
    done = reading(USAGE, is_complete=False, stop_reason="end_turn", has_ended=True)
    settled = settlement(attempt(), outcome(ending), done)
    assert (settled.charged, settled.outcome) == (HOLD, Outcome.flagged)
    assert settled.flags == ("no final count in the answer",)


@pytest.mark.parametrize("ending", [Ending.client_left, Ending.truncated, Ending.stopped, Ending.silent])
def test_final_counts_are_exact_whatever_came_after_them(ending):
    done = reading({**USAGE, "output_tokens": 500}, is_complete=True)
    assert settlement(attempt(), outcome(ending), done).charged == KNOWN_INPUT + Money.usd("0.005")


@pytest.mark.parametrize("ending", [Ending.client_left, Ending.truncated, Ending.stopped, Ending.silent])
def test_a_broken_answer_is_charged_its_input_and_what_it_can_have_written(ending):
    broken = reading(dict(USAGE), visible_tokens=40)
    settled = settlement(attempt(), outcome(ending, elapsed_s=1.0), broken)
    assert settled.charged == KNOWN_INPUT + Money.usd("0.009")  # (1 s + 2 s) × 300 tokens at $10
    assert settled.likely == KNOWN_INPUT + Money.usd("0.0004")  # 40 seen at $10
    assert settled.outcome is (Outcome.client_left if ending is Ending.client_left else Outcome.interrupted)


def test_a_long_broken_answer_is_charged_no_more_than_its_limit():
    settled = settlement(attempt(), outcome(Ending.truncated, elapsed_s=600), reading(dict(USAGE)))
    assert settled.charged == KNOWN_INPUT + Money.usd("0.04")  # max_tokens 4000 at $10


def test_strictly_a_broken_answer_is_charged_its_whole_limit():
    settled = settlement(attempt(is_strict=True), outcome(Ending.client_left), reading(dict(USAGE)))
    assert settled.charged == KNOWN_INPUT + Money.usd("0.04")


def test_silence_after_the_request_was_sent_is_charged_in_full():
    settled = settlement(attempt(), outcome(Ending.unanswered, status=None), reading())
    assert (settled.charged, settled.outcome) == (HOLD, Outcome.unknown)
    assert settled.likely == Money.usd("0.006")  # 9000 bytes are about 3000 tokens, at $2


@pytest.mark.parametrize(
    "usage",
    [
        {},
        {**USAGE, "output_tokens": -1},
        {**USAGE, "output_tokens": "9"},
        {**USAGE, "input_tokens": 2**63},
        {**USAGE, "server_tool_use": {"web_search_requests": 200_000_000}},  # $2,000,000
    ],
)
def test_impossible_counts_are_never_zero_and_never_negative(usage):
    settled = settlement(attempt(), outcome(Ending.complete), reading(usage, is_complete=True))
    assert (settled.charged, settled.outcome) == (HOLD, Outcome.flagged)
    assert ZERO < settled.likely <= HOLD


def test_an_answer_that_cannot_be_read_is_charged_in_full():
    unreadable = reading({**USAGE}, is_complete=True, is_unreadable=True)
    settled = settlement(attempt(), outcome(Ending.complete), unreadable)
    assert (settled.charged, settled.outcome) == (HOLD, Outcome.flagged)


@pytest.mark.parametrize(
    ("ending", "status", "free"),
    [
        (Ending.never_sent, None, True),
        (Ending.complete, 429, True),
        (Ending.truncated, 529, True),
        (Ending.complete, 307, True),
        (Ending.complete, 200, False),
        (Ending.unanswered, None, False),
        (Ending.client_left, None, False),
        (Ending.stopped, None, False),
    ],
)
def test_only_what_was_never_sent_or_was_refused_is_free(ending, status, free):
    assert is_free(outcome(ending, status)) is free


def test_a_dated_name_of_the_model_asked_for_is_that_model():
    done = reading({**USAGE}, is_complete=True, model="claude-sonnet-5-5-20261003")
    assert settlement(attempt(), outcome(Ending.complete), done).charged == KNOWN_INPUT + Money.usd("0.00001")


def test_another_model_that_answered_is_billed_at_its_own_price():
    done = reading({**USAGE, "output_tokens": 0}, is_complete=True, model="claude-opus-5-5")
    # Opus 5.5: 2000 in at $4 = 0.008, 1000 read at $0.20 = 0.0002
    assert settlement(attempt(), outcome(Ending.complete), done).charged == Money.usd("0.0082")


def test_a_model_without_a_price_is_charged_at_the_highest_and_flagged():
    done = reading({**USAGE, "output_tokens": 500}, is_complete=True, model="claude-nova-9")
    settled = settlement(attempt(), outcome(Ending.complete), done)
    assert settled.flags == ("provisional price",)
    assert settled.charged > KNOWN_INPUT + Money.usd("0.005")
