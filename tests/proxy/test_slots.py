"""At most so many requests at a local model at once, and nobody waits for a place that is free."""

from __future__ import annotations

import threading
import time
from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from budget.ledger import Mode
from proxy.services import ProxyOptions
from proxy.slots import Slot, Slots, Waiter
from proxy.upstream.local_model import LocalSetting
from tests.kit.boxed import MENDED, TOOLS, WRONG_CALL, begun, box
from tests.kit.claude.script import PLAIN
from tests.kit.local_fake import Act, local_fake, says
from tests.kit.raw import Client, ask, message, post
from tests.kit.scripted import eventually

MOST = {"one": 1, "two": 2, "free": None}


def test_a_newcomer_is_told_how_many_answers_are_before_its_own() -> None:
    slots = Slots()
    assert slots.ahead("box", "m", 2) == 0
    first, _ = slots.take("box/m", 2), slots.take("box/m", 2)
    # The two that run are half done on average, and whichever ends first makes room.
    assert slots.ahead("box", "m", 2) == 0.25
    slots.join(Waiter({"box/m": 2}), lambda: None)
    assert slots.ahead("box", "m", 2) == 0.75
    assert slots.ahead("box", "m", None) == slots.ahead("box", "other", 1) == 0
    assert first is not None
    first.free()
    assert slots.ahead("box", "m", 2) == 0.25


class Places(RuleBasedStateMachine):
    """Any order of coming, waiting, leaving and going."""

    def __init__(self) -> None:
        super().__init__()
        self.slots = Slots()
        self.held: list[Slot] = []
        self.line: list[Waiter] = []
        self.called: list[Waiter] = []

    @rule(place=st.sampled_from(sorted(MOST)))
    def come(self, place: str) -> None:
        slot = self.slots.take(place, MOST[place])
        if slot:
            self.held.append(slot)
            assert not any(place in waiter.limits for waiter in self.line if waiter.slot is None)

    @rule(places=st.lists(st.sampled_from(sorted(MOST)), min_size=1, max_size=2, unique=True))
    def wait(self, places: list[str]) -> None:
        waiter = Waiter({place: MOST[place] for place in places})
        self.line.append(waiter)
        self.slots.join(waiter, lambda: self.called.append(waiter))

    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        if self.line:
            self.slots.leave(self.line.pop(data.draw(st.integers(0, len(self.line) - 1))))

    @rule(data=st.data())
    def claim(self, data: st.DataObject) -> None:
        if self.line:
            waiter = self.line.pop(data.draw(st.integers(0, len(self.line) - 1)))
            had = waiter.slot
            slot = self.slots.claim(waiter)
            assert slot is had
            self.held += [slot] if slot else []

    @rule(data=st.data(), times=st.integers(1, 2), passes=st.booleans())
    def go(self, data: st.DataObject, times: int, passes: bool) -> None:
        if self.held:
            slot = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
            if passes:
                old, slot = slot, slot.passed_on()
                old.free()  # Gives nothing back: the right has another owner.
            for _ in range(times):
                slot.free()

    @invariant()
    def no_place_is_overrun_and_none_stands_empty_while_somebody_waits(self) -> None:
        used = Counter(slot.place for slot in self.held)
        used.update(waiter.slot.place for waiter in self.line if waiter.slot)
        assert self.slots.used() == dict(used)
        assert all(most is None or used[place] <= most for place, most in MOST.items())
        for waiter in self.line:
            assert sum(each is waiter for each in self.called) == (waiter.slot is not None)
            if waiter.slot is None:
                assert all(MOST[place] is not None and used[place] == MOST[place] for place in waiter.limits)


TestPlaces = Places.TestCase
TestPlaces.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_who_waits_longest_is_next() -> None:
    slots, order = Slots(), []
    first = slots.take("a", 1)
    assert first
    waiters = [Waiter({"a": 1}) for _ in range(3)]
    for number, waiter in enumerate(waiters):
        slots.join(waiter, lambda number=number: order.append(number))  # type: ignore[misc]
    first.free()
    for waiter in waiters:
        slot = slots.claim(waiter)
        assert slot
        slot.free()
    assert order == [0, 1, 2]


def test_a_model_is_busy_while_a_request_is_there_whether_or_not_it_has_a_limit() -> None:
    slots = Slots()
    slot = slots.take("box/m", None)
    assert slot
    assert (slots.is_busy("box", "m"), slots.is_busy("box", "other")) == (True, False)
    slot.free()
    assert not slots.is_busy("box", "m")


