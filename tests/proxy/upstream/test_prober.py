"""The prober: models are probed by themselves, one at a time, and never to the agents' cost."""

import json
import threading
from datetime import UTC, datetime
from typing import Any

from proxy.upstream.local import LocalSetting, Registry, plain_session
from proxy.upstream.prober import FIRST_PAUSE_S, Prober
from proxy.upstream.toolprobe import Patience
from tests.kit.local_fake import Act, LocalFake, calls, local_fake, says

NOW = datetime(2026, 11, 21, tzinfo=UTC)
VLLM = {"/v1/models": (200, {"data": [{"id": "qwen", "owned_by": "vllm", "max_model_len": 65536}]})}
LOADING = Act(b'{"error": {"message": "Loading model"}}', 503, "application/json")


class Stopwatch:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def registry(fake: LocalFake) -> Registry:
    """Make a registry that has seen the fake."""
    known = Registry((LocalSetting("box", fake.url),), False, lambda: NOW, plain_session())
    known.refresh()
    return known


def prober(known: Registry, leaving: threading.Event | None = None, **more: Any) -> Prober:
    """Make a prober of a registry."""
    return Prober(lambda: known, clock=lambda: NOW, leaving=leaving or threading.Event(), **more)


def tools(known: Registry) -> bool | None:
    """Tell what is known of the only model's tools."""
    return known.snapshot()[0].models[0].tools


def test_a_model_that_is_seen_for_the_first_time_is_probed_by_itself_and_once() -> None:
    with local_fake(Act(says("No.")), pages=VLLM) as fake:
        known = registry(fake)
        probes = prober(known)
        probes.look()
        assert tools(known) is False
        asked = len(fake.requests)
        known.refresh()
        probes.look()
        assert len(fake.requests) == asked > 0


def test_a_probe_that_finds_nothing_out_is_made_again_after_a_pause_that_doubles() -> None:
    watch = Stopwatch()
    with local_fake(LOADING, pages=VLLM) as fake:
        known = registry(fake)
        probes = prober(known, monotonic=watch)
        seen = []
        for _ in range(7):
            known.news.set()
            probes.look()
            seen.append(len(fake.requests))
            watch.now += FIRST_PAUSE_S / 2
        assert tools(known) is None
    # At 0 s, 60 s, and then not before 180 s.
    assert [count > before for before, count in zip([0, *seen], seen, strict=False)] == [
        True, False, True, False, False, False, True,
    ]  # fmt: skip


def test_no_probe_disturbs_a_model_that_works_for_an_agent() -> None:
    with local_fake(Act(says("No.")), pages=VLLM) as fake:
        known = registry(fake)
        prober(known, busy=lambda upstream, model: True, patience=Patience(1, 0.2)).look()
        assert fake.requests == []
        assert tools(known) is None


def test_nothing_is_learned_of_a_probe_that_the_end_of_bursar_cut_off() -> None:
    leaving = threading.Event()
    with local_fake(Act(calls("get_weather", json.dumps({"city": "Oslo"})), hang_after=0), pages=VLLM) as fake:
        known = registry(fake)
        thread = threading.Thread(target=prober(known, leaving).run)
        thread.start()
        while not fake.requests:
            leaving.wait(0.01)
        leaving.set()
        thread.join(30)
        assert not thread.is_alive()
        assert known.probed(known.snapshot()[0], known.snapshot()[0].models[0]) is None
