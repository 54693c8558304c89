"""The jobs: what bursar does by the clock. Each goes by how things stand, so coming late or twice does no harm."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from budget.ledger import Ledger
from proxy.keeper.facts import was_on_before
from proxy.services import Services
from tray.alerts.watch import Watch, monday
from tray.memory import Tidying
from tray.scheduler import Job, at, every

HEALTH = "health"
LONGEST_AWAY = 8
"""For how many weeks nothing may have been asked before the report of the last week there was is let go."""
DAY = "day"
OFFER = "offer"

Report = Callable[[date], bool]
"""Makes and keeps the report of the week that began on a Monday; False if there is nothing to report of it."""


def jobs_of(services: Services, watch: Watch, hurry: Callable[[str], None], report: Report | None) -> tuple[Job, ...]:
    """List the jobs; `hurry` has one of them done soon."""
    ledger = services.ledger
    return (
        Job(HEALTH, Health(services, watch, hurry).look, every(timedelta(seconds=30))),
        Job("spend", watch.look_at_spend, every(timedelta(minutes=1)), timedelta(seconds=10)),
        Job(DAY, lambda: _turn(ledger), at(lambda: ledger.today().resets_at), timedelta(seconds=1)),
        Job("backups", ledger.keep_up, every(timedelta(minutes=15)), timedelta(minutes=1)),
        Job("prices", watch.look_at_prices, every(timedelta(hours=6)), timedelta(minutes=1)),
        Job("report", lambda: weekly(ledger, watch, report), every(timedelta(hours=1)), timedelta(minutes=2)),
        Job(OFFER, lambda: make_offer(services), every(timedelta(hours=3)), timedelta(minutes=5)),
        Job("retention", watch.tidy, every(timedelta(days=1)), timedelta(minutes=10)),
        Job("memory", _tidying(services).look, every(timedelta(seconds=30)), timedelta(seconds=30)),
    )


class Health:
    """Asks the local servers how they are, and tells the watch."""

    def __init__(self, services: Services, watch: Watch, hurry: Callable[[str], None]) -> None:
        self._services, self._watch, self._hurry = services, watch, hurry
        self._registry = services.locals

    def look(self) -> None:
        """Ask every server; if one failed meanwhile, look again soon."""
        registry = self._services.locals
        registry.refresh()
        afresh, self._registry = registry is not self._registry, registry
        self._watch.look_at_upstreams(registry.snapshot(), afresh=afresh)
        if registry.look_again.is_set():
            self._hurry(HEALTH)


def weekly(ledger: Ledger, watch: Watch, report: Report | None) -> None:
    """Make the report of the last week there was, if nobody was told of it: on Monday, or when bursar runs again."""
    this = monday(ledger.today().day)
    for since in (this - timedelta(weeks=back) for back in range(1, LONGEST_AWAY + 1)):
        if report is None or watch.was_told_of_report(since):
            return
        if report(since):
            watch.report_is_ready(since)
            return


def make_offer(services: Services) -> None:
    """Work out what the cache keeper would have saved, once a day and while it is off: no page has to wait for it."""
    wish, ledger, today = services.options.keeper, services.ledger, services.ledger.today().day
    if not wish.enabled and not was_on_before(ledger.file, today):
        services.offers.of(ledger.file, today, services.prices(), wish)


def _tidying(services: Services) -> Tidying:
    return Tidying(lambda: services.log.newest, lambda: services.ledger.today().open_holds > 0)


def _turn(ledger: Ledger) -> None:
    """Have the ledger begin the day that it is."""
    ledger.today()
