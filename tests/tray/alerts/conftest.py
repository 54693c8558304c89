"""Fixtures: a ledger whose clock is set by hand, a courier that delivers to a list, and a webhook."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from budget.ledger import Ledger
from tests.budget.desk import Desk
from tests.kit.webhook import Webhook, webhook
from tray.alerts.courier import Courier, Wishes
from tray.alerts.destination import Destination
from tray.alerts.post import Message

PHONE, MAIL = Destination("ntfy://phone"), Destination("mailto://me:hunter2@example.com")


@dataclass
class Carrier:
    """Delivers to a list; who is in `down` does not take anything."""

    got: list[tuple[str, str]] = field(default_factory=list)
    down: set[str] = field(default_factory=set)
    asked: int = 0

    def __call__(self, messages: Sequence[Message]) -> Iterator[str]:
        """Deliver."""
        for message in messages:
            self.asked += 1
            assert message.words is not None
            if message.to.name in self.down:
                yield "it is down"
            else:
                self.got.append((message.to.service, message.words.title.removeprefix("bursar: ")))
                yield ""

    def end(self) -> None:
        """End."""


@dataclass
class House:
    """A ledger and what carries its alerts."""

    desk: Desk
    ledger: Ledger
    carrier: Carrier
    courier: Courier
    wishes: Wishes

    def wish(self, *to: Destination, mute: tuple[str, ...] = ()) -> None:
        """Change the settings."""
        self.wishes = Wishes(to, frozenset(mute), self.desk.zone)

    def later(self, **duration: float) -> None:
        """Let time pass and the courier look."""
        self.desk.pass_time(**duration)
        self.courier.once()

    def again(self) -> "House":
        """Start again on the same files."""
        self.ledger.close()
        return move_in(self.desk, self.wishes)


def move_in(desk: Desk, wishes: Wishes | None = None) -> House:
    """Open the ledger with a courier that is driven by hand."""
    ledger, carrier = desk.open(), Carrier()
    chosen = wishes or Wishes((PHONE, MAIL), frozenset(), desk.zone)
    house: House
    courier = Courier(ledger.outbox, carrier, lambda: house.wishes, lambda: desk.now)
    house = House(desk, ledger, carrier, courier, chosen)
    return house


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A ledger's folder and its clocks."""
    made = Desk(tmp_path / "ledger")
    yield made
    made.close_all()


@pytest.fixture
def house(desk: Desk) -> House:
    """A house whose ledger is new."""
    return move_in(desk)


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """A webhook that takes everything."""
    with webhook() as served:
        yield served
