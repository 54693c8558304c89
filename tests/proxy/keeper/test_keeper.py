"""The cache keeper before a Claude with a real cache: what it sends, what it leaves, and when it stops."""

from __future__ import annotations

from datetime import timedelta

import pytest

from budget.bands import Limits
from budget.ledger import Mode, Outcome
from budget.shares import Shares
from pricing.money import ZERO, Money
from proxy.keeper.kept import Shelf
from proxy.keeper.wish import Wish
from proxy.services import ProxyOptions
from tests.kit.boxed import box
from tests.kit.keeping import MARK, ON, OPUS, Keeping, body_of
from tests.kit.local_fake import Act, says
from tests.kit.raw import ask, unchunked
from tests.kit.scripted import eventually


@pytest.fixture
def keeping(start, fake):
    yield Keeping(start, fake)
    fake.turn_to(None)


def test_who_comes_back_after_nine_minutes_reads_a_cache_that_lives_five(keeping):
    keeping.asks("[[out:5]]")
    keeping.wait(540)
    assert keeping.read(keeping.asks()) > 99_000
    (ping,) = keeping.pings()
    assert ping.usage.cache_read > 99_000
    assert ping.usage.output == 0
    # Claude's own bill and the ledger agree, to the picodollar; the ping is what reading costs: $0.20 a million.
    assert Money.total(entry.charged for entry in keeping.proxy.entries()) == Money(keeping.fake.bill()["picos"])
    assert ping.charged < Money.usd("0.021")


def test_without_it_all_is_written_again(start, fake):
    keeping = Keeping(start, fake, wish=Wish())
    keeping.asks()
    keeping.wait(540)
    assert keeping.read(keeping.asks()) == 0
    assert keeping.pings() == []
    fake.turn_to(None)


def test_a_ping_is_the_agent_s_own_request_but_for_two_values(keeping):
    keeping.asks("[[out:5]]", metadata={"user_id": "ü ☃"}, thinking={"type": "adaptive"})
    keeping.wait(300)
    first, ping = keeping.fake.requests(path="/v1/messages")
    assert ping.body == first.body.replace(b'"max_tokens": 1000', b'"max_tokens": 0').replace(
        b'"stream": true', b'"stream": false'
    )
    same = [line for line in first.head.splitlines() if not line.lower().startswith(b"content-length")]
    assert [line for line in ping.head.splitlines() if not line.lower().startswith(b"content-length")] == same


