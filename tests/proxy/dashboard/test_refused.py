"""What was refused yesterday, before bursar started anew, can still be seen and explained."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from budget.refused import RefusedRequest
from proxy.explainjson import remembered_json
from tests.proxy.dashboard.house import NOW, House
from tests.proxy.dashboard.test_pages import words

SAID = "bursar: today's cutoff of $12.00 is reached ($11.93 spent, $0.31 needed)."
REFUSED = RefusedRequest(
    NOW - timedelta(hours=20),
    "req_refused",
    session="s1",
    model_asked="claude-opus-5-5",
    task_class="debugging",
    tier="L2",
    mode="auto",
    band="cutoff",
    why="cutoff",
    reason="L2, cutoff: refused, cutoff",
    said=SAID,
)


def refuse(house: House, *requests: RefusedRequest) -> None:
    """Have the ledger keep them."""
    for one in requests:
        house.ledger.refused.keep(one)
    house.ledger._command(lambda _: None)


def test_a_refusal_of_before_this_start_is_listed_and_explained(house: House):
    house.spend("1.00")
    refuse(house, REFUSED)
    visitor = house.visitor()
    for path in ("/requests", "/requests?outcome=refused", "/requests?session=s1"):
        assert "req_refused" in visitor.text(path)
    assert "req_refused" not in visitor.text("/requests?tier=L0")
    assert "req_refused" not in visitor.text("/requests?outcome=complete")
    page = words(visitor.text("/requests/req_refused"))
    assert "today&#39;s cutoff of $12.00 is reached" in page
    assert "L2, cutoff: refused, cutoff" in page


def test_each_page_of_requests_has_the_refusals_of_its_time(house: House):
    for number in range(130):
        house.spend("0.01", at=NOW - timedelta(minutes=200 - number), request_id=f"req_{number:04d}")
    early, late = NOW - timedelta(minutes=190), NOW - timedelta(minutes=75)
    house.moments.append(NOW)
    refuse(house, replace(REFUSED, at=early, request_id="req_early"), replace(REFUSED, at=late, request_id="req_late"))
    visitor = house.visitor()
    first = visitor.text("/requests")
    assert "req_late" in first
    assert "req_early" not in first
    second = visitor.text("/requests?before=31")
    assert "req_early" in second
    assert "req_late" not in second


def test_the_refused_alone_come_page_by_page(house: House):
    refuse(house, *(replace(REFUSED, request_id=f"req_{number:04d}") for number in range(110)))
    visitor = house.visitor()
    first = visitor.text("/requests?outcome=refused")
    assert "req_0109" in first
    assert "req_0009" not in first
    assert "before=11" in first
    assert "req_0009" in visitor.text("/requests?outcome=refused&before=11")


def test_today_says_how_many_were_refused_and_how_many_degraded(house: House):
    assert "Refused today" not in words(house.visitor().text("/"))
    refuse(house, REFUSED, replace(REFUSED, request_id="req_2"))
    house.ledger.tallies.degraded("L2")
    house.ledger._command(lambda _: None)
    page = words(house.visitor().text("/"))
    assert "Refused today 2 requests" in page
    assert "Degraded today 1 request" in page


def test_what_is_remembered_of_a_refusal_is_its_labels_and_its_sentence(tmp_path: Path):
    told = remembered_json("req_refused", (), None, REFUSED)
    assert told["followed"]["said"] == SAID
    assert told["followed"]["log"]["outcome"] == "refused"
    assert told["task"] == {"class": "debugging", "tier": "L2"}