def test_under_threads_no_more_run_at_once_than_may_and_all_get_through() -> None:
    slots, running, most_seen, done = Slots(), Counter[str](), [0], threading.Semaphore(0)
    lock = threading.Lock()

    def one() -> None:
        slot = slots.take("a", 3)
        if slot is None:
            called, waiter = threading.Event(), Waiter({"a": 3})
            slots.join(waiter, called.set)
            assert called.wait(20)
            slot = slots.claim(waiter)
        assert slot
        with lock:
            running["a"] += 1
            most_seen[0] = max(most_seen[0], running["a"])
        time.sleep(0.001)
        with lock:
            running["a"] -= 1
        slot.free()
        done.release()

    for _ in range(60):
        threading.Thread(target=one, daemon=True).start()
    assert all(done.acquire(timeout=20) for _ in range(60))
    assert (most_seen[0], slots.used(), len(slots)) == (3, {}, 0)


def test_a_model_is_never_asked_more_than_it_takes_at_once_and_nobody_is_turned_away(start, fake):
    at_once, most_seen, lock = [0], [0], threading.Lock()
    with box(Act(says("Here is an answer."), first_byte_s=0.1), concurrency=2) as (local, setup):
        proxy = begun(start, setup, mode=Mode.local)
        answers = []

        def one(number: int) -> None:
            answers.append(ask(proxy.url, message(f"hello {number}", stream=bool(number % 2))))

        def watch() -> None:
            with lock:
                at_once[0] = sum(proxy.services.slots.used().values())
                most_seen[0] = max(most_seen[0], at_once[0])

        threads = [threading.Thread(target=one, args=(number,)) for number in range(7)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            watch()
            time.sleep(0.005)
        assert {answer.text for answer in answers} == {"Here is an answer."}
        assert (len(answers), most_seen[0], proxy.services.slots.used()) == (7, 2, {})
        assert len(local.requests) == 7


def test_the_next_local_model_with_room_is_taken(start, fake):
    with local_fake(Act(says("One."), first_byte_s=0.6)) as one, local_fake(Act(says("Two."))) as two:
        servers = (
            LocalSetting("one", one.url, "openai", ("fake-model",), context=32768, concurrency=1),
            LocalSetting("two", two.url, "openai", ("fake-model",), context=32768),
        )
        proxy = begun(start, {"servers": servers}, mode=Mode.local)
        slow = threading.Thread(target=ask, args=(proxy.url, message("first")))
        slow.start()
        assert eventually(lambda: bool(one.requests))
        assert ask(proxy.url, message("second")).text == "Two."
        slow.join()


def test_who_waits_for_a_place_and_leaves_does_not_hold_it(start, fake):
    with box(Act(says("An answer."), first_byte_s=0.5), concurrency=1) as (local, setup):
        proxy = begun(start, setup, mode=Mode.local)
        slow = threading.Thread(target=ask, args=(proxy.url, message("first")))
        slow.start()
        assert eventually(lambda: bool(local.requests))
        with Client(proxy.url) as client:
            client.send(post(proxy.url, message("second")))
            assert eventually(lambda: len(proxy.services.slots) == 1)
        assert eventually(lambda: len(proxy.services.slots) == 0)
        slow.join()
        assert ask(proxy.url, message("third")).text == "An answer."
        assert len(local.requests) == 2


def test_an_agent_that_leaves_in_mid_answer_makes_room(start, fake):
    with box(Act(says("An answer."), hang_after=0), Act(says("Next.")), concurrency=1) as (local, setup):
        proxy = begun(start, setup, mode=Mode.local)
        with Client(proxy.url) as client:
            client.send(post(proxy.url, message("first")))
            assert eventually(lambda: bool(local.requests))
        assert ask(proxy.url, message("second")).text == "Next."


def test_where_claude_may_answer_nobody_waits_long_for_a_busy_model(start, fake):
    with box(Act(says("An answer."), hang_after=0), concurrency=1) as (local, setup):
        proxy = begun(start, setup, options=ProxyOptions(busy_wait_s=0.2))
        with Client(proxy.url) as client:
            client.send(post(proxy.url, message("first")))
            assert eventually(lambda: bool(local.requests))
            answer = ask(proxy.url, message("second"))
            assert (answer.text, "box is busy" in answer.headers["x-bursar-reason"]) == (PLAIN, True)


def test_a_wait_in_vain_ends_in_a_sentence(start, fake):
    with box(Act(says("An answer."), hang_after=0), concurrency=1) as (local, setup):
        proxy = begun(start, setup, mode=Mode.local, options=ProxyOptions(queue_wait_s=0.05))
        with Client(proxy.url) as client:
            client.send(post(proxy.url, message("first")))
            assert eventually(lambda: bool(local.requests))
            answer = ask(proxy.url, message("second"))
    assert (answer.status, answer.headers["x-should-retry"]) == (402, "false")
    assert "the local model at box is busy" in answer.error["message"]


def test_a_second_attempt_keeps_the_place_of_the_first(start, fake):
    with box(WRONG_CALL, MENDED, concurrency=1) as (local, setup):
        proxy = begun(start, setup)
        assert ask(proxy.url, message("weather?", **TOOLS)).json["stop_reason"] == "tool_use"
        assert (len(local.requests), proxy.services.slots.used()) == (2, {})
