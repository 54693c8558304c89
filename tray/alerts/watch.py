"""The watch: looks at what happens and records what a person should be told of; the courier carries it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from budget.clock import Clock
from budget.events import DayChanged, Event, LedgerTrouble, SpendRecorded, Stopped, ThresholdCrossed
from budget.ledger import Ledger
from budget.outbox import Alert, Facts, Kind
from budget.recent import Spent, spent, spent_by_slot
from pricing.money import Money
from pricing.table import PriceTable
from proxy.upstream.local_model import LocalUpstream
from tray.alerts.burn import LONGEST, Burn, Rule, burning, usual
from tray.alerts.courier import Courier
from tray.alerts.upstreams import Change, Watched

USUAL_OVER = timedelta(days=14)
KEPT = timedelta(days=400)
KEEP_DETAILS_DAYS = 100


class Watch:
    """Records alerts, each once. Its looks are the scheduler's jobs; `hear` takes events from the listener's thread."""

    def __init__(
        self,
        ledger: Ledger,
        courier: Courier,
        prices: Callable[[], PriceTable],
        clock: Clock,
        keep_details_days: Callable[[], int] = lambda: KEEP_DETAILS_DAYS,
    ) -> None:
        self._ledger, self._courier, self._prices, self._clock = ledger, courier, prices, clock
        self._keep_details_days = keep_details_days
        self._spent = threading.Event()
        self._spent.set()
        self._last_entry = 0
        self._recent: deque[Spent] = deque()
        self._usual: dict[Rule, Money | None] = {}
        self._watched: Watched | None = None
        self._trouble: str | None = None

    def note_spend(self, event: Event) -> None:
        """Note that something was spent; called in the ledger's own thread, for each request."""
        if isinstance(event, SpendRecorded):
            self._spent.set()

    def hear(self, event: Event) -> None:
        """Record what an event calls for, and have it carried."""
        match event:
            case ThresholdCrossed() | Stopped():
                self._courier.wake()  # They were recorded in the commit that they belong to.
            case LedgerTrouble(why=why):
                self._ledger_trouble(why)
            case DayChanged():
                self._usual.clear()
            case _:
                pass

    def look_at_spend(self) -> None:
        """Look at what was spent since the last look: models without a price, sessions that spend like a loop."""
        if not self._spent.is_set():
            return
        self._spent.clear()
        now = self._clock()
        new = spent(self._ledger.file, after=self._last_entry, since=now - LONGEST)
        self._last_entry = new[-1].entry_id if new else self._last_entry
        self._recent.extend(new)
        while self._recent and self._recent[0].at < now - LONGEST:
            self._recent.popleft()
        for model in dict.fromkeys(one.model for one in new if one.is_provisional):
            self._record(Kind.unpriced, model, {"model": model})
        for burn in burning(self._recent, now, self._usual_of):
            self._record(Kind.burn, burn.session or "without a name", _burn_facts(burn))

    def look_at_upstreams(self, upstreams: Sequence[LocalUpstream], *, afresh: bool = False) -> None:
        """Look which local servers died and which came back; `afresh` after the settings chose other servers."""
        if self._watched is None or afresh:
            self._watched = Watched(set() if afresh else self._down_before())
        for change in self._watched.see(upstreams):
            self._upstream(change)

    def look_at_prices(self) -> None:
        """Look whether the price table is old; that is told once a week."""
        table, day = self._prices(), self._ledger.today().day
        if table.is_old(self._clock()):
            as_of = table.data_as_of.isoformat()
            self._record(Kind.old_prices, as_of, {"as_of": as_of}, monday(day))

    def report_is_ready(self, since: date) -> None:
        """Tell that the report of the week that began on a Monday is ready; once, however often it is made."""
        year, week, _ = since.isocalendar()
        self._record(Kind.report, f"{year}-W{week:02d}", {}, since)

    def was_told_of_report(self, since: date) -> bool:
        """Tell whether a week's report was announced already."""
        return any(sent.alert.day == since for sent in self._ledger.outbox.newest(60, [Kind.report]))

    def tidy(self) -> None:
        """Let go of alerts of more than a year ago, and of requests' details when their time is over."""
        today = self._ledger.today().day
        self._ledger.outbox.prune(today - KEPT)
        past = today - timedelta(days=self._keep_details_days())
        self._ledger.details.prune(past)
        self._ledger.refused.prune(past)

    def _record(self, kind: Kind, subject: str, facts: Facts, day: date | None = None) -> bool:
        is_new = self._ledger.outbox.record(kind, subject, facts, day)
        if is_new:
            self._courier.wake()
        return is_new

    def _ledger_trouble(self, why: str | None) -> None:
        """The ledger cannot record its own trouble: that goes out at once, and is recorded when it is well again."""
        if why == self._trouble:
            return
        self._trouble = why
        facts = {} if why is None else {"why": why}
        subject = f"{'well again' if why is None else 'trouble'} {self._clock():%H}h"
        self._courier.urge(Alert(0, Kind.ledger, self._ledger.today().day, subject, self._clock(), facts))

    def _upstream(self, change: Change) -> None:
        kind = Kind.upstream_back if change.is_back else Kind.upstream_down
        facts = {"name": change.name} if change.is_back else {"name": change.name, "why": change.why}
        # A server that comes and goes is told of three times a day.
        for number in ("", " (2)", " (3)"):
            if self._record(kind, change.name + number, facts):
                return

    def _down_before(self) -> set[str]:
        """Name the servers that the last alert about them, of today or yesterday, calls down."""
        last: dict[str, Kind] = {}
        day = self._ledger.today().day
        for sent in self._ledger.outbox.newest(100, [Kind.upstream_down, Kind.upstream_back]):
            if (day - sent.alert.day).days <= 1:
                last[sent.alert.facts.get("name", "")] = sent.alert.kind
        return {name for name, kind in last.items() if kind is Kind.upstream_down}

    def _usual_of(self, rule: Rule) -> Money | None:
        """Give what this person usually spends in a window, by the last two weeks; worked out once a day."""
        if rule not in self._usual:
            now = self._clock()
            until, since, slot_s = now - LONGEST, now - USUAL_OVER, int(rule.window.total_seconds())
            self._usual[rule] = usual(spent_by_slot(self._ledger.file, slot_s=slot_s, since=since, until=until))
        return self._usual[rule]


def monday(day: date) -> date:
    """Give the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def _burn_facts(burn: Burn) -> Facts:
    facts = {
        "spent": burn.spent.exact(),
        "requests": str(burn.requests),
        "minutes": str(int(burn.window.total_seconds()) // 60),
    }
    return facts if burn.usual is None else {**facts, "usual": burn.usual.exact()}
