"""A local model that would keep a person waiting loses its turn to Claude, and gets it back."""

from __future__ import annotations

import time
from typing import Any

import pytest

from budget.bands import Band
from budget.state import Mode
from proxy.explain import changes_of, verdicts
from proxy.route import LocalRoute, Route
from proxy.services import ProxyOptions
from proxy.speed import Passed
from proxy.speeds import Speeds
from proxy.task import Tier
from tests.kit.boxed import TOOLS, WRONG_CALL, begun, box
from tests.kit.local_fake import Act, says
from tests.kit.metered import Clock
from tests.kit.raw import Client, ask, message, post
from tests.kit.scripted import eventually
from tests.proxy.routing import CLOUD, QWEN, SMALL, route

SLOW = LocalRoute("ollama", "qwen", context=100_000, tools=True, takes_s=95.2)
FAST = LocalRoute("vllm", "small", context=100_000, tools=True, takes_s=4.0)


def waits(tier: Tier, patience_s: float | None = 90.0, local: LocalRoute = SLOW, **view: Any) -> Any:
    return route(tier, locals=(local,), patience_s=patience_s, **view)


def test_routine_work_goes_to_claude_where_a_person_would_wait_too_long() -> None:
    found = waits(Tier.L1)
    assert found.routes == (CLOUD, QWEN)
    assert found.reason == "L1, normal: Claude, as qwen at ollama would take about 95 s"


def test_as_long_as_a_person_waits_it_stays_local() -> None:
    assert waits(Tier.L1, patience_s=96.0).routes == (QWEN, CLOUD)
    assert waits(Tier.L1, patience_s=None).routes == (QWEN, CLOUD)
    assert waits(Tier.L1, local=SMALL).routes == (QWEN, CLOUD)


@pytest.mark.parametrize(
    ("tier", "view"),
    [
        (Tier.L0, {}),
        (Tier.L1, {"mode": Mode.local}),
        (Tier.L1, {"band": Band.reserve}),
        (Tier.L1, {"band": Band.cutoff}),
        (Tier.L1, {"stopped": True}),
        (Tier.L1, {"override": "local"}),
        (Tier.L3, {"restricted": "local-only"}),
    ],
)
def test_nobody_s_patience_opens_claude_where_it_is_closed(tier: Tier, view: dict[str, Any]) -> None:
    assert waits(tier, **view).routes == (QWEN,)


def test_of_two_local_models_the_one_that_keeps_nobody_waiting_comes_first() -> None:
    small = Route("vllm", "small", is_local=True)
    assert route(Tier.L1, locals=(SLOW, FAST), patience_s=90.0).routes == (small, QWEN, CLOUD)


def test_in_mode_observe_a_slow_model_is_not_what_auto_would_take() -> None:
    assert waits(Tier.L1, mode=Mode.observe).would == CLOUD
    assert waits(Tier.L1, mode=Mode.observe, patience_s=96.0).would == QWEN


def proxy_before(start: Any, settings: dict[str, Any], **more: Any) -> Any:
    """Start a proxy whose measurements age by a clock that is set by hand."""
    proxy = begun(start, settings, options=ProxyOptions(patience_s=0.3, **more))
    proxy.clock = Clock()
    proxy.services.speeds = Speeds(lambda: proxy.services.locals.knowledge, proxy.clock)
    return proxy


def turn(proxy: Any, words: str, session: str = "s", **more: Any) -> Any:
    return ask(proxy.url, message(words, **more), x_claude_code_session_id=session)


def test_a_server_that_was_slow_loses_the_next_turn_and_gets_one_again_after_a_rest(start, fake) -> None:
    with box(Act(says("Slow."), first_byte_s=0.4), Act(says("Quick."))) as (local, settings):
        proxy = proxy_before(start, settings)
        first, second = turn(proxy, "one"), turn(proxy, "two")
        assert (first.headers["x-bursar-route"], len(local.requests)) == ("box/fake-model", 1)
        assert second.headers["x-bursar-route"] == "anthropic/claude-sonnet-5-5"
        assert "as fake-model at box would take about" in second.headers["x-bursar-reason"]
        trace = proxy.services.traces.last
        (seen,) = verdicts(trace)
        assert (seen.ok, "would take about" in seen.why) == (True, True)
        assert seen.takes_s > 0.3
        changes = [str(change) for change in changes_of(trace)]
        assert "had box/fake-model been as fast as you wait it would have gone to box/fake-model" in changes
        proxy.clock.seconds += 601
        assert turn(proxy, "three").headers["x-bursar-route"] == "box/fake-model"


def test_a_turn_that_has_gone_to_claude_for_want_of_speed_stays_there(start, fake) -> None:
    with box(Act(says("Slow."), first_byte_s=0.4)) as (local, settings):
        proxy = proxy_before(start, settings)
        turn(proxy, "one")
        turn(proxy, "two")
        proxy.clock.seconds += 601
        assert "turn stays on Claude" in turn(proxy, "two").headers["x-bursar-reason"]
        assert len(local.requests) == 1


def test_without_money_a_slow_model_answers_all_the_same(start, fake) -> None:
    with box(Act(says("Slow."), first_byte_s=0.4)) as (local, settings):
        proxy = proxy_before(start, {**settings, "budget": "0.01", "cutoff": "0.01"})
        answers = [turn(proxy, words, max_tokens=4000) for words in ("one", "two")]
        assert [answer.headers["x-bursar-route"] for answer in answers] == ["box/fake-model"] * 2
        assert fake.requests(path="/v1/messages") == []
        assert len(local.requests) == 2


def test_a_queue_counts_to_what_a_person_waits(start, fake) -> None:
    with box(Act(says("Quick.")), concurrency=1) as (_, settings):
        proxy = begun(start, settings, options=ProxyOptions(patience_s=30.0))
        (server,) = proxy.services.locals.snapshot()
        proxy.services.speeds.answered(server, server.models[0], Passed(whole_s=80.0, wait_s=0.1))
        slot = proxy.services.slots.take("box/fake-model", 1)
        # One is under way, half done, and they take 80 s.
        assert "fake-model at box would take about 40 s" in turn(proxy, "one").headers["x-bursar-reason"]
        slot.free()
        assert turn(proxy, "two").headers["x-bursar-route"] == "box/fake-model"


def test_an_agent_that_left_before_a_word_was_shown_had_waited_too_long(start, fake) -> None:
    with box(Act(says("Slow."), first_byte_s=1.0)) as (local, settings):
        proxy = proxy_before(start, settings)
        with Client(proxy.url) as client:
            client.send(post(proxy.url, message("one", stream=True)))
            assert eventually(lambda: len(local.requests) == 1)
            time.sleep(0.4)
        proxy.entries(1)
        assert turn(proxy, "two").headers["x-bursar-route"] == "anthropic/claude-sonnet-5-5"


def test_a_model_that_fails_one_session_after_another_is_not_the_first_to_try_in_the_next(start, fake) -> None:
    with box(WRONG_CALL) as (local, settings):
        proxy = begun(start, settings)
        for session in ("a", "b"):
            first = turn(proxy, f"weather in {session}?", session, **TOOLS)
            assert "escalated" in first.headers["x-bursar-reason"]
        tried = len(local.requests)
        third = turn(proxy, "weather in c?", "c", **TOOLS)
        assert "Claude, as fake-model failed 4 of its last 4 answers" in third.headers["x-bursar-reason"]
        assert len(local.requests) == tried
