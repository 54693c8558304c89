"""What the pages show, and that names which others chose stay text."""

import re
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from budget.ledger import Outcome
from budget.outbox import Kind
from budget.state import Mode
from pricing.machine import LocalCost
from pricing.money import Money
from pricing.usage import Usage
from proxy.restrictions import Restrictions
from proxy.sessions import Sessions
from proxy.upstream.local_model import LocalSetting
from tests.kit.local_fake import local_fake, says
from tests.proxy.dashboard.house import KNOWN_BY, NOW, House

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def words(source: str) -> str:
    """Give what can be read of a page's source."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", source))


def test_the_first_day_says_how_to_begin(house: House):
    text = words(house.visitor().text("/"))
    assert "Nothing has passed through yet" in text
    assert "ANTHROPIC_BASE_URL=http://127.0.0.1:2877" in text
    assert "bursar only watches" in text
    assert "No request has passed yet" in words(house.visitor().text("/requests"))
    assert "No session has asked for anything today" in words(house.visitor().text("/sessions"))


def test_a_file_of_restricted_sessions_that_cannot_be_read_is_said(house: House, tmp_path: Path):
    garbled = tmp_path / "restricted_sessions.txt"
    garbled.write_bytes(b"s1\n\xff\n")
    house.services.sessions = Sessions(lambda: NOW, restrictions=Restrictions(garbled))
    text = words(house.visitor().text("/"))
    assert "restricted_sessions.txt cannot be read: until it can, or is deleted, every session counts as" in text
    garbled.unlink()
    assert "restricted_sessions.txt" not in words(house.visitor().text("/"))


def test_today_shows_the_amounts_of_the_ledger(house: House):
    house.ledger.set_mode(Mode.auto)
    house.spend("1.84", usage=Usage(input=1000, cache_read=200_000, output=3000))
    text = words(house.visitor().text("/"))
    assert "$1.84 of $10.00 18% · normal" in text
    assert "$10.16 of $12.00" in text  # 12.00 - 1.84
    assert "1 request · 201k tokens read, 3k written" in text
    assert "bursar only watches" not in text


def test_what_is_spent_and_what_is_left_come_to_the_limit_as_they_are_shown(house: House):
    house.spend("11.3448")
    assert "$11.34 of $10.00" in words(house.visitor().text("/"))
    assert "$0.66 of $12.00" in words(house.visitor().text("/"))


def test_today_says_how_long_the_budget_lasts(house: House):
    # 4.00 in the hour before 14:32:10, 6.00 left of the budget: an hour and a half more.
    house.moments[:] = [NOW - timedelta(minutes=60)]
    house.spend("4.00", at=NOW - timedelta(minutes=59))
    house.moments.append(NOW)
    text = words(house.visitor().text("/"))
    until = re.search(r"At this pace the budget lasts until (\d\d:\d\d)", text)
    assert until
    # The step of ten minutes that it fell into began at 13:30: 62 minutes and 10 seconds.
    assert until[1] == "16:05"


@pytest.mark.parametrize(
    ("dollars", "said"), [("8.50", "saving"), ("11", "Today’s budget is used up"), ("12", "Today’s cutoff is reached")]
)
def test_today_says_which_limit_is_near(house: House, dollars: str, said: str):
    house.spend(dollars)
    assert said in words(house.visitor().text("/"))


def test_today_lists_the_alerts_of_the_day(house: House):
    house.ledger.outbox.record(Kind.unpriced, "<b>mystery</b>", {})
    house.spend("5.10")
    source = house.visitor().text("/")
    assert "Alerts of today" in source
    assert "&lt;b&gt;mystery&lt;/b&gt;" in source
    assert "50%" in words(source[source.index("Alerts of today") :])
    house.moments.append(NOW + timedelta(days=1))
    assert "Alerts of today" not in house.visitor().text("/")


def test_of_two_destinations_the_page_says_which_one_did_not_get_an_alert(house: House):
    outbox = house.ledger.outbox
    outbox.record(Kind.unpriced, "mystery", {})
    outbox.plan(["ntfy-1a2b3c", "mailto-4d5e6f"])
    [alert] = {waiting.alert.id for waiting in outbox.waiting()}
    assert "got it" not in words(house.visitor().text("/"))
    outbox.told(alert, "ntfy-1a2b3c")
    outbox.failed(alert, "mailto-4d5e6f", "no route to host", NOW + timedelta(minutes=5))
    text = words(house.visitor().text("/"))
    assert "ntfy-1a2b3c got it" in text
    assert "mailto-4d5e6f has not got it yet : no route to host; tried again at 14:37" in text
    outbox.failed(alert, "mailto-4d5e6f", "no route to host", None)
    assert "mailto-4d5e6f never got it : no route to host" in words(house.visitor().text("/"))


def test_what_was_saved_is_shown_as_a_range_by_day_by_session_and_by_request(house: House):
    # 2.00 likely (1.80 to 2.20) at Claude, 0.05 on this machine.
    cost = LocalCost(Money.usd("0.01"), Money.usd("0.05"), 1000, KNOWN_BY)
    request_id = house.spend(is_local=True, local=cost, alone="2.00", session="a")
    house.spend("1.00", alone="1.00", session="b")
    visitor = house.visitor()
    text = words(visitor.text("/"))
    assert "Saved today $1.95 between $1.75 and $2.15; $1.95 this week" in text
    assert re.search(r"\$0.05 local</span></td>\s*<td class=\"number wide\">\$1.95", visitor.text("/sessions"))
    assert "At Claude alone $2.00 likely, between $1.80 and $2.20" in words(visitor.text(f"/requests/{request_id}"))
    assert "$1.00: it went there as asked" in words(visitor.text("/requests/req_000002"))


def test_savings_below_zero_are_said_to_be_so(house: House):
    cost = LocalCost(Money.usd("0.01"), Money.usd("0.50"), 1000, KNOWN_BY)
    house.spend(is_local=True, local=cost, alone="0.10")
    text = words(house.visitor().text("/"))
    assert "Saved today -$0.40" in text
    assert "Below zero: local work cost more than it saved" in text


def test_a_script_in_any_name_stays_text(house: House, tmp_path: Path):
    named = {"session": EVIL, "agent": EVIL, "model_asked": EVIL, "task_class": EVIL, "reason": EVIL, "project": EVIL}
    request_id = house.spend("0.5", model=EVIL, tier="L2", **named)
    fields = dict.fromkeys(("session", "agent", "model_asked", "task_class", "reason"), EVIL)
    house.note("req_open", route=f"{EVIL}/{EVIL}", **fields)
    house.services.trust.answered(EVIL, EVIL, good=True, calls=((EVIL, False),) * 3)
    visitor = house.visitor()
    for path in ("/", "/requests", f"/requests/{request_id}", "/requests/req_open", "/sessions", "/models"):
        source = visitor.text(path)
        assert "&lt;script&gt;" in source or path == "/models", path
        assert "<script>" not in source, path
        assert "<img" not in source, path
    for name in ("session", "model", "tier", "outcome", "route"):
        source = visitor.client.get("/requests", query_string={name: EVIL}).text
        assert "<script>" not in source
        assert "<img" not in source


def test_requests_can_be_picked_by_tier_route_and_end(house: House):
    house.spend("1", tier="L2", session="a")
    house.spend(tier="L0", is_local=True, session="b")
    house.spend("0.1", tier="L1", outcome=Outcome.voided, session="c")
    visitor = house.visitor()

    def shown(query: str) -> list[str]:
        return re.findall(r'href="/requests/(req_\w+)"', visitor.text(f"/requests{query}"))

    assert shown("") == ["req_000003", "req_000002", "req_000001"]
    assert shown("?tier=L0") == ["req_000002"]
    assert shown("?route=cloud") == ["req_000003", "req_000001"]
    assert shown("?route=local") == ["req_000002"]
    assert shown("?outcome=voided") == ["req_000003"]
    assert shown("?session=a&route=cloud") == ["req_000001"]
    assert shown("?model=nothing") == []
    assert "Nothing matches" in visitor.text("/requests?tier=L3")


def test_requests_under_way_and_refused_stand_in_the_list_too(house: House):
    house.spend("1")
    house.note("req_open", at=NOW + timedelta(seconds=1))
    house.note("req_no", at=NOW + timedelta(seconds=2), route="refused", outcome="refused", tier="L3", reason="cutoff")
    visitor = house.visitor()
    source = visitor.text("/requests")
    assert re.findall(r'href="/requests/(req_\w+)"', source) == ["req_no", "req_open", "req_000001"]
    assert "under way" in source
    refused = visitor.text("/requests?outcome=refused")
    assert re.findall(r'href="/requests/(req_\w+)"', refused) == ["req_no"]
    assert "listed since bursar started" in words(refused)
    assert "req_no" not in visitor.text("/requests?route=local")


def test_older_requests_are_a_page_further(house: House):
    for number in range(130):
        house.spend("0.001", at=NOW + timedelta(seconds=number))
    visitor = house.visitor()
    first = visitor.text("/requests")
    older = re.search(r'href="(/requests\?before=\d+)">Older', first)
    assert older
    second = visitor.text(older[1])
    found = [re.findall(r'href="/requests/(req_\w+)"', source) for source in (first, second)]
    assert [len(each) for each in found] == [100, 30]
    assert not set(found[0]) & set(found[1])
    assert "Older" not in second
    assert "data-live" not in second


def test_a_place_in_the_list_that_makes_no_sense_is_the_newest(house: House):
    house.spend("1")
    visitor = house.visitor()
    for before in ("x", "-1", "٣", "9" * 30):
        assert "req_000001" in visitor.client.get("/requests", query_string={"before": before}).text


def test_one_request_shows_its_tokens_by_class_and_its_exact_cost(house: House):
    request_id = house.spend("0.0831234567", usage=Usage(input=1, cache_write_5m=22, cache_read=3333, output=44_444))
    text = words(house.visitor().text(f"/requests/{request_id}"))
    assert "Input 1 Cache write 5 min 22 Cache write 1 h 0 Cache read 3,333 Output 44,444 Searches 0" in text
    assert "$0.0831234567" in text
    assert "L2 goes to Claude" in text
    assert "are not known any more" in text


def test_a_request_that_nobody_made_is_a_page_that_says_so(house: House):
    answer = house.visitor().get("/requests/req_none")
    assert (answer.status_code, "No such request is known" in answer.text) == (404, True)
    assert "Not found" in words(answer.text)


def test_sessions_show_cost_share_and_tier(house: House):
    house.spend("1.25", session="deadbeef-1", tier="L2", project="/home/ada/shop")
    house.spend("0.25", session="deadbeef-1", tier="L3")
    house.spend(session="deadbeef-1", tier="L0", is_local=True)
    house.spend("2", session="other", outcome=Outcome.voided)
    text = words(house.visitor().text("/sessions"))
    row = text[text.index("deadbeef") :]
    assert "33% local" in row
    assert "L3" in row
    assert "3 $1.50" in row
    assert "+1 failed $0.00" in text


def test_sessions_of_another_day_can_be_found(house: House):
    house.spend("1", session="yesterday")
    house.spend("1", session="today", at=NOW + timedelta(days=1))
    visitor = house.visitor()
    assert "yesterda" not in words(visitor.text("/sessions"))
    assert 'href="/sessions?day=2026-11-20">Day before' in visitor.text("/sessions")
    assert "yesterda" in words(visitor.text("/sessions?day=2026-11-20"))
    assert visitor.get("/sessions?day=soon").status_code == 400


def test_models_say_how_their_servers_do(tmp_path: Path):
    with local_fake(says("hello")) as local:
        good = LocalSetting("box", local.url, "openai", ("fake-model",), context=32768)
        gone = LocalSetting("gone", "http://127.0.0.1:9", "openai", ("other",))
        with House(tmp_path, servers=(good, gone)) as house:
            visitor = house.visitor()
            text = words(visitor.text("/models"))
            assert "box answers openai at" in text
            assert "fake-model" in text
            assert "not probed yet" in text
            assert "gone cannot be used" in text
            assert "gone cannot be used" in words(visitor.text("/"))
            assert "claude-opus-5-5 $4.00" in text


def test_the_menu_marks_where_one_is_also_on_the_pages_below(house: House):
    request_id, visitor = house.spend("1"), house.visitor()
    for path, name in (
        ("/", "Today"),
        (f"/requests/{request_id}", "Requests"),
        ("/reports/2026-W47", "Reports"),
        ("/settings", "Settings"),
    ):
        assert re.findall(r'aria-current="page">(\w+)<', visitor.text(path)) == [name]


def test_only_the_part_that_changes_is_sent_again(house: House):
    visitor = house.visitor()
    for path in ("/", "/requests", "/sessions", "/models"):
        part = visitor.text(f"{path}?part=1")
        assert "<html" not in part
        assert part.strip() in visitor.text(path)


def test_the_page_stands_while_the_books_cannot_be_read(house: House):
    house.spend("1")
    visitor = house.visitor()
    house.ledger.file.rename(house.ledger.file.with_suffix(".aside"))
    try:
        for path in ("/", "/requests", "/sessions", "/models", "/cache"):
            assert "The books cannot be read just now" in visitor.text(path)
        assert "$1.00 of $10.00" in words(visitor.text("/"))
        for path, empty in (
            ("/", "0 requests"),
            ("/", "Nothing was spent"),
            ("/", "The day so far"),
            ("/requests", "No request has passed"),
            ("/sessions", "No session has asked"),
            ("/reports", "No week yet"),
            ("/cache", "Nothing to judge"),
        ):
            assert empty not in visitor.text(path), path
        for path in ("/?part=1", "/requests?part=1", "/sessions?part=1", "/models?part=1"):
            assert visitor.text(path).count("The books cannot be read just now") == 1, path
        for path in ("/reports/2026-W47", "/reports/2026-W47/report.csv", "/requests/req_000001"):
            answer = visitor.get(path)
            assert (answer.status_code, "made from the books" in answer.text) == (503, True), path
    finally:
        house.ledger.file.with_suffix(".aside").rename(house.ledger.file)


def test_the_day_allowed_more_shows_its_own_cutoff(house: House):
    house.ledger.allow_more_today(Money.usd(3))
    assert "$15.00 of $15.00" in words(house.visitor().text("/"))


def test_times_are_those_of_the_persons_zone(house: House):
    house.zone = ZoneInfo("Asia/Tokyo")
    house.spend("1")
    text = house.visitor().text("/requests")
    assert "23:32:10" in text  # 14:32:10 UTC
    assert "times in Asia/Tokyo" in text


def test_a_part_of_what_was_charged_is_named_as_unconfirmed(house: House):
    request_id = house.spend("1")
    (entry,) = house.ledger.entry(request_id)
    house.ledger.correct(entry.id, Money.usd(2), Money.usd("1.5"), "checked")
    assert house.ledger.today().settled == Money.usd(2)
    assert "Of it unconfirmed $0.50" in words(house.visitor().text("/"))
