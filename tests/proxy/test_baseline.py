"""What requests would have cost at Claude alone, through the running proxy, before the fake Claude and a local one.

The fake keeps a real prompt cache and a bill; each request tells it the moment, which the proxy's clock shows as well.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from budget.baseline import Part
from budget.ledger import Entry, Mode
from budget.savings import Savings, savings
from pricing.money import ZERO, Money
from pricing.power import Found
from proxy.baseline import MOST_NOTES, Recorder, _Note
from proxy.identity import is_plan
from proxy.localcost import LocalCosts
from proxy.powermeter import Meter
from proxy.services import ProxyOptions
from proxy.task import Tier
from proxy.upstream.local_model import LocalSetting
from tests.kit.boxed import TOOLS, WRONG_CALL, begun, box
from tests.kit.claude.promptcache import count
from tests.kit.claude.replay import Ask, bill_of
from tests.kit.fake_claude import KEY, FakeClaude
from tests.kit.inproc import PRICES, InProcess
from tests.kit.local_fake import Act, LocalFake, local_fake, says
from tests.kit.metered import FIGURES
from tests.kit.raw import Answer, ask, message
from tests.kit.scripted import eventually
from tests.proxy.conftest import Start

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MODEL = "claude-sonnet-5-5"
MARK = {"cache_control": {"type": "ephemeral"}}
WORDS = "The quick brown fox reads a file and writes a test before it rests. "
LOCAL = ("Done, ", "and all of the tests are green. " * 10)


class Talk:
    """A conversation with an agent: each turn sends all that was said before."""

    def __init__(self, proxy: InProcess, session: str = "s1", **headers: str) -> None:
        self._proxy, self.session, self._headers = proxy, session, headers
        self.messages: list[dict[str, Any]] = []
        self.asks: list[Ask] = []

    def say(self, at: float, mode: Mode = Mode.cloud, *, words: int = 2600, out: int = 50, **fields: Any) -> Answer:
        """Ask something at this many seconds after noon, and keep the answer in the conversation."""
        self._proxy.ledger.set_mode(mode)
        moment = NOON + timedelta(seconds=at)
        self._proxy.now = lambda: moment
        text = f"[[at:{moment.timestamp()}]] [[out:{out}]] {len(self.messages)} {WORDS * (words // 13)}"
        body = {
            "model": MODEL,
            "max_tokens": 1000,
            "system": [{"type": "text", "text": "You are an agent. " + WORDS * 200, **MARK}],
            "messages": [*self.messages, {"role": "user", "content": [{"type": "text", "text": text, **MARK}]}],
            **fields,
        }
        answer = ask(self._proxy.url, body, x_claude_code_session_id=self.session, **self._headers)
        assert answer.status == 200, answer.body
        said = answer.json["content"]
        output = out if answer.headers["x-bursar-route"].startswith("anthropic") else sum(map(count, said))
        self.asks.append(Ask(moment.timestamp(), body, output))
        bare = {"role": "user", "content": [{"type": "text", "text": text}]}
        self.messages += [bare, {"role": "assistant", "content": said}]
        return answer


@pytest.fixture
def model() -> Iterator[LocalFake]:
    """A local model that always says the same."""
    with local_fake(Act(says(*LOCAL))) as fake:
        yield fake


@pytest.fixture
def proxy(start: Start, fake: FakeClaude, model: LocalFake) -> InProcess:
    return with_local(start(servers=(setting(model),), at=NOON, budget="100", cutoff="120"))


def setting(model: LocalFake) -> LocalSetting:
    return LocalSetting("box", model.url, "openai", ("fake-model",), context=200_000, tools=True)


def with_local(proxy: InProcess) -> InProcess:
    """Have local work cost something: the machine is rented at a dollar a second, and busy half of the time."""
    figures = replace(FIGURES, rent_per_hour=Money.usd(3600))
    proxy.services.local_costs = LocalCosts(figures, Meter(Found, time.monotonic), time.monotonic)
    return proxy


def rows(proxy: InProcess, columns: str = "part, basis, b.likely") -> list[tuple[Any, ...]]:
    query = f"SELECT {columns} FROM baselines b JOIN entries e ON e.id = b.entry_id ORDER BY b.entry_id, version"
    with closing(sqlite3.connect(proxy.ledger.file)) as connection:
        return connection.execute(query).fetchall()


def recorded(proxy: InProcess, number: int) -> list[Entry]:
    """Wait until so many entries have their baselines."""
    entries = proxy.entries(number)
    assert eventually(lambda: len(rows(proxy)) >= len(entries))
    assert proxy.ledger.check() == []
    return entries


def told(proxy: InProcess, number: int) -> Savings:
    recorded(proxy, number)
    return savings(proxy.ledger.baselines, NOON.date(), NOON.date())


def near(amount: Money, other: int, permille: int) -> bool:
    return abs(amount.picos - other) * 1000 <= abs(other) * permille


def test_a_session_all_at_claude_saves_exactly_nothing_and_the_simulator_was_right_about_it(
    proxy: InProcess, fake: FakeClaude
):
    talk = Talk(proxy)
    for number in range(6):
        talk.say(number * 60)
    found = told(proxy, 6)
    assert {row[:2] for row in rows(proxy)} == {("kept", "actual")}
    assert found.total.paid.saved.low == found.total.paid.saved.likely == found.total.paid.saved.high == ZERO
    assert found.total.paid.baseline.likely == found.total.paid.cloud == Money(fake.bill()["picos"])
    assert (found.error.requests, found.error.charged) == (6, found.total.paid.cloud)
    assert found.error.off_permille is not None
    assert found.error.off_permille <= 60  # The first prompt is guessed from its bytes; after it little is.


def test_a_local_turn_saves_what_claude_would_have_charged_with_its_cache_warm(proxy: InProcess, fake: FakeClaude):
    talk = Talk(proxy)
    for number in range(5):
        talk.say(number * 60)
    talk.say(300, Mode.local)
    talk.say(360)
    found = told(proxy, 7).total.paid
    assert [row[0] for row in rows(proxy)] == ["kept"] * 5 + ["moved", "cold"]
    truth = bill_of(talk.asks) - fake.bill()["picos"]
    assert near(found.saved.likely + found.local, truth, 30)
    assert found.saved.low <= Money(truth) - found.local <= found.saved.high
    without_cache = 3 * 5 * 12_000 * 10**6  # What tokens × input price would claim is far more.
    assert found.parts.moved < Money(without_cache // 10)


def test_a_cache_that_went_cold_over_a_local_turn_is_told_as_a_loss(proxy: InProcess, fake: FakeClaude):
    talk = Talk(proxy)
    for at in (0, 100):
        talk.say(at)
    talk.say(200, Mode.local, words=13, out=5)
    talk.say(450)  # Alone Claude would still have had what the turn at 200 s read; really it was last read at 100 s.
    found = told(proxy, 4).total.paid
    assert found.parts.cold < ZERO
    assert found.saved.likely < ZERO
    truth = bill_of(talk.asks) - fake.bill()["picos"]
    assert truth < 0
    assert near(found.saved.likely + found.local, truth, 50)
    assert found.parts.total == found.saved.likely == found.baseline.likely - found.cloud - found.local


def test_once_the_cache_is_warm_again_the_baseline_is_what_claude_charged(proxy: InProcess):
    talk = Talk(proxy)
    talk.say(0)
    talk.say(60, Mode.local)
    for at in (120, 180):
        talk.say(at)
    recorded(proxy, 4)
    assert [row[:2] for row in rows(proxy)] == [
        ("kept", "actual"),
        ("moved", "simulated"),
        ("cold", "simulated"),
        ("cold", "actual"),
    ]


def test_local_work_is_told_with_its_energy_its_wear_and_its_idle_share(proxy: InProcess):
    talk = Talk(proxy)
    talk.say(0, Mode.local)
    found = told(proxy, 1).total.paid
    assert found.local > ZERO
    assert min(-found.parts.wear, -found.parts.idle) > ZERO
    assert found.parts.energy + found.parts.wear + found.parts.idle == -found.local
    # Of rent at half utilisation half goes to idle hours; operation and energy are next to nothing here.
    assert near(-found.parts.idle, found.local.picos // 2, 20)
    assert found.saved_marginal.likely > found.saved.likely


def test_an_attempt_that_escalated_costs_what_it_took_and_the_request_is_counted_once(start: Start, fake: FakeClaude):
    with box(WRONG_CALL) as (_, settings):
        proxy = with_local(begun(start, settings))
        ask(proxy.url, message("weather?", **TOOLS))
        assert eventually(lambda: len(rows(proxy)) == 3)
        assert [row[0] for row in rows(proxy)] == ["attempt", "attempt", "kept"]
        today = proxy.today.day
        found = savings(proxy.ledger.baselines, today, today).total.paid
    assert found.parts.escalated == found.saved.likely == -found.local < ZERO
    assert found.baseline.likely == found.cloud
    assert (found.attempts, found.kept) == (2, 1)


def _asking(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def test_a_cheaper_claude_model_saves_the_difference_to_the_one_asked_for(start: Start, fake: FakeClaude):
    cheaper = dict.fromkeys(Tier, "claude-haiku-5-5")
    proxy = start(at=NOON, mode=Mode.auto, options=ProxyOptions(cloud_models=cheaper))
    talk = Talk(proxy)
    for number in range(4):
        talk.say(number * 60, Mode.auto)
    found = told(proxy, 4).total.paid
    assert [row[:2] for row in rows(proxy)] == [("swapped", "simulated")] * 4
    truth = bill_of(talk.asks) - fake.bill()["picos"]
    assert near(found.parts.swapped, truth, 30)
    [last] = proxy.ledger.baselines.of_request(proxy.entries()[-1].request_id)
    assert (last["part"], last["version"], json.loads(last["rates"])[4]) == ("swapped", 0, 10 * 10**6)  # $10 a million


def test_what_was_asked_on_a_plan_is_marked_and_saves_no_dollars(proxy: InProcess):
    talk = Talk(proxy, authorization=f"Bearer sk-ant-oat01-{KEY}", x_api_key=None)  # type: ignore[arg-type]
    talk.say(0, Mode.local)
    found = told(proxy, 1).total
    assert rows(proxy, "b.is_plan") == [(1,)]
    assert found.paid.baseline.likely == ZERO
    assert found.paid.saved.high == -found.paid.local < ZERO
    assert found.plan.baseline.likely > ZERO
    text = b"".join(path.read_bytes() for path in proxy.ledger.file.parent.glob("ledger.db*"))
    assert KEY.encode() not in text


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({b"authorization": b"Bearer sk-ant-oat01-x"}, True),
        ({b"authorization": b"Bearer sk-ant-api03-x"}, False),
        ({b"x-api-key": b"sk-ant-api03-x"}, False),
        ({b"authorization": b"Bearer sk-ant-oat01-x", b"x-api-key": b"sk-ant-api03-x"}, False),
        ({}, False),
    ],
)
def test_only_the_token_of_a_plan_makes_a_request_one_on_a_plan(headers: dict[bytes, bytes], expected: bool):
    assert is_plan(headers) is expected


def test_what_auto_would_have_done_is_kept_where_the_mode_is_observe(proxy: InProcess):
    Talk(proxy).say(0, Mode.observe, messages=_asking("What does HTTP 404 mean?"))
    found = told(proxy, 1)
    assert rows(proxy, "part, basis, would") == [("kept", "actual", "box/fake-model")]
    assert (found.would.requests, found.would.cost) == (1, found.total.paid.cloud)
    assert found.total.paid.saved.likely == ZERO


def test_errors_and_refusals_and_counting_leave_no_request_in_the_sums(proxy: InProcess, fake: FakeClaude):
    fake.next("status=529")
    proxy.ledger.set_mode(Mode.cloud)
    refused = ask(proxy.url, {"model": MODEL, "max_tokens": 10, "messages": _asking("hello")})
    assert refused.status == 529
    ask(proxy.url, {"model": MODEL, "messages": _asking("hello")}, "/v1/messages/count_tokens")
    found = told(proxy, 1)
    assert rows(proxy) == [("void", "actual", 0)]
    assert found.total.requests == 0


def test_what_nobody_has_a_price_for_has_no_baseline_and_is_said_to_have_none(proxy: InProcess):
    Talk(proxy).say(0, Mode.local, model="claude-of-tomorrow")
    found = told(proxy, 1)
    [(basis, note)] = rows(proxy, "basis, b.note")
    assert (basis, note) == ("none", "no price is known for claude-of-tomorrow")
    assert (found.total.paid.requests, found.total.unknown.requests) == (0, 1)
    assert found.total.unknown.local > ZERO


def test_nothing_of_a_prompt_is_in_the_ledger(proxy: InProcess):
    Talk(proxy).say(0, Mode.local)
    recorded(proxy, 1)
    text = b"".join(path.read_bytes() for path in proxy.ledger.file.parent.glob("ledger.db*"))
    assert b"quick brown fox" not in text


def test_after_a_restart_a_session_that_had_been_elsewhere_gets_a_range(
    tmp_path: Path, fake: FakeClaude, model: LocalFake
):
    def begin() -> InProcess:
        return InProcess(tmp_path, fake.url, servers=(setting(model),), at=NOON, mode=Mode.cloud)

    with begin() as first:
        talk = Talk(first)
        talk.say(0)
        talk.say(60, Mode.local)
        recorded(first, 2)
    with begin() as second:
        talk._proxy = second
        talk.say(120)
        recorded(second, 3)
        *_, (part, low, likely, high, predicted, note) = rows(second, "part, low, b.likely, high, predicted, b.note")
        assert (part, predicted, note) == ("cold", None, "the cache of before this start is not known")
        assert low == likely < high
        assert near(Money(likely), bill_of(talk.asks) - bill_of(talk.asks[:2]), 50)


def test_a_full_queue_lets_notes_fall_and_their_entries_are_told_from_the_tables(proxy: InProcess):
    stuck = Recorder(proxy.ledger, lambda: PRICES, lambda: NOON)
    proxy.services.baselines = stuck
    filled: list[Callable[[], None]] = []
    for _ in range(MOST_NOTES):
        stuck.put(_note(filled))
    Talk(proxy).say(0)
    entries = proxy.entries(1)
    assert stuck.dropped == 1
    stuck.start()
    assert eventually(lambda: len(rows(proxy)) == len(entries))
    stuck.end()
    assert rows(proxy, "part, basis, b.note") == [("kept", "actual", "nobody recorded it while its prompt was known")]


def test_a_request_that_is_followed_is_followed_to_its_end_however_full_the_queue_is_meanwhile(proxy: InProcess):
    slow, goes_on = Recorder(proxy.ledger, lambda: PRICES, lambda: NOON), threading.Event()
    proxy.services.baselines = slow
    slow.start()
    slow.put(_Note(lambda: _wait(goes_on)))
    assert eventually(lambda: not slow._notes)
    for _ in range(MOST_NOTES - 1):
        slow.put(_note([]))
    Talk(proxy).say(0)
    entries = proxy.entries(1)
    goes_on.set()
    assert eventually(lambda: len(rows(proxy)) == len(entries))
    slow.end()
    assert rows(proxy, "part, basis, b.note") == [("kept", "actual", "")]
    assert (slow.dropped, len(slow._open), len(slow.doctor._open)) == (0, 0, 0)


def _note(filled: list[Callable[[], None]]) -> _Note:
    return _Note(lambda: filled.append(print))


def _wait(event: threading.Event) -> None:
    assert event.wait(60)


def test_every_part_is_one_that_savings_know():
    from budget.savings import _COUNTED

    assert {*_COUNTED, "void"} == {part.value for part in Part}
