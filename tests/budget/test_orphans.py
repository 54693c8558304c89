"""What an earlier run left open, after a kill and after a power cut."""

import shutil

from budget.ledger import Outcome, Settlement
from pricing.money import ZERO, Money
from tests.budget.desk import Desk, complete, held, refused, spend


def test_after_a_kill_open_holds_are_charged_in_full_and_nothing_else(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "1", "done")
    held(ledger, "2", "running")
    desk.kill(ledger)
    again = desk.open()
    assert again.today().settled == Money.usd(3)
    assert again.today().likely == Money.usd("1.01")
    assert [(entry.request_id, entry.outcome) for entry in again.entries()] == [
        ("done", Outcome.complete),
        ("running", Outcome.orphaned),
    ]
    assert again.check() == []


def test_a_hundred_kills_cost_nothing_but_their_orphans(desk: Desk) -> None:
    for number in range(20):
        ledger = desk.open()
        spend(ledger, "0.1", f"r{number}")
        desk.kill(ledger)
    assert desk.open().today().settled == Money.usd(2)


def test_a_clean_end_and_a_reboot_cost_nothing(desk: Desk) -> None:
    ledger = desk.open()
    for number in range(5):
        spend(ledger, "0.7", f"r{number}")
    ledger.close()
    desk.restart_machine()
    again = desk.open()
    assert again.today().settled == Money.usd("3.5")
    assert {entry.outcome for entry in again.entries()} == {Outcome.complete}


def test_orphans_of_yesterday_are_charged_to_yesterday(desk: Desk) -> None:
    ledger = desk.open()
    held(ledger, "2", "running")
    desk.kill(ledger)
    desk.pass_time(days=1)
    again = desk.open()
    assert again.today().settled == ZERO
    assert again.entries()[0].day < again.today().day
    assert again.check() == []


def test_a_settlement_of_an_orphan_changes_nothing_more(desk: Desk) -> None:
    ledger = desk.open()
    hold = held(ledger, "2", "running")
    desk.kill(ledger)
    again = desk.open()
    again.settle(hold.hold_id, complete("0.1")).result(5)
    assert again.today().settled == Money.usd(2)


def test_after_a_power_cut_that_lost_every_unsynced_write_the_day_stands_at_its_mark(desk: Desk) -> None:
    ledger = desk.open()
    desk.files.parts()
    synced = desk.folder.with_name("synced")
    shutil.copytree(desk.folder, synced)
    for number in range(8):
        spend(ledger, "0.5", f"r{number}")
    ledger.settle(held(ledger, "1").hold_id, Settlement(Outcome.complete, Money.usd(1), Money.usd(1))).result(5)
    shutil.copy(desk.files.mark, synced / desk.files.mark.name)
    shutil.copy(desk.files.tip, synced / desk.files.tip.name)
    ledger.close()
    shutil.rmtree(desk.folder)
    synced.rename(desk.folder)
    desk.restart_machine()
    again = desk.open()
    assert Money.usd(5) <= again.today().settled <= Money.usd("5.24")
    assert [entry.outcome for entry in again.entries()] == [Outcome.lost]
    assert again.check() == []
    assert refused(again, "7.5").why == "full"


def test_the_mark_sinks_again_when_holds_were_far_above_what_was_spent(desk: Desk) -> None:
    ledger = desk.open()
    ledger.settle(held(ledger, "11").hold_id, complete("0.1")).result(5)
    desk.pass_time(seconds=10)
    spend(ledger, "0.01")
    desk.pass_time(seconds=10)
    spend(ledger, "0.01")
    desk.kill(ledger)
    desk.restart_machine()
    assert desk.open().today().settled < Money.usd("0.5")


def test_what_cost_more_than_its_hold_is_not_lost_to_a_power_cut(desk: Desk) -> None:
    ledger = desk.open()
    ledger.settle(held(ledger, "1").hold_id, complete("3")).result(5)
    desk.kill(ledger)
    for part in desk.files.parts():
        part.unlink()
    desk.restart_machine()
    assert desk.open().today().settled >= Money.usd(3)
