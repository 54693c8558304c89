"""A day of traffic through the running proxy, at length: `python tests/run.py --prove`."""

from pathlib import Path

import pytest

from tests.kit import traffic
from tests.kit.bursar import PICOS
from tests.prove import traffic_day

pytestmark = pytest.mark.prove


def test_a_hundred_dollar_day_in_mode_auto_is_charged_as_billed_and_stays_below_the_cutoff(tmp_path: Path) -> None:
    day = traffic_day.play(traffic.generate(usd=100), tmp_path, mode="auto", budget="10.00", cutoff="12.00")
    traffic_day.tell("mode auto", day)
    assert day.is_the_bill
    assert day.most <= 12 * PICOS
    assert {sent.fate for sent in day.sent} <= {"Claude", "local", "refused"}
    assert not [sent for sent in day.sent if sent.call.tier == "L3" and sent.fate == "local"]


def test_a_hundred_dollar_day_in_observe_goes_where_it_was_sent_and_says_what_auto_would_do(tmp_path: Path) -> None:
    day = traffic_day.play(traffic.generate(usd=100), tmp_path, mode="observe", budget="1000.00", cutoff="1200.00")
    traffic_day.tell("mode observe", day)
    assert day.is_the_bill
    assert {sent.fate for sent in day.sent} == {"Claude"}
    assert {sent.would for sent in day.sent} == {"Claude", "local"}
