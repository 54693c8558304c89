"""The courier: each alert reaches each destination, once where nothing goes wrong, and again where it does."""

from datetime import timedelta

from budget.outbox import Alert, Kind
from budget.trouble import LedgerUnavailable, Trouble
from tests.budget.desk import NOON, spend
from tests.tray.alerts.conftest import MAIL, PHONE, House, move_in
from tray.alerts.courier import GIVEN_UP_AFTER, pause_after
from tray.alerts.destination import Destination


def test_each_threshold_is_told_once_to_each_destination(house: House):
    for _ in range(10):
        spend(house.ledger, "1")
        house.later(minutes=1)
    lines = [f"{percent}% of today's budget is spent" for percent in (50, 80, 100)]
    assert house.carrier.got == [(service, line) for line in lines for service in ("mailto", "ntfy")]
    house.later(hours=5)
    assert house.carrier.asked == 6


def test_a_new_day_tells_its_thresholds_anew(house: House):
    spend(house.ledger, "5")
    house.later(minutes=1)
    house.desk.pass_time(days=1)
    spend(house.ledger, "5", "tomorrow")
    house.later(minutes=1)
    assert len(house.carrier.got) == 4


def test_a_destination_that_is_down_gets_its_alert_later_and_the_other_gets_it_once(house: House):
    house.carrier.down = {MAIL.name}
    spend(house.ledger, "5")
    house.later(seconds=1)
    assert [service for service, _ in house.carrier.got] == ["ntfy"]
    house.later(seconds=14)
    assert house.carrier.asked == 2, "the pause is not over"
    house.later(seconds=2)
    assert house.carrier.asked == 3
    house.carrier.down = set()
    house.later(seconds=31)
    assert [service for service, _ in house.carrier.got] == ["ntfy", "mailto"]
    assert house.ledger.outbox.waiting() == []


def test_pauses_double_up_to_an_hour():
    assert [pause_after(tries).total_seconds() for tries in (0, 1, 2, 7, 8, 9, 500)] == [
        *(15, 30, 60, 1920, 3600, 3600, 3600),
    ]


def test_after_three_days_it_is_given_up_and_says_so(house: House):
    house.carrier.down = {MAIL.name, PHONE.name}
    house.ledger.outbox.record(Kind.burn, "s", {})
    house.later(seconds=1)
    house.desk.pass_time(days=2)
    house.later(hours=1)
    assert len(house.ledger.outbox.waiting()) == 2
    house.later(seconds=GIVEN_UP_AFTER.total_seconds())
    assert house.ledger.outbox.waiting() == []
    (sent,) = house.ledger.outbox.newest()
    assert {(one.told, one.due, one.trouble) for one in sent.deliveries} == {(None, None, "it is down")}


def test_a_restart_goes_on_where_the_last_run_stopped_and_repeats_nothing(house: House):
    house.carrier.down = {MAIL.name}
    spend(house.ledger, "5")
    house.later(seconds=1)
    after = house.again()
    after.later(minutes=1)
    assert after.carrier.got == [("mailto", "50% of today's budget is spent")]
    assert after.again().courier.once() is None


def test_killed_between_sending_and_noting_it_sends_that_one_again_once(house: House):
    spend(house.ledger, "5")
    house.ledger.outbox.plan([PHONE.name, MAIL.name])
    # The first message is out and not noted when the power of the process ends.
    next(house.carrier([_message(house, PHONE)]))
    house.desk.kill(house.ledger)
    after = move_in(house.desk)
    after.later(seconds=1)
    after.later(hours=1)
    assert after.carrier.got == [(service, "50% of today's budget is spent") for service in ("mailto", "ntfy")]


def _message(house: House, to: Destination):
    from budget.alertwords import words
    from tray.alerts.post import Message

    return Message(to, words(house.ledger.outbox.newest()[0].alert, house.desk.zone))


def test_muted_kinds_are_recorded_and_not_sent_and_other_kinds_are(house: House):
    house.wish(PHONE, mute=("threshold",))
    spend(house.ledger, "5")
    house.ledger.stop()
    house.later(seconds=1)
    assert house.carrier.got == [("ntfy", "all cloud traffic is stopped")]
    assert [sent.alert.kind for sent in house.ledger.outbox.newest()] == [Kind.threshold, Kind.stopped]


def test_an_alert_from_before_a_destination_was_added_does_not_go_there(house: House):
    house.wish(PHONE)
    spend(house.ledger, "5")
    house.later(seconds=1)
    house.wish(PHONE, MAIL)
    spend(house.ledger, "3", "more")
    house.later(seconds=1)
    assert [(service, line[:2]) for service, line in house.carrier.got] == [
        ("ntfy", "50"),
        ("mailto", "80"),
        ("ntfy", "80"),
    ]


def test_what_waits_for_a_destination_that_left_the_config_is_given_up(house: House):
    house.carrier.down = {MAIL.name}
    spend(house.ledger, "5")
    house.later(seconds=1)
    house.wish(PHONE)
    house.later(hours=1)
    assert house.carrier.asked == 2
    assert house.ledger.outbox.waiting() == []


def test_with_no_destination_an_alert_is_recorded_and_waits_for_nobody(house: House):
    house.wish()
    spend(house.ledger, "5")
    assert house.courier.once() is None
    assert house.ledger.outbox.newest()[0].is_planned


def test_the_next_look_is_when_the_earliest_is_due(house: House):
    house.carrier.down = {MAIL.name}
    spend(house.ledger, "5")
    assert house.courier.once() == 15.0
    house.desk.pass_time(seconds=5)
    assert house.courier.once() == 10.0


def trouble(house: House, why: str = "the disk is full") -> Alert:
    return Alert(0, Kind.ledger, NOON.date(), "trouble 13h", house.desk.now, {"why": why})


def test_the_ledgers_own_trouble_is_told_while_nothing_can_be_recorded_and_recorded_once_when_it_can(house: House):
    house.carrier.down = {MAIL.name}
    works = house.ledger.outbox._command

    def refuses(_: object) -> None:
        raise LedgerUnavailable(Trouble.of("disk full"))

    house.ledger.outbox._command = refuses
    house.courier.urge(trouble(house))
    house.courier.once()
    assert house.carrier.got == [("ntfy", "the ledger cannot be written")]
    house.courier.once()
    assert house.carrier.asked == 2, "it is sent at once, once"
    house.ledger.outbox._command = works
    house.carrier.down = set()
    house.later(seconds=20)
    assert house.carrier.got == [("ntfy", "the ledger cannot be written"), ("mailto", "the ledger cannot be written")]
    (sent,) = house.ledger.outbox.newest()
    assert all(one.told for one in sent.deliveries)
    house.later(days=1)
    assert house.carrier.asked == 3


def test_the_thread_wakes_when_it_is_called_and_ends_when_it_is_told(house: House):
    house.courier.start()
    spend(house.ledger, "5")
    house.courier.wake()
    for _ in range(500):
        if len(house.carrier.got) == 2:
            break
        house.courier._thread.join(0.01)
    house.courier.stop()
    assert len(house.carrier.got) == 2
    assert not house.courier._thread.is_alive()


def test_messages_say_when_by_the_persons_clock(house: House):
    spend(house.ledger, "5")
    assert _message(house, PHONE).words.text == "$5.00 of $10.00 are spent. (Sat 21 Nov, 13:00 CET)"
    assert timedelta(hours=1) == house.desk.now.astimezone(house.desk.zone).utcoffset()
