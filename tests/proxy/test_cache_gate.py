"""The cache gate: a turn that would cost more in a cold cache than it saves stays on Claude, and the reason says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from budget.ledger import Mode
from proxy.coldcache import Warm
from proxy.rules.rule import Rule
from proxy.services import ProxyOptions
from proxy.task import Tier
from tests.kit.boxed import begun, box
from tests.kit.local_fake import Act, says
from tests.kit.raw import ask, message

HELLO = Act(says("Hello there."))
OPUS = "claude-opus-5-5"
LONG = "x " * 45_000
TOLD = {"x_claude_code_session_id": "s1"}


def warmed(proxy, *, for_an_hour: bool = True, session: str = "s1", model: str = OPUS):
    """Let a conversation have a warm cache and two short turns behind it."""
    for words in ("@cloud one", "@cloud two"):
        ask(proxy.url, message(words), **TOLD)
    until = proxy.now() + timedelta(minutes=50)
    proxy.services.warmth.heard(f"{session}//{model}", Warm(1_000_000, until, for_an_hour))


def route(proxy, words: str = "go", **more) -> str:
    """Tell where a request with a long history is to go first."""
    body = message(words, model=OPUS, system=LONG, **more.pop("fields", {}))
    answer = ask(proxy.url, body, **{**TOLD, **more})
    assert answer.status == 200
    return proxy.services.traces.last.decision.routes[0].upstream


@pytest.fixture
def proxy(start, fake):
    with box(HELLO, HELLO, HELLO, HELLO) as (_, settings):
        yield begun(start, settings)


def test_a_turn_with_a_warm_cache_stays_on_claude(proxy):
    warmed(proxy)
    answer = ask(proxy.url, message("go", model=OPUS, system=LONG), **TOLD)
    assert answer.headers["x-bursar-route"] == f"anthropic/{OPUS}"
    reason = answer.headers["x-bursar-reason"]
    assert reason.startswith("L1, normal: Claude: its warm cache is worth more ($0.")
    gate = proxy.services.traces.last.gate
    assert gate.cooling > gate.saved


def test_a_session_of_which_nothing_is_warm_goes_local(proxy):
    warmed(proxy, session="another")
    warmed(proxy, model="claude-haiku-5-5")
    assert route(proxy) == "box"


def test_an_expired_cache_holds_nothing_back(proxy):
    warmed(proxy)
    later = proxy.now() + timedelta(hours=2)
    proxy.now = lambda: later
    assert route(proxy) == "box"


def test_sub_agents_pass(proxy):
    warmed(proxy)
    assert route(proxy, x_claude_code_agent_id="a1") == "box"


def test_a_person_s_word_and_rules_pass(proxy):
    warmed(proxy)
    assert route(proxy, "@local go") == "box"
    proxy.services.options = ProxyOptions(rules=(Rule("mine", route="local"),))
    assert route(proxy) == "box"


def test_who_does_not_want_it_turns_it_off(proxy):
    warmed(proxy)
    proxy.services.options = ProxyOptions(cache_gate="off")
    assert route(proxy) == "box"


@pytest.mark.parametrize(("gate", "where"), [("on", "box"), ("all", "anthropic")])
def test_safe_work_is_weighed_only_if_a_person_wants_that(proxy, gate, where):
    proxy.services.classifier = replace(proxy.services.classifier, tier=Tier.L0)
    proxy.services.options = ProxyOptions(cache_gate=gate)
    warmed(proxy)
    assert route(proxy) == where


def test_in_mode_local_nothing_is_weighed_up_to_claude(proxy):
    proxy.ledger.set_mode(Mode.local)
    warmed(proxy)
    assert route(proxy) == "box"


def test_claude_s_own_answers_say_what_is_warm(proxy, fake):
    mark = {"type": "ephemeral", "ttl": "1h"}
    fields = {"system": [{"type": "text", "text": LONG, "cache_control": mark}]}
    ask(proxy.url, message("@cloud go", model=OPUS, **fields), **TOLD)
    warm = proxy.services.warmth.of(f"s1//{OPUS}", proxy.now())
    assert warm is not None
    assert warm.for_an_hour
    assert warm.tokens > 10_000
    assert timedelta(minutes=55) < warm.until - proxy.now() <= timedelta(hours=1)


def test_in_mode_observe_what_auto_would_do_is_weighed_too_and_kept_for_the_turn(proxy):
    proxy.ledger.set_mode(Mode.observe)
    warmed(proxy)
    turn = message("go", model=OPUS, system=LONG)
    ask(proxy.url, turn, **TOLD)
    assert not proxy.services.traces.last.decision.would.is_local
    turn["messages"] += [
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "Read", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "x"}]},
    ]
    ask(proxy.url, turn, **TOLD)
    assert not proxy.services.traces.last.decision.would.is_local
