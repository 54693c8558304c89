"""The watch: what a person should be told of is recorded, once, and nothing else is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from budget.events import DayChanged, LedgerTrouble, SpendRecorded, Stopped
from budget.ledger import Held, Labels, Offer, Outcome, Settlement
from budget.outbox import Kind
from pricing.money import Money
from pricing.table import PriceTable
from pricing.usage import Usage
from proxy.upstream.local_model import LocalUpstream
from tests.budget.desk import NOON, Desk, ask, complete, spend
from tests.tray.alerts.conftest import House, move_in
from tray.alerts.upstreams import SURE_AFTER
from tray.alerts.watch import Watch

TABLE = PriceTable.load()
OLLAMA = LocalUpstream("ollama", "http://127.0.0.1:11434", "ollama", (), True)
DEAD = replace(OLLAMA, healthy=False, why="nothing listens there")


def watch_of(house: House) -> Watch:
    """Make a watch as `build` does."""
    watch = Watch(house.ledger, house.courier, lambda: TABLE, lambda: house.desk.now)
    house.ledger.subscribe(watch.note_spend)
    return watch


@pytest.fixture
def watch(house: House) -> Watch:
    """A watch that has seen nothing yet."""
    return watch_of(house)


def told(house: House) -> list[tuple[str, str]]:
    """List what was recorded: kinds and subjects."""
    return [(sent.alert.kind.value, sent.alert.subject) for sent in house.ledger.outbox.newest()]


def spend_at(house: House, dollars: str, session: str, flags: tuple[str, ...] = (), model: str = "claude") -> None:
    """Settle a request of a session, at Claude."""
    asked = ask(dollars)
    offer = Offer("anthropic", model, Money.usd(dollars), False)
    held = house.ledger.reserve(replace(asked, offers=(offer,), labels=Labels(session=session)))
    assert isinstance(held, Held)
    amount = Money.usd(dollars)
    done = Settlement(Outcome.complete, amount, amount, Usage(input=1), flags=flags, status=200)
    house.ledger.settle(held.hold_id, done).result(5)


def test_a_model_without_a_price_is_told_once_a_day(house: House, watch: Watch):
    for _ in range(2):
        spend_at(house, "0.01", "s", ("provisional price",), "claude-new")
        spend_at(house, "0.01", "s")
        watch.look_at_spend()
    assert told(house) == [("unpriced", "claude-new")]
    house.desk.pass_time(days=1)
    spend_at(house, "0.01", "s", ("provisional price",), "claude-new")
    watch.look_at_spend()
    assert told(house) == [("unpriced", "claude-new")] * 2


def test_nothing_is_read_while_nothing_is_spent(house: House, watch: Watch):
    watch.look_at_spend()
    house.ledger.close()
    house.desk.files.database.unlink()
    watch.look_at_spend()


def test_a_session_that_loops_is_told_of_once_and_names_no_content(house: House, watch: Watch):
    house.wish()
    for _ in range(40):
        spend_at(house, "0.29", "looping")
        house.desk.pass_time(seconds=10)
        watch.look_at_spend()
    (burn,) = [sent.alert for sent in house.ledger.outbox.newest(kinds=[Kind.burn])]
    assert (burn.subject, burn.facts["minutes"], burn.facts["spent"]) == ("looping", "10", "10.15")
    assert set(burn.facts) == {"spent", "requests", "minutes"}


def test_what_a_session_spent_before_a_restart_counts_for_its_loop(house: House):
    for _ in range(30):
        spend_at(house, "0.29", "looping")
        house.desk.pass_time(seconds=10)
    after = house.again()
    watch = watch_of(after)
    watch.look_at_spend()
    assert "burn" not in dict(told(after))
    for _ in range(6):
        spend_at(after, "0.29", "looping")
    watch.look_at_spend()
    assert ("burn", "looping") in told(after)


def test_a_server_that_dies_after_it_was_healthy_is_told_of_and_so_is_its_return(house: House, watch: Watch):
    for upstream in (OLLAMA, *[DEAD] * 5, OLLAMA, OLLAMA):
        watch.look_at_upstreams([upstream])
    assert told(house) == [("upstream_down", "ollama"), ("upstream_back", "ollama")]
    assert house.ledger.outbox.newest()[0].alert.facts == {"name": "ollama", "why": "nothing listens there"}


def test_a_server_that_never_was_healthy_and_one_that_only_hiccups_are_no_news(house: House, watch: Watch):
    for upstream in (*[DEAD] * 5, OLLAMA, *[DEAD] * (SURE_AFTER - 1), OLLAMA):
        watch.look_at_upstreams([upstream])
    assert told(house) == []


def test_a_server_that_was_found_by_itself_and_is_gone_has_died(house: House, watch: Watch):
    watch.look_at_upstreams([OLLAMA])
    for _ in range(SURE_AFTER):
        watch.look_at_upstreams([])
    assert told(house) == [("upstream_down", "ollama")]


def test_a_server_that_the_settings_left_out_has_not_died(house: House, watch: Watch):
    watch.look_at_upstreams([OLLAMA])
    watch.look_at_upstreams([], afresh=True)
    watch.look_at_upstreams([])
    assert told(house) == []


def test_a_server_that_comes_and_goes_is_told_of_three_times_a_day(house: House, watch: Watch):
    for _ in range(5):
        for upstream in (OLLAMA, *[DEAD] * SURE_AFTER):
            watch.look_at_upstreams([upstream])
    downs = [subject for kind, subject in told(house) if kind == "upstream_down"]
    assert downs == ["ollama", "ollama (2)", "ollama (3)"]


def test_a_server_that_died_before_a_restart_is_back_after_it(house: House, watch: Watch):
    for upstream in (OLLAMA, *[DEAD] * SURE_AFTER):
        watch.look_at_upstreams([upstream])
    after = house.again()
    watch_of(after).look_at_upstreams([OLLAMA])
    assert told(after)[-1] == ("upstream_back", "ollama")
    again = after.again()
    watch_of(again).look_at_upstreams([OLLAMA])
    assert len(told(again)) == 2


def test_old_prices_are_told_of_once_a_week(house: House, watch: Watch):
    house.desk.now = NOON.replace(year=TABLE.data_as_of.year, month=TABLE.data_as_of.month, day=TABLE.data_as_of.day)
    watch.look_at_prices()
    assert told(house) == []
    house.desk.pass_time(days=40)
    for _ in range(14):
        watch.look_at_prices()
        house.desk.pass_time(days=1)
    assert len(told(house)) in (2, 3)
    assert {kind for kind, _ in told(house)} == {"old_prices"}


def test_a_weeks_report_is_announced_once_however_often_it_is_made(house: House, watch: Watch):
    since = NOON.date() - timedelta(days=NOON.weekday() + 7)
    assert not watch.was_told_of_report(since)
    for _ in range(3):
        watch.report_is_ready(since)
    assert watch.was_told_of_report(since)
    assert told(house) == [("report", "2026-W46")]
    assert not watch.was_told_of_report(since + timedelta(days=7))


def test_trouble_of_the_ledger_is_told_and_so_is_its_end(house: House, watch: Watch):
    watch.hear(LedgerTrouble("the disk is full"))
    watch.hear(LedgerTrouble("the disk is full"))
    house.courier.once()
    watch.hear(LedgerTrouble(None))
    house.courier.once()
    assert [line for service, line in house.carrier.got if service == "ntfy"] == [
        "the ledger cannot be written",
        "the ledger is well again",
    ]


def test_spend_of_the_day_before_and_other_events_do_not_disturb_it(house: House, watch: Watch):
    spend(house.ledger, "1")
    for event in (DayChanged(NOON.date(), NOON.date()), Stopped("person")):
        watch.hear(event)
    watch.note_spend(SpendRecorded(NOON.date(), "r", 1, 1, "complete", Money(1), Money(1), Money(1)))
    watch.look_at_spend()
    assert told(house) == []


def test_the_details_of_requests_go_when_their_time_is_over(desk: Desk):
    house = move_in(desk)
    watch = Watch(house.ledger, house.courier, lambda: TABLE, lambda: house.desk.now, lambda: 30)
    for _ in range(2):
        held = house.ledger.reserve(ask("1"))
        assert isinstance(held, Held)
        house.ledger.settle(held.hold_id, replace(complete("1"), raw_usage='{"input_tokens": 1}')).result(5)
        desk.pass_time(days=20)
    house.ledger.set_mode(house.ledger.today().mode)  # It is the fortieth day.
    watch.tidy()
    assert [entry.raw_usage for entry in house.ledger.entries()] == ["", '{"input_tokens": 1}']


def test_alerts_of_more_than_a_year_ago_go(desk: Desk):
    house = move_in(desk)
    house.wish()
    watch = watch_of(house)
    spend(house.ledger, "5")
    house.later(seconds=1)
    watch.tidy()
    assert len(told(house)) == 1
    desk.pass_time(days=30)
    for _ in range(14):
        desk.pass_time(days=30)
        house.ledger.set_mode(house.ledger.today().mode)
    watch.tidy()
    assert told(house) == []
