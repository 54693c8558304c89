"""Any sequence of requests, settlements, commands, crashes and clocks keeps the ledger's promises I1 to I12."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from budget.allowance import PING, Allowance, gone_of
from budget.clock import budget_day
from budget.database import open_reader
from budget.events import Event, ThresholdCrossed
from budget.ledger import Held, Ledger, Limits, Mode, Outcome, Settlement, Shares
from pricing.machine import LocalCost
from pricing.money import ZERO, Money
from tests.budget.desk import Desk, ask, of_tier

# Few and round, so that sums often meet the cutoff exactly.
AMOUNTS = st.sampled_from(["0", "0.000000000001", "0.5", "1", "2.5", "6", "12", "13"]).map(Money.usd)
ZONES = st.sampled_from(["Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Havana"]).map(ZoneInfo)
ENDS = st.sampled_from([Outcome.unknown, Outcome.interrupted, Outcome.client_left, Outcome.flagged])
SHARES = st.integers(0, 4)
PINGS = Money.usd(3)
TIERS = st.sampled_from(["L0", "L1", "L2", "L3"])
KEPT = st.sampled_from([Shares(), Shares(l3_percent=10), Shares(l3_percent=25, l2_percent=10)])


LOCAL_COSTS = st.none() | st.builds(
    lambda energy, rest, joules, source: LocalCost(Money(energy), Money(energy + rest), joules, source),
    st.integers(0, 10**9),
    st.integers(0, 10**12),
    st.integers(0, 10**9),
    st.sampled_from(["NVML energy counter", "modelled", "modelled from 350 W"]),
)


def _figures(cost: LocalCost | None) -> tuple[Money, Money, int, frozenset[str]] | None:
    return cost and (cost.marginal, cost.full, cost.joules_milli, frozenset(cost.provenance.splitlines()))


class LedgerMachine(RuleBasedStateMachine):
    """A ledger, and a simple model of what the provider really billed."""

    running = Bundle("running")
    ended = Bundle("ended")

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp())
        self.desk = Desk(self.place / "ledger")
        self.events: list[Event] = []
        self.bill: dict[date, Money] = {}
        self.costs: dict[int, Money] = {}
        self.pinged: dict[int, Money] = {}
        self.ping_days: dict[int, date] = {}
        self.open: set[int] = set()
        self.last_day = date.min
        self.crossed: set[tuple[date, int]] = set()
        self.number = 0
        self.mode, self.stopped = Mode.observe, False
        self.power_was_cut = False
        self.overran = False
        self.most = Money.usd(20)
        self.last_hold = self.last_lost_hold = 0

    @initialize()
    def begin(self) -> None:
        self._open()

    def _open(self) -> None:
        self.ledger: Ledger = self.desk.open()
        self.ledger.subscribe(self.events.append)

    @rule(target=running, amount=AMOUNTS, tier=TIERS, shares=KEPT)
    def reserve(self, amount: Money, tier: str, shares: Shares) -> object:
        """I1, I9, I11: held exactly if it fits beside what is kept for the tiers above, and the cloud is open."""
        self.number += 1
        today = self.ledger.today()
        keep = self.ledger.keep_for(tier, shares)
        answer = self.ledger.reserve(of_tier(tier, ask(amount.exact(), f"r{self.number}"), shares))
        fits = today.gone + amount + keep <= today.limits.cutoff
        closed = self.mode is Mode.local or today.stop is not None
        assert isinstance(answer, Held) == (fits and not closed), (answer, today)
        if not isinstance(answer, Held):
            return multiple()
        assert answer.day >= self.last_day
        self.bill[answer.day] = self.bill.get(answer.day, ZERO) + amount
        self.open.add(answer.hold_id)
        self.last_hold = answer.hold_id
        return answer

    @rule(target=running, amount=AMOUNTS)
    def reserve_ping(self, amount: Money) -> object:
        """A ping is held exactly if it fits into the allowance, the budget and the cutoff, and the cloud is open."""
        self.number += 1
        today = self.ledger.today()
        gone = self._gone_for_pings(today.day)
        asked = ask(amount.exact(), f"r{self.number}")
        labels = replace(asked.labels, task_class=PING)
        answer = self.ledger.reserve(replace(asked, labels=labels, allowance=Allowance(PING, PINGS)))
        closed = self.mode is Mode.local or today.stop is not None
        most = min(today.limits.budget, today.limits.cutoff)
        fits = today.gone + amount <= most and gone + amount <= PINGS
        assert isinstance(answer, Held) == (fits and not closed), (answer, today, gone)
        if not isinstance(answer, Held):
            return multiple()
        self.bill[answer.day] = self.bill.get(answer.day, ZERO) + amount
        self.pinged[answer.hold_id], self.ping_days[answer.hold_id] = amount, answer.day
        self.open.add(answer.hold_id)
        self.last_hold = answer.hold_id
        return answer

    def _gone_for_pings(self, day: date) -> Money:
        with open_reader(self.ledger.file) as reader:
            return Money(gone_of(reader, day.isoformat(), PING))

    @rule(cost=LOCAL_COSTS)
    def reserve_local(self, cost: LocalCost | None) -> None:
        """I10: local requests are served in every state; what they cost the machine is never money spent."""
        self.number += 1
        answer = self.ledger.reserve(ask("99", f"r{self.number}", local=True))
        assert isinstance(answer, Held)
        assert answer.offer.is_local
        before = self.ledger.today().gone
        self.ledger.settle(answer.hold_id, Settlement(Outcome.complete, ZERO, ZERO, local=cost)).result(5)
        assert self.ledger.today().gone == before

    @rule(target=ended, hold=consumes(running), share=SHARES)
    def complete(self, hold: Held, share: int) -> Held:
        """I8: a complete answer is charged exactly."""
        cost = Money(hold.offer.amount.picos * share // 4)
        return self._settle(hold, Settlement(Outcome.complete, cost, cost), cost)

    @rule(target=ended, hold=consumes(running), outcome=ENDS, share=SHARES)
    def end_otherwise(self, hold: Held, outcome: Outcome, share: int) -> Held:
        cost = Money(hold.offer.amount.picos * share // 4)
        return self._settle(hold, Settlement(outcome, hold.offer.amount, cost), cost)

    @rule(target=ended, hold=consumes(running))
    def void(self, hold: Held) -> Held:
        return self._settle(hold, Settlement(Outcome.voided, ZERO, ZERO), ZERO)

    @rule(target=ended, hold=consumes(running))
    def overrun(self, hold: Held) -> Held:
        cost = hold.offer.amount + Money.usd("0.25")
        self.overran = True
        return self._settle(hold, Settlement(Outcome.complete, cost, cost), cost)

    def _settle(self, hold: Held, settlement: Settlement, cost: Money) -> Held:
        if hold.hold_id <= self.last_lost_hold:
            return hold
        settled = self.ledger.settle(hold.hold_id, settlement).result(5)
        if hold.hold_id in self.open:
            self.open.discard(hold.hold_id)
            self.bill[hold.day] += cost - hold.offer.amount
            self.costs[hold.hold_id] = cost
            if hold.hold_id in self.pinged:
                self.pinged[hold.hold_id] = cost
            assert settled.overrun == max(ZERO, cost - hold.offer.amount)
        return hold

    @rule(hold=ended, amount=AMOUNTS)
    def settle_again(self, hold: Held, amount: Money) -> None:
        """I4: settling twice changes nothing."""
        if hold.hold_id <= self.last_lost_hold:
            return
        before = self.ledger.today().gone
        again = self.ledger.settle(hold.hold_id, Settlement(Outcome.complete, amount, amount)).result(5)
        assert again.events == ()
        assert self.ledger.today().gone == before

    @rule(hold=ended, more=st.sampled_from(["0", "0", "0.25"]).map(Money.usd))
    def correct(self, hold: Held, more: Money) -> None:
        """A person says what it cost, or more than that: of whatever day, it moves the sums of that day."""
        if hold.hold_id <= self.last_lost_hold:
            return
        entry = self.ledger.settle(hold.hold_id, Settlement(Outcome.complete, ZERO, ZERO)).result(5).entry_id
        cost = self.costs.get(hold.hold_id, hold.offer.amount) + more
        self.overran = self.overran or bool(more)
        self.ledger.correct(entry, cost, cost, "the bill says so")

    @rule(amount=st.sampled_from(["0.000000000001", "2.5"]).map(Money.usd))
    def allow_more_today(self, amount: Money) -> None:
        self.ledger.allow_more_today(amount)
        self.most += amount

    @rule(mode=st.sampled_from(Mode))
    def choose_mode(self, mode: Mode) -> None:
        self.ledger.set_mode(mode)
        self.mode = mode

    @rule()
    def stop(self) -> None:
        self.ledger.stop("person")
        self.stopped = True

    @rule()
    def resume(self) -> None:
        self.ledger.resume()
        self.stopped = False

    @rule(cutoff=st.sampled_from(["0", "3", "12", "20"]), zone=ZONES | st.none())
    def set_limits(self, cutoff: str, zone: ZoneInfo | None) -> None:
        self.desk.limits = Limits(Money.usd(10), Money.usd(cutoff))
        self.desk.zone = zone or self.desk.zone
        self.ledger.set_limits(self.desk.limits, zone)

    @rule(hours=st.integers(1, 90))
    def time_passes(self, hours: int) -> None:
        self.desk.pass_time(hours=hours)

    @rule(hours=st.integers(-100, 100))
    def someone_sets_the_clock(self, hours: int) -> None:
        self.desk.now += timedelta(hours=hours)

    @rule()
    def confirm(self) -> None:
        self.ledger.confirm_day()

    @rule()
    def kill(self) -> None:
        """I6: nothing that was answered is lost."""
        self.desk.kill(self.ledger)
        self._after_restart()

    @rule()
    def restart(self) -> None:
        self.ledger.close()
        self._after_restart()

    @rule()
    def cut_the_power(self) -> None:
        """The files are all there, but the ledger cannot know that: it may stand higher, never lower."""
        self.desk.kill(self.ledger)
        self.desk.restart_machine()
        self.power_was_cut = True
        self._after_restart()

    @rule()
    def lose_the_database(self) -> None:
        self.ledger.close()
        for part in self.desk.files.parts():
            part.unlink(missing_ok=True)
        self.power_was_cut = True
        self.last_lost_hold = self.last_hold
        today = self.last_day
        self._after_restart()
        # Past days went with it; the mode and the stop did not.
        self.bill = {day: cost for day, cost in self.bill.items() if day == today}

    @rule()
    def backup(self) -> None:
        """A copy is whole, and making it changes nothing. (It goes: the model does not know what it remembers.)"""
        self.ledger.backup()
        shutil.rmtree(self.desk.files.backups)

    def _after_restart(self) -> None:
        self.open.clear()
        self._open()

    @precondition(lambda self: hasattr(self, "ledger"))
    @invariant()
    def the_day_never_goes_back(self) -> None:
        """I7, and the mode and the stop are what was chosen."""
        today = self.ledger.today()
        assert today.day >= self.last_day
        self.last_day = today.day
        assert today.mode is self.mode
        if self.stopped:
            assert today.stop is not None

    @precondition(lambda self: hasattr(self, "ledger"))
    @invariant()
    def the_ledger_never_knows_less_than_the_provider(self) -> None:
        """I2, I3, I4, and I1 where nothing overran."""
        shown = {day.day: day for day in self.ledger.days(date.min, date.max)}
        for day, cost in self.bill.items():
            assert cost <= shown[day].settled + shown[day].held
            if not self.power_was_cut and day == self.last_day:
                assert shown[day].held == Money.total(hold.amount for hold in self.ledger.holds() if hold.day == day)
        for total in shown.values():
            if not self.overran:
                assert total.settled + total.held <= self.most
        assert self.ledger.check() == []

    @precondition(lambda self: hasattr(self, "ledger"))
    @invariant()
    def pings_never_cost_more_in_a_day_than_their_allowance(self) -> None:
        """What the provider really billed for them, whatever was killed, cut or lost meanwhile."""
        billed: dict[date, Money] = {}
        for hold_id, cost in self.pinged.items():
            billed[self.ping_days[hold_id]] = billed.get(self.ping_days[hold_id], ZERO) + cost
        assert self.overran or max(billed.values(), default=ZERO) <= PINGS

    @precondition(lambda self: hasattr(self, "ledger"))
    @invariant()
    def local_work_is_the_same_in_memory_in_the_totals_and_in_the_entries(self) -> None:
        today = self.ledger.today()
        entries = self.ledger.entries(day=today.day, limit=10_000)
        by_entry = LocalCost.total(entry.local for entry in entries if entry.local is not None)
        by_total = next((day.local for day in self.ledger.days(today.day, today.day)), None)
        assert _figures(today.local) == _figures(by_total) == _figures(by_entry)

    @precondition(lambda self: hasattr(self, "ledger"))
    @invariant()
    def gone_by_tier_is_what_the_entries_and_holds_of_today_come_to(self) -> None:
        """Exactly, and it adds up to what is gone."""
        today = self.ledger.today()
        sums: dict[str, Money] = {}
        for entry in self.ledger.entries(day=today.day, limit=10_000):
            sums[entry.labels.tier] = sums.get(entry.labels.tier, ZERO) + entry.charged
        for hold in self.ledger.holds():
            if hold.day == today.day:
                sums[hold.labels.tier] = sums.get(hold.labels.tier, ZERO) + hold.amount
        assert today.gone_by_tier == {tier: gone for tier, gone in sums.items() if gone}
        assert Money.total(today.gone_by_tier.values()) == today.gone

    @precondition(lambda self: hasattr(self, "ledger"))
    @invariant()
    def open_holds_are_the_requests_under_way(self) -> None:
        """I5."""
        assert {hold.id for hold in self.ledger.holds()} == self.open

    @precondition(lambda self: hasattr(self, "ledger"))
    @invariant()
    def no_alert_comes_twice(self) -> None:
        """I12."""
        told = [(event.day, event.percent) for event in self.events if isinstance(event, ThresholdCrossed)]
        assert len(told) == len(set(told)) or self.power_was_cut

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.ledger.close()
        shutil.rmtree(self.place)


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_the_model_and_the_ledger_agree_what_day_it_is(desk: Desk) -> None:
    assert desk.open().today().day == budget_day(desk.now, desk.zone)
