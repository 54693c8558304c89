"""Many at once."""

import sqlite3
import threading
from collections import Counter

import pytest

from budget.events import Event, LedgerTrouble
from budget.jobs import Commanding
from budget.ledger import Held, Ledger, Refused
from budget.trouble import Trouble
from pricing.money import Money
from tests.budget.desk import Desk, ask, complete, settle_down


def together(number: int, work: object) -> None:
    threads = [threading.Thread(target=work, args=(name,)) for name in range(number)]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_of_sixty_four_requests_at_once_only_one_gets_the_last_dollar(ledger: Ledger) -> None:
    hold = ledger.reserve(ask("11"))
    assert isinstance(hold, Held)
    ledger.settle(hold.hold_id, complete("11")).result(5)
    answers: list[Held | Refused] = []
    barrier = threading.Barrier(64)

    def grab(name: int) -> None:
        barrier.wait()
        answers.append(ledger.reserve(ask("1", f"r{name}")))

    together(64, grab)
    assert Counter(type(answer) for answer in answers) == {Held: 1, Refused: 63}
    assert ledger.today().gone == Money.usd(12)


def test_sixty_four_threads_never_pass_the_cutoff_and_leave_no_hold_behind(ledger: Ledger) -> None:
    seen: list[Money] = []

    def work(name: int) -> None:
        for number in range(40):
            answer = ledger.reserve(ask("0.05", f"{name}-{number}"))
            if isinstance(answer, Held):
                seen.append(ledger.today().gone)
                ledger.settle(answer.hold_id, complete("0.01"))
                ledger.settle(answer.hold_id, complete("0.01")).result(10)

    together(64, work)
    assert max(seen) <= Money.usd(12)
    assert ledger.today().open_holds == 0
    assert ledger.today().settled == Money.usd("0.01") * len(seen)
    assert ledger.check() == []


def test_money_that_has_come_back_can_be_held_by_the_very_next_request(ledger: Ledger) -> None:
    for number in range(50):
        answer = ledger.reserve(ask("12", f"r{number}"))
        assert isinstance(answer, Held)
        ledger.settle(answer.hold_id, complete("0"))


def test_whoever_waits_is_admitted_in_turn_once_there_is_room(ledger: Ledger) -> None:
    running = ledger.reserve(ask("12"))
    assert isinstance(running, Held)
    order: list[int] = []
    joined = [threading.Event() for _ in range(5)]

    def wait_in_line(name: int) -> None:
        ready = threading.Event()
        ticket = ledger.line.join(Money.usd("3"), ready.set)
        joined[name].set()
        while True:
            assert ready.wait(10)
            ready.clear()
            answer = ledger.reserve(ask("3", f"w{name}", ticket=ticket))
            if isinstance(answer, Held):
                order.append(name)
                ledger.settle(answer.hold_id, complete("0.5"))
                return

    threads = [threading.Thread(target=wait_in_line, args=(name,)) for name in range(5)]
    for name, thread in enumerate(threads):
        thread.start()
        joined[name].wait(5)
    newcomer = ledger.reserve(ask("0.01", "newcomer"))
    assert isinstance(newcomer, Refused)
    assert newcomer.fits_later
    ledger.settle(running.hold_id, complete("1"))
    for thread in threads:
        thread.join(10)
    assert order == [0, 1, 2, 3, 4]


def test_a_newcomer_does_not_pass_those_who_wait_even_if_it_would_fit(ledger: Ledger) -> None:
    running = ledger.reserve(ask("10"))
    assert isinstance(running, Held)
    ticket = ledger.line.join(Money.usd("5"), lambda: None)
    assert ledger.today().waiting == 1
    newcomer = ledger.reserve(ask("1", "newcomer"))
    assert isinstance(newcomer, Refused)
    assert (newcomer.why, newcomer.fits_later) == ("full", True)
    ledger.line.leave(ticket)
    assert isinstance(ledger.reserve(ask("1", "newcomer")), Held)


def test_whoever_waits_is_called_when_the_cloud_is_stopped(ledger: Ledger) -> None:
    running = ledger.reserve(ask("10"))
    assert isinstance(running, Held)
    called = threading.Event()
    ticket = ledger.line.join(Money.usd("5"), called.set)
    ledger.stop("person")
    assert called.wait(5)
    answer = ledger.reserve(ask("5", "waiter", ticket=ticket))
    assert isinstance(answer, Refused)
    assert answer.why == "stopped"


def test_a_write_that_breaks_a_rule_of_the_tables_is_left_out_and_no_trouble_of_the_disk(ledger: Ledger) -> None:
    held = [hold for hold in (ledger.reserve(ask("1", f"r{n}")) for n in range(2)) if isinstance(hold, Held)]
    events: list[Event] = []
    ledger.subscribe(events.append)
    gate = threading.Event()
    waits = Commanding[bool](lambda _: gate.wait(5))  # Until it is let go, what is put after it waits together.
    wrong = Commanding[None](lambda book: book.connection.execute("UPDATE holds SET amount = 0") and None)
    ledger._writer.put(waits)
    settled = [ledger.settle(held[0].hold_id, complete("1"))]
    ledger._writer.put(wrong)
    settled.append(ledger.settle(held[1].hold_id, complete("1")))
    gate.set()
    assert [future.result(5).overrun for future in settled] == [Money.usd(0)] * 2
    with pytest.raises(sqlite3.IntegrityError, match="a hold is never changed"):
        wrong.future.result(5)
    assert ledger.today().trouble is None
    assert not [event for event in events if isinstance(event, LedgerTrouble)]
    assert (ledger.today().settled, ledger.today().open_holds, ledger.check()) == (Money.usd(2), 0, [])


def test_a_wrong_write_that_must_not_be_lost_keeps_no_other_out_when_the_ledger_heals(
    desk: Desk, ledger: Ledger
) -> None:
    hold = ledger.reserve(ask("1"))
    assert isinstance(hold, Held)
    wrong = Commanding[None](lambda book: book.connection.execute("DELETE FROM holds") and None, essential=True)
    with ledger._writer._turn:
        ledger._writer._enter(Trouble.of("locked"))
        ledger._writer._serve([wrong])
        settled = ledger.settle(hold.hold_id, complete("1"))
    settle_down(desk, ledger)
    assert settled.result(5).entry_id
    with pytest.raises(sqlite3.IntegrityError):
        wrong.future.result(5)
    assert ledger.check() == []