@pytest.mark.parametrize(
    "fields",
    [
        {"thinking": {"type": "enabled", "budget_tokens": 500}},
        {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
        {"tools": [{"name": "go", "input_schema": {}}], "tool_choice": {"type": "any"}},
        {"tools": [{"name": "go", "input_schema": {}}], "tool_choice": {"type": "tool", "name": "go"}},
    ],
)
def test_what_claude_would_refuse_is_not_kept(keeping, fields):
    assert keeping.asks(**fields).status == 200
    assert keeping.proxy.keeper.glance().kept == 0


def test_what_marks_nothing_for_the_cache_does_not_push_the_conversation_out(keeping):
    keeping.asks("[[out:5]]")
    keeping.asks("beside", system="short", messages=[{"role": "user", "content": "a title"}])
    keeping.wait(300)
    assert len(keeping.sent()) == 1


def test_who_has_left_is_let_go(keeping):
    assert keeping.proxy.keeper.glance().next_at is None
    keeping.asks()
    assert keeping.proxy.keeper.glance().next_at == "2026-11-20T09:04:50+00:00"
    keeping.wait(3 * 3600)
    assert 1 <= len(keeping.sent()) <= 12
    assert keeping.proxy.keeper.glance().kept == 0


def test_a_ping_that_would_come_too_late_is_not_sent(keeping):
    keeping.asks()
    keeping.sleep(3600)
    keeping.tick()
    assert keeping.sent() == []
    assert keeping.proxy.keeper.glance().kept == 0


@pytest.mark.parametrize("broken", ["_pauses", "_shelf", "_asking"])
def test_whatever_fails_in_the_keeper_the_agent_gets_its_answer_and_the_log_says_so_once(keeping, caplog, broken):
    first = keeping.asks("[[out:5]]")
    setattr(keeping.proxy.keeper, broken, None)
    answers = [keeping.asks("[[out:5]]") for _ in range(3)]
    assert [answer.status for answer in answers] == [200] * 3
    assert keeping.read(answers[-1]) > keeping.read(first)
    assert keeping.proxy.ledger.today().held == ZERO
    assert len([line for line in caplog.messages if "the cache keeper failed beside a request" in line]) == 1


def test_nothing_is_sent_while_a_request_of_the_conversation_is_under_way(keeping):
    keeping.asks()
    asked = keeping.proxy.services.keeper
    keeping.sleep(295)
    asked._asking["s1//claude-opus-5-5"] = None
    keeping.tick()
    assert keeping.sent() == []


@pytest.mark.parametrize("how", ["local", "stop", "off", "reserve"])
def test_it_stops_at_once(keeping, how):
    keeping.asks()
    proxy = keeping.proxy
    match how:
        case "local":
            proxy.ledger.set_mode(Mode.local)
        case "stop":
            proxy.ledger.stop()
        case "off":
            proxy.services.options = ProxyOptions()
        case "reserve":
            proxy.ledger.set_limits(Limits(Money.usd("0.1"), Money.usd(100)))
    keeping.wait(600)
    assert keeping.sent() == []
    assert keeping.proxy.keeper.glance().kept == 0 or how != "off"


def test_a_ping_that_would_pass_the_budget_is_not_sent_though_the_cutoff_would_allow_it(start, fake):
    # The first answer costs some $0.50; to hold for a ping what writing costs would pass $0.60.
    keeping = Keeping(start, fake, budget="0.90", cutoff="100")
    keeping.asks()
    keeping.wait(300)
    assert keeping.sent() == []
    fake.turn_to(None)


def test_a_ping_takes_nothing_of_what_is_kept_for_restricted_work(start, fake):
    # The first answer costs some $0.50, a ping holds $0.55; beside the $0.75 that are kept, $0.75 of $1.50 are left.
    for percent, number in ((0, 1), (50, 0)):
        fake.reset()
        options = ProxyOptions(keeper=ON, shares=Shares(l3_percent=percent))
        keeping = Keeping(start, fake, options=options, budget="1.50", cutoff="1.50")
        assert keeping.asks().status == 200
        keeping.wait(300)
        assert len(keeping.sent()) == number
    fake.turn_to(None)


def test_the_day_s_allowance_holds_whole_pings_as_if_each_wrote_its_prefix(start, fake):
    # A ping of 100,000 tokens holds $0.55 (five dollars a million, and a tenth for US residency) and costs $0.02.
    keeping = Keeping(start, fake, wish=Wish(enabled=True, allowance=Money.usd("0.58")))
    keeping.asks()
    keeping.wait(3600)
    assert [ping.charged < Money.usd("0.03") for ping in keeping.pings()] == [True, True]
    assert Money.total(ping.charged for ping in keeping.pings()) < Money.usd("0.58")
    fake.turn_to(None)


@pytest.mark.parametrize(("plans", "kept"), [(False, 0), (True, 1)])
def test_a_plan_is_left_alone_unless_the_person_insists(start, fake, plans, kept):
    keeping = Keeping(start, fake, wish=Wish(enabled=True, allowance=Money.usd(50), plans=plans))
    answer = keeping.asks(key={"x_api_key": None, "authorization": "Bearer sk-ant-oat-fake-plan"})
    assert answer.status == 200
    assert keeping.proxy.keeper.glance().kept == kept
    fake.turn_to(None)


@pytest.mark.parametrize("status", [401, 403, 429, 500, 529])
def test_who_is_refused_is_let_go_and_not_asked_again(keeping, status):
    keeping.asks()
    keeping.fake.next(f"status={status}")
    keeping.wait(1200)
    assert len(keeping.sent()) == 1
    assert keeping.pings()[0].outcome is Outcome.voided
    assert keeping.pings()[0].charged == ZERO
    assert keeping.proxy.keeper.glance().kept == 0


def test_a_ping_that_writes_is_a_loss_and_the_session_is_left_alone(keeping):
    keeping.asks()
    keeping.fake.turn_to(100_000)  # At Claude, the prefix is long gone.
    late = keeping.proxy.now() + timedelta(seconds=292)
    keeping.proxy.now = lambda: late
    keeping.tick()
    (ping,) = keeping.pings()
    assert ping.usage.cache_write_5m > 99_000
    assert keeping.proxy.keeper.glance().wrote == 1
    keeping.asks()
    assert keeping.proxy.keeper.glance().kept == 0


def test_no_answer_to_a_ping_is_charged_in_full_and_the_conversation_let_go(keeping):
    keeping.asks()
    keeping.fake.next("reset")
    keeping.wait(600)
    (ping,) = keeping.pings()
    assert ping.charged == ping.held > ZERO
    assert keeping.proxy.keeper.glance().kept == 0


def test_a_cache_that_is_written_for_an_hour_is_read_once_in_an_hour(keeping):
    long = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    words = {"role": "user", "content": [{"type": "text", "text": "go"} | long]}
    system = [{"type": "text", "text": "an hour " * 50_000} | long]
    keeping.asks(system=system, messages=[words])
    keeping.wait(3500)
    assert keeping.sent() == []
    keeping.wait(50)
    assert len(keeping.sent()) <= 1


def test_a_fault_before_a_ping_is_on_its_way_gives_its_money_back(keeping):
    class Faulty:
        def follow_ping(self, *_):
            raise RuntimeError("a fault")

    keeping.asks()
    keeping.proxy.services.baselines = Faulty()
    keeping.sleep(295)
    with pytest.raises(RuntimeError, match="a fault"):
        keeping.proxy.keeper.tick()
    (ping,) = keeping.pings()
    assert ping.outcome is Outcome.voided
    assert keeping.proxy.ledger.today().held == ZERO
    assert not keeping.proxy.keeper.is_busy()


def test_an_answer_is_settled_though_the_keeper_has_a_fault(keeping):
    class Faulty(type(keeping.proxy.keeper)):
        def answered(self, *_):
            raise RuntimeError("a fault")

    keeping.proxy.services.keeper.__class__ = Faulty
    ask(keeping.proxy.url, {"model": OPUS, "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]})
    (entry,) = keeping.proxy.entries()
    assert entry.outcome is Outcome.complete


def test_what_is_kept_goes_when_it_has_expired_though_the_request_after_it_was_refused(keeping):
    keeping.asks()
    keeping.proxy.ledger.stop()
    assert keeping.asks().status == 402
    assert keeping.proxy.keeper.glance().kept == 1
    keeping.sleep(300)
    keeping.tick()
    assert keeping.proxy.keeper.glance().kept == 0


def test_a_restricted_session_that_may_not_leave_is_not_pinged(keeping):
    keeping.asks()
    options = ProxyOptions(keeper=ON, restricted="local-only")
    keeping.proxy.services.options = options
    keeping.asks("Rotate the webhook secret and update .env.production")
    keeping.wait(300)
    assert keeping.sent() == []


def test_pings_are_told_in_the_log_and_in_the_ledger(keeping):
    keeping.asks()
    keeping.wait(300)
    line = next(line for line in keeping.proxy.services.log.after(0) if line.task_class == "ping" and not line.outcome)
    assert line.reason == "keeps the prompt cache warm, ping 1"
    assert keeping.pings()[0].request_id == line.request_id
    assert keeping.pings()[0].note.startswith('{"keeps_s":300,"prefix":')
    assert body_of(keeping.sent()[0])["messages"][-1]["content"][-1]["cache_control"] == MARK["cache_control"]


def test_a_ping_tells_the_cache_gate_that_the_prefix_is_still_warm(keeping):
    keeping.asks()
    keeping.wait(300)
    warm = keeping.proxy.services.warmth.of("s1//claude-opus-5-5", keeping.proxy.now())
    assert warm is not None
    assert warm.until > keeping.proxy.now() + timedelta(seconds=270)


def test_while_local_models_answer_the_prefix_is_kept_too_until_that_is_not_worth_it(start, fake):
    with box(*[Act(says("Done."))] * 3) as (_, settings):
        keeping = Keeping(start, fake, **settings)
        small = {"system": [{"type": "text", "text": "word " * 6000} | MARK]}
        keeping.asks("@cloud [[out:5]]", **small)
        keeping.wait(200)
        assert keeping.asks("@local go on", **small).headers["x-bursar-route"].startswith("box")
        keeping.wait(200)
        assert len(keeping.sent()) == 1
        assert keeping.read(keeping.asks("@cloud and on", **small)) > 7_000
        keeping.wait(4 * 3600)
        assert keeping.proxy.keeper.glance().kept == 0
    fake.turn_to(None)


def test_agents_pass_as_if_it_were_not_there(start, fake):
    told = []
    for wish in (Wish(), ON):
        fake.reset()
        keeping = Keeping(start, fake, wish=wish)
        answers = []
        for pause_s in (10, 320, 700, 5, 2000):
            answers.append(keeping.asks("[[out:7]]"))
            keeping.wait(pause_s)
        own = [one for one in fake.requests(path="/v1/messages") if b'"max_tokens": 0' not in one.body]
        for answer, one in zip(answers, own, strict=True):
            assert answer.body in unchunked(one.answer)
        told.append([(one.head.partition(b"Host")[0], one.body) for one in own])
        assert bool(keeping.sent()) == wish.enabled
    assert told[0] == told[1]
    fake.turn_to(None)


def test_a_request_that_comes_while_a_ping_is_under_way_does_not_wait_for_it(keeping):
    keeping.asks()
    keeping.sleep(295)
    keeping.fake.next("silent=1")
    keeping.proxy.keeper.tick()
    assert keeping.proxy.keeper.is_busy()
    assert keeping.asks("in the middle of it").status == 200
    assert keeping.proxy.keeper.glance().kept == 1
    assert eventually(lambda: len(keeping.pings()) == 1)
    keeping.wait(300)
    assert len(keeping.pings()) == 2


def test_what_is_kept_is_bounded_and_the_longest_unused_goes_first(keeping):
    for number in range(3):
        keeping.asks(session=f"s{number}")
    kept = keeping.proxy.keeper._shelf.all()
    shelf = Shelf(most=2, most_bytes=kept[0].size * 5 // 2)
    for one in kept:
        shelf.put(one)
    assert [one.said.session for one in shelf.all()] == ["s1", "s2"]
    small = Shelf(most=9, most_bytes=kept[0].size // 2)
    small.put(kept[0])
    assert len(small) == 0


def test_what_is_kept_shows_no_word_and_no_key(keeping):
    keeping.asks("a canary")
    (kept,) = keeping.proxy.keeper._shelf.all()
    assert "canary" not in repr(kept)
    assert "sk-ant" not in repr(kept)
