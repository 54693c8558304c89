"""Whatever is asked, in whatever order and after whatever pause: no miss is below nothing or above the bill."""

import json
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from budget.cachemiss import Kind, Looked
from budget.entries import Outcome, Settlement
from pricing.bill import bill
from pricing.money import ZERO
from pricing.table import PriceTable
from proxy.baselinereckon import read_usage
from proxy.baselinereckon import usage_of as told_in
from proxy.baselineworld import Sent, Worlds
from proxy.cachemissdoctor import Doctor
from proxy.promptblocks import Prompts
from tests.kit.bodies import Fields
from tests.kit.claude import promptcache as fake
from tests.kit.claude.prices import MODELS, Tokens
from tests.prove.baseline_day import usage_of
from tests.proxy.test_promptblocks_and_fake import AT, conversations

TABLE = PriceTable.load()
PAUSES = st.sampled_from([1, 60, 299, 301, 900, 3601])
ENDS = st.sampled_from([Outcome.complete, Outcome.complete, Outcome.complete, Outcome.client_left, Outcome.voided])


class Clinic:
    """A doctor before the fake's own cache, without a proxy between them."""

    def __init__(self) -> None:
        self.worlds, self.doctor = Worlds(Prompts(), AT - timedelta(hours=2)), Doctor()
        self._cache = fake.PromptCache()
        self._now = AT
        self._number = 0

    def ask(self, fields: Fields, pause_s: int, outcome: Outcome) -> tuple[Looked | None, Settlement]:
        """Ask, and have the answer judged by its bill."""
        self._number, self._now = self._number + 1, self._now + timedelta(seconds=pause_s)
        model = str(fields["model"])
        sent = Sent(self._number, f"r{self._number}", self._now, "s1", "", model, model, False, b"", fields)
        pending = self.worlds.send(sent, TABLE, None)
        self.doctor.sent(self._number, pending, None)
        settlement = self._settled(fields, model, outcome)
        if outcome is not Outcome.voided:
            self.worlds.began(pending, self._now)
            self.doctor.began(self._number, self._now)
        raw = told_in(settlement)
        looked = self.doctor.ended(self._number, settlement, raw, read_usage(raw))
        if outcome is Outcome.complete:
            self.worlds.heard(pending, json.loads(settlement.raw_usage))
        return looked, settlement

    def _settled(self, fields: Fields, model: str, outcome: Outcome) -> Settlement:
        if outcome is Outcome.voided:
            return Settlement(outcome, ZERO, ZERO)
        minimum = MODELS[model].minimum
        split = self._cache.split(fake.blocks_of(fields), minimum, self._now.timestamp())
        usage: dict[str, Any] = usage_of(Tokens(split.input, split.write_5m, split.write_1h, split.read, 20))
        found = bill(usage, model, self._now, TABLE)
        return Settlement(outcome, found.total, found.total, found.usage, json.dumps(usage))


@settings(max_examples=60, deadline=None)
@given(conversations(), st.lists(st.tuples(PAUSES, ENDS), min_size=6, max_size=6))
def test_no_miss_is_below_nothing_or_above_the_bill(requests: list[Fields], steps: list[tuple[int, Outcome]]):
    clinic = Clinic()
    for fields, (pause_s, outcome) in zip(requests, steps, strict=False):
        looked, settlement = clinic.ask(fields, pause_s, outcome)
        assert (looked is None) == (outcome is Outcome.voided)
        if looked is None:
            continue
        usage = settlement.usage
        for name in ("input", "cache_write_5m", "cache_write_1h"):
            assert 0 <= sum(getattr(miss, name) for miss in looked.misses) <= getattr(usage, name)
        assert all(miss.tokens > 0 and miss.amount.picos >= 0 for miss in looked.misses)
        assert looked.amount <= settlement.likely
        assert looked.marked <= usage.prompt


@settings(max_examples=40, deadline=None)
@given(conversations(), st.lists(PAUSES, min_size=6, max_size=6))
def test_asked_again_at_once_unchanged_nothing_more_is_missed(requests: list[Fields], pauses: list[int]):
    clinic = Clinic()
    for fields, pause_s in zip(requests, pauses, strict=False):
        clinic.ask(fields, pause_s, Outcome.complete)
        looked, settlement = clinic.ask(fields, 1, Outcome.complete)
        assert looked is not None
        kinds = {miss.cause.kind for miss in looked.misses}
        # What is too short or not marked is plain input each time.
        assert kinds <= {Kind.short, Kind.unmarked}
        assert not kinds or not settlement.usage.cache_read
