"""The jobs: last week's report is made once, whenever bursar next runs; a dead server is looked at again at once."""

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from budget.archive import Archive
from budget.events import DayChanged, Event
from budget.outbox import Kind
from proxy.upstream.local import Registry
from proxy.upstream.local_model import LocalSetting
from tests.budget.desk import Desk, spend
from tests.tray.alerts.conftest import House, desk, house
from tests.tray.alerts.test_watch import watch
from tray.alerts.watch import Watch
from tray.jobs import weekly
from tray.reports import Keeper

__all__ = ["desk", "house", "watch"]


def test_last_weeks_report_is_made_and_announced_once_however_often_the_job_comes(house: House, watch: Watch):
    made: list[date] = []

    def report(since: date) -> bool:
        made.append(since)
        return True

    for _ in range(3):
        weekly(house.ledger, watch, report)
    assert made == [date(2026, 11, 9)]
    after = house.again()
    weekly(after.ledger, Watch(after.ledger, after.courier, watch._prices, lambda: after.desk.now), report)
    assert len(made) == 1


def test_after_a_sleep_over_monday_the_report_is_made_on_waking(house: House, watch: Watch):
    made: list[date] = []
    for days in (0, 1, 4):  # Saturday, Sunday, and then Thursday
        house.desk.pass_time(days=days)
        weekly(house.ledger, watch, lambda since: not made.append(since))  # type: ignore[func-returns-value]
    assert made == [date(2026, 11, 9), date(2026, 11, 16)]


def test_a_week_of_which_there_is_nothing_to_report_is_not_announced(house: House, watch: Watch):
    weekly(house.ledger, watch, lambda since: False)
    assert house.ledger.outbox.newest() == []


def test_the_report_of_a_real_week_is_kept_and_told_of_once_however_often_the_job_comes(
    house: House, watch: Watch, tmp_path: Path
):
    desk, archive = house.desk, Archive(tmp_path / "reports")
    keeper = Keeper(archive, house.ledger, lambda: desk.now, lambda: desk.zone, tmp_path / "none")
    spend(house.ledger, "1.25")
    for days in (1, 1, 0, 9):  # Sunday, Monday twice, and Wednesday of the week after the next.
        desk.pass_time(days=days)
        weekly(house.ledger, watch, keeper.keep)
    assert archive.weeks() == ["2026-W47"]
    assert [sent.alert.subject for sent in house.ledger.outbox.newest(10, [Kind.report])] == ["2026-W47"]


def test_without_a_report_nothing_is_announced(house: House, watch: Watch):
    weekly(house.ledger, watch, None)
    assert house.ledger.outbox.newest() == []


def test_looking_at_the_day_turns_it_without_a_request(desk: Desk):
    ledger = desk.open()
    events: list[Event] = []
    ledger.subscribe(events.append)
    spend(ledger, "1")
    desk.pass_time(days=1)
    ledger.today()
    ledger.set_mode(ledger.today().mode)
    assert [event.day for event in events if isinstance(event, DayChanged)] == [date(2026, 11, 22)]
    assert ledger.today().resets_at.astimezone(ZoneInfo("Europe/Berlin")).hour == 0
    assert ledger.today().resets_at - desk.now < timedelta(days=1)


def test_of_many_failures_at_once_the_first_asks_for_a_look(desk: Desk):
    registry = Registry((LocalSetting("box", "http://127.0.0.1:9"),), False, lambda: desk.now)
    asked: list[int] = []
    registry.on_failure = lambda: asked.append(1)
    for _ in range(5):
        registry.failed("box", "it hung up")
    assert asked == [1]
    registry.refresh()
    registry.failed("box", "it hung up")
    assert asked == [1, 1]
