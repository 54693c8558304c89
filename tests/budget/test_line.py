"""The waiting line, alone."""

from collections.abc import Callable

from budget.line import Line
from pricing.money import Money


class Wait:
    """A line and what it called, in order."""

    def __init__(self) -> None:
        self.now = 0.0
        self.line = Line(lambda: self.now)
        self.called: list[str] = []

    def calls(self, name: str) -> Callable[[], None]:
        return lambda: self.called.append(name)


def test_the_head_is_called_when_its_amount_fits_and_not_before() -> None:
    wait = Wait()
    wait.line.room(4, 100)
    wait.line.join(Money(5), wait.calls("a"))
    assert wait.called == []
    wait.line.room(5, 100)
    assert wait.called == ["a"]


def test_a_smaller_one_behind_does_not_pass_the_head() -> None:
    wait = Wait()
    wait.line.room(3, 100)
    wait.line.join(Money(50), wait.calls("big"))
    small = wait.line.join(Money(1), wait.calls("small"))
    wait.line.room(10, 100)
    assert wait.called == []
    assert wait.line.blocks(small)


def test_when_the_head_leaves_the_next_one_is_called() -> None:
    wait = Wait()
    wait.line.room(3, 100)
    head = wait.line.join(Money(50), wait.calls("big"))
    small = wait.line.join(Money(1), wait.calls("small"))
    wait.line.leave(head)
    wait.line.leave(head)
    assert wait.called == ["small"]
    assert not wait.line.blocks(small)


def test_a_newcomer_is_blocked_only_while_someone_waits() -> None:
    wait = Wait()
    assert not wait.line.blocks(None)
    ticket = wait.line.join(Money(5), wait.calls("a"))
    assert wait.line.blocks(None)
    assert not wait.line.blocks(ticket)
    wait.line.leave(ticket)
    assert not wait.line.blocks(None)
    assert len(wait.line) == 0


def test_whoever_can_no_longer_fit_is_called_to_be_told_so() -> None:
    wait = Wait()
    wait.line.room(0, 100)
    wait.line.join(Money(50), wait.calls("big"))
    wait.line.join(Money(5), wait.calls("small"))
    wait.line.room(0, 10)
    assert wait.called == ["big"]


def test_a_forgotten_ticket_does_not_block_everyone_for_ever() -> None:
    wait = Wait()
    wait.line.room(0, 100)
    wait.line.join(Money(50), wait.calls("forgotten"), wait_s=60)
    behind = wait.line.join(Money(5), wait.calls("b"), wait_s=600)
    wait.now = 66
    assert not wait.line.blocks(behind)


def test_a_ticket_s_amount_may_change_and_is_then_what_counts() -> None:
    wait = Wait()
    wait.line.room(5, 100)
    ticket = wait.line.join(Money(7), wait.calls("a"))
    wait.line.change(ticket, Money(9))
    wait.line.room(8, 100)
    assert wait.called == []
    wait.line.change(ticket, Money(6))
    assert wait.called == ["a"]
