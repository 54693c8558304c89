"""bursar's proxy in this process: a real ledger, a real server, no command and no config file."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import requests

from budget.bands import Limits
from budget.ledger import Entry, Ledger, Mode
from budget.today import Today
from pricing.money import Money
from pricing.table import PriceTable
from proxy.app import create_app, shortcuts
from proxy.baseline import Recorder
from proxy.classify import Classifier
from proxy.keeper.keeper import Keeper
from proxy.restrictions import Restrictions
from proxy.server import Server
from proxy.services import ProxyOptions, Services
from proxy.sessions import Sessions
from proxy.upstream.anthropic import Cloud
from proxy.upstream.local import Registry
from proxy.upstream.local_model import LocalSetting
from tests.kit.canary import in_homes
from tests.kit.scripted import eventually

PRICES = PriceTable.load()


class InProcess:
    """A running proxy; `clock` may be set to another moment at any time."""

    def __init__(
        self,
        folder: Path,
        cloud_url: str,
        *,
        budget: str = "10",
        cutoff: str = "12",
        mode: Mode = Mode.auto,
        servers: tuple[LocalSetting, ...] = (),
        options: ProxyOptions | None = None,
        at: datetime | None = None,
    ) -> None:
        self._folder = folder
        self.now: Callable[[], datetime] = lambda: at or datetime.now(UTC)
        self.ledger = Ledger.open(
            folder / "ledger",
            clock=lambda: self.now(),
            limits=Limits(Money.usd(budget), Money.usd(cutoff)),
            zone=ZoneInfo("UTC"),
        )
        self.ledger.set_mode(mode)
        self._http = requests.Session()
        self.waited_s = 0.0
        """A test's own waiting, for the local servers that are kept away from for a while after a failure."""
        monotonic = lambda: time.monotonic() + self.waited_s
        registry = Registry(servers, False, self.now, self._http, monotonic=monotonic)
        registry.refresh()
        self.services = Services(
            ledger=self.ledger,
            prices=lambda: PRICES,
            locals=registry,
            cloud=Cloud(cloud_url),
            classifier=Classifier(),
            sessions=Sessions(lambda: self.now(), restrictions=Restrictions(folder / "restricted.txt")),
            clock=lambda: self.now(),
            zone=lambda: ZoneInfo("UTC"),
            options=options or ProxyOptions(),
        )
        self.baselines = Recorder(self.ledger, lambda: PRICES, lambda: self.now())
        self.baselines.start()
        self.services.baselines = self.baselines
        self.ledger.subscribe(self.services.log.hear)
        self.ledger.subscribe(self.services.tally.hear)
        self.server = Server(create_app(self.services), 0, name="test", shortcuts=shortcuts(self.services))
        self.server.start()
        self.keeper = Keeper(self.services, lambda: self.now().timestamp(), self.server.carry)
        self.services.keeper = self.keeper
        self.url = self.server.url

    def __enter__(self) -> "InProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.server.drain(1)
        self.server.stop()
        self.baselines.end()
        self._http.close()
        self.ledger.close()
        assert in_homes(self._folder) == []

    @property
    def today(self) -> Today:
        """The day as the ledger shows it."""
        return self.ledger.today()

    def entries(self, number: int = 0) -> list[Entry]:
        """Return all entries, once there are so many and nothing is held any more."""
        assert eventually(lambda: not self.today.open_holds and len(self.ledger.entries()) >= number)
        assert self.ledger.check() == []
        return self.ledger.entries()
