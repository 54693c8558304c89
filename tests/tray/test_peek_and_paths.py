"""Where files lie, and what a look at a resting ledger shows."""

from pathlib import Path
from zoneinfo import ZoneInfo

from budget.bands import Band, Limits
from budget.ledger import Ask, Held, Ledger, Offer
from budget.peek import peek
from budget.state import Mode
from pricing.money import Money
from tests.tray.conftest import NOON
from tray.paths import Paths
from tray.portowner import port_owner

UTC_ZONE = ZoneInfo("UTC")
LIMITS = Limits.of(Money.usd(10))


def test_one_folder_holds_everything_when_it_is_named(tmp_path: Path):
    by_environment = Paths.of({"BURSAR_HOME": str(tmp_path)})
    assert by_environment == Paths.of({}, tmp_path) == Paths.of({"BURSAR_HOME": "/elsewhere"}, tmp_path)
    assert by_environment.config_file == tmp_path / "config.toml"
    assert by_environment.ledger.parent == tmp_path
    assert by_environment.user_prices != by_environment.refreshed_prices


def test_without_one_the_systems_own_places_are_used():
    paths = Paths.of({})
    assert paths.config.is_absolute()
    assert "bursar" in str(paths.config).lower()


def test_a_look_shows_what_the_ledger_shows(tmp_path: Path):
    with Ledger.open(tmp_path, clock=lambda: NOON, limits=LIMITS, zone=UTC_ZONE) as ledger:
        held = ledger.reserve(Ask("req_1", (Offer("anthropic", "m", Money.usd(9), is_local=False),)))
        assert isinstance(held, Held)
        ledger.set_mode(Mode.auto)
        running = ledger.today()
        assert peek(tmp_path, clock=lambda: NOON, limits=LIMITS, zone=UTC_ZONE) == running
    resting = peek(tmp_path, clock=lambda: NOON, limits=LIMITS, zone=UTC_ZONE)
    assert (resting.held, resting.open_holds, resting.band) == (Money.usd(9), 1, Band.saving)


def test_a_look_at_nothing_makes_nothing(tmp_path: Path):
    today = peek(tmp_path / "ledger", clock=lambda: NOON, limits=LIMITS, zone=UTC_ZONE)
    assert (today.settled, today.mode, today.trouble) == (Money(0), Mode.observe, None)
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_nobody_has_belongs_to_nobody(tmp_path: Path):
    assert port_owner(1) is None
    assert port_owner(1, tmp_path) is None  # A system without /proc.
