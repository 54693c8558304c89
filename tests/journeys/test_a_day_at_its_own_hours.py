"""Part of a day through a running bursar whose clock and whose Claude's cache show the day's own hours."""

from pathlib import Path

from tests.kit import traffic
from tests.kit.bursar import PICOS
from tests.prove import traffic_day


def test_the_calls_of_a_morning_are_charged_as_billed_and_stay_below_the_cutoff(tmp_path: Path) -> None:
    calls = traffic.generate(usd=3)[:45]
    day = traffic_day.play(calls, tmp_path / "home", mode="auto", budget="1.00", cutoff="1.20")
    assert day.is_the_bill
    assert 0 < day.most <= 1.2 * PICOS
    assert {sent.fate for sent in day.sent} == {"Claude", "local"}
