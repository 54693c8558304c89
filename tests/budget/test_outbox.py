"""The outbox: an alert is recorded once, waits for each destination by itself, and outlives whoever was to send it."""

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from budget.outbox import Kind, Outbox
from tests.budget.desk import NOON, Desk, spend

OLD = Path(__file__).with_name("ledger_v1.sql")
PHONE, MAIL = "ntfy-1", "mailto-2"


def subjects(outbox: Outbox) -> list[tuple[str, str]]:
    return [(sent.alert.kind.value, sent.alert.subject) for sent in outbox.newest()]


def test_an_alert_is_recorded_once_a_day_for_each_kind_and_subject(desk: Desk) -> None:
    outbox = desk.open().outbox
    told = [outbox.record(Kind.unpriced, model, {"model": model}) for model in ("a", "a", "b")]
    assert told == [True, False, True]
    assert outbox.record(Kind.burn, "a", {})
    desk.pass_time(days=1)
    assert outbox.record(Kind.unpriced, "a", {"model": "a"})
    assert subjects(outbox) == [("unpriced", "a"), ("unpriced", "b"), ("burn", "a"), ("unpriced", "a")]
    assert outbox.newest()[0].alert.facts == {"model": "a"}
    assert {sent.alert.day for sent in outbox.newest()} == {NOON.date(), NOON.date() + timedelta(days=1)}


def test_an_alert_of_another_day_than_today_counts_for_that_day(desk: Desk) -> None:
    outbox = desk.open().outbox
    monday = date(2026, 11, 16)
    assert outbox.record(Kind.old_prices, "2026-10-01", {}, monday)
    desk.pass_time(days=1)
    assert not outbox.record(Kind.old_prices, "2026-10-01", {}, monday)


def test_a_destination_that_was_told_is_told_no_more_and_the_others_still_wait(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "8")
    outbox = ledger.outbox
    assert outbox.waiting() == []
    assert outbox.has_new()
    assert outbox.plan([PHONE, MAIL]) == 2
    assert not outbox.has_new()
    assert [(one.alert.subject, one.destination) for one in outbox.waiting()] == [
        ("50", MAIL),
        ("50", PHONE),
        ("80", MAIL),
        ("80", PHONE),
    ]
    outbox.told(1, PHONE)
    outbox.failed(1, MAIL, "it did not answer", NOON + timedelta(minutes=1))
    outbox.failed(2, MAIL, "it did not answer", None)
    ledger.close()
    again = desk.open().outbox
    assert [(one.alert.subject, one.destination, one.tries) for one in again.waiting()] == [
        ("50", MAIL, 1),
        ("80", PHONE, 0),
    ]
    first, second = again.newest()
    told = {one.destination: (one.told is not None, one.due is not None, one.trouble) for one in first.deliveries}
    assert told == {PHONE: (True, False, ""), MAIL: (False, True, "it did not answer")}
    assert {one.destination: one.due is None for one in second.deliveries} == {PHONE: False, MAIL: True}


def test_what_was_told_stays_told_whatever_is_noted_afterwards(desk: Desk) -> None:
    outbox = desk.open().outbox
    outbox.record(Kind.report, "2026-W47", {})
    outbox.plan([PHONE])
    outbox.told(1, PHONE)
    outbox.failed(1, PHONE, "too late", NOON)
    outbox.give_up(PHONE, "it is not in the config any more")
    assert outbox.waiting() == []
    assert outbox.newest()[0].deliveries[0].trouble == ""


def test_only_alerts_that_are_new_get_the_destinations_of_the_moment(desk: Desk) -> None:
    outbox = desk.open().outbox
    outbox.record(Kind.burn, "one", {})
    outbox.plan([])
    outbox.record(Kind.burn, "two", {})
    assert outbox.plan([PHONE]) == 1
    assert outbox.plan([PHONE, MAIL]) == 0
    assert [(one.alert.subject, one.destination) for one in outbox.waiting()] == [("two", PHONE)]


def test_a_muted_kind_is_recorded_and_sent_to_nobody(desk: Desk) -> None:
    outbox = desk.open().outbox
    outbox.record(Kind.burn, "one", {})
    outbox.record(Kind.unpriced, "m", {})
    outbox.plan([PHONE], muted=["burn"])
    assert [one.alert.kind for one in outbox.waiting()] == [Kind.unpriced]
    assert [(sent.alert.kind, sent.is_planned) for sent in outbox.newest()] == [
        (Kind.burn, True),
        (Kind.unpriced, True),
    ]


def test_an_emergency_stop_is_an_alert_in_the_same_commit_and_each_is_one_of_its_own(desk: Desk) -> None:
    ledger = desk.open()
    ledger.stop()
    ledger.stop()
    desk.pass_time(minutes=1)
    ledger.resume()
    ledger.stop()
    alerts = [sent.alert for sent in ledger.outbox.newest()]
    assert [(alert.kind, alert.facts["by"]) for alert in alerts] == [(Kind.stopped, "person")] * 2


def test_the_cutoffs_own_stop_tells_how_much_was_spent(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "12")
    (stop,) = [sent.alert for sent in ledger.outbox.newest(kinds=[Kind.stopped])]
    assert stop.facts == {"by": "cutoff", "settled": "12", "cutoff": "12"}


def test_an_alert_recorded_before_a_kill_is_still_there_and_unsent(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "5")
    desk.kill(ledger)
    again = desk.open().outbox
    assert again.has_new()
    again.plan([PHONE])
    assert [one.alert.subject for one in again.waiting()] == ["50"]


def test_old_alerts_go_but_never_one_that_waits(desk: Desk) -> None:
    outbox = desk.open().outbox
    for name in ("waits", "told"):
        outbox.record(Kind.burn, name, {})
    outbox.plan([PHONE])
    outbox.told(2, PHONE)
    desk.pass_time(days=500)
    outbox.record(Kind.burn, "new", {})
    outbox.prune(NOON.date() + timedelta(days=100))
    assert [subject for _, subject in subjects(outbox)] == ["waits", "new"]


def test_thresholds_of_an_older_version_are_kept_and_never_told_again(desk: Desk) -> None:
    desk.folder.mkdir(mode=0o700)
    with closing(sqlite3.connect(desk.files.database)) as connection:
        connection.executescript(OLD.read_text())
        connection.execute("INSERT INTO alerts (day, threshold, at) VALUES ('2026-11-20', 50, '2026-11-20T10:00:00Z')")
        connection.commit()
    outbox = desk.open().outbox
    assert ("threshold", "50") in subjects(outbox)
    assert not outbox.has_new()


@pytest.mark.parametrize("text", ["Ω ütf", 'a "quoted" one', "line\nbreak"])
def test_facts_come_back_as_they_were(desk: Desk, text: str) -> None:
    outbox = desk.open().outbox
    outbox.record(Kind.upstream_down, text, {"why": text})
    assert outbox.newest()[0].alert.facts == {"why": text}
