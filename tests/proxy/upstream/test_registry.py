"""The registry: which servers are in use, and which models are to be probed."""

from datetime import UTC, datetime
from typing import Any

from proxy.upstream.knowledge import Knowledge
from proxy.upstream.local import LocalSetting, Registry, plain_session
from proxy.upstream.probe_result import Diagnosis, ProbeResult
from tests.kit.local_fake import LocalFake, local_fake

NOW = datetime(2026, 11, 21, tzinfo=UTC)
VLLM = {"/v1/models": (200, {"data": [{"id": "qwen", "owned_by": "vllm", "max_model_len": 32768, "root": "org/qwen"}]})}
TWO = {
    "/v1/models": (404, {}),
    "/api/version": (200, {"version": "0.40.1"}),
    "/api/tags": (200, {"models": [{"name": "here", "digest": "1"}, {"name": "loaded", "digest": "2"}]}),
    "/api/ps": (200, {"models": [{"name": "loaded", "context_length": 32768}]}),
    "/api/show": (200, {"capabilities": ["completion", "tools"]}),
}  # fmt: skip
WRONG = {"/props": (401, {})}


class Stopwatch:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def registry(fake: LocalFake, watch: Stopwatch | None = None, **more: Any) -> Registry:
    """Make a registry of one configured server, and have it look."""
    knowledge = more.pop("knowledge", None)
    setting = LocalSetting("box", fake.url, **more)
    known = Registry(
        (setting,), False, lambda: NOW, plain_session(), knowledge=knowledge, monotonic=watch or Stopwatch()
    )
    known.refresh()
    return known


def result(passed: bool | None, setup: str = "") -> ProbeResult:
    """Make a probe's result."""
    return ProbeResult(passed=passed, checks=(), at=NOW, setup=setup, diagnosis=Diagnosis("x", "y"))


def names(known: Registry) -> list[str]:
    """Name the models that are to be probed."""
    return [model.id for _, model in known.to_probe()]


def learn(known: Registry, passed: bool | None) -> None:
    """Probe, as it were, the first model that is to be probed."""
    upstream, model = known.to_probe()[0]
    known.learned(upstream, model, result(passed, model.setup))


def healthy(known: Registry) -> tuple[bool, str]:
    """Tell whether the server is in use, and why not."""
    (upstream,) = known.snapshot()
    return upstream.healthy, upstream.why


# Which servers are in use


def test_a_server_that_failed_three_times_stays_out_although_its_health_page_is_good() -> None:
    watch = Stopwatch()
    with local_fake(pages=VLLM) as fake:
        known = registry(fake, watch)
        for _ in range(3):
            known.refresh()
            known.failed("box", "it answered with an error (status 500)")
        known.refresh()
        assert healthy(known) == (False, "its last requests failed; it is tried again in 5 s")
        assert not known.may_try("box")
        watch.now += 5
        assert healthy(known) == (True, "")


def test_while_one_request_tries_a_server_no_other_is_sent_there() -> None:
    watch = Stopwatch()
    with local_fake(pages=VLLM) as fake:
        known = registry(fake, watch)
        known.failed("box", "it cannot be reached", unreachable=True)
        watch.now += 5
        assert known.may_try("box")
        assert healthy(known) == (False, "it failed, and one request is trying it now")
        assert not known.may_try("box")
        known.worked("box")
        assert healthy(known) == (True, "")


def test_one_failure_asks_for_another_look_at_once() -> None:
    with local_fake(pages=VLLM) as fake:
        known = registry(fake)
        assert not known.look_again.is_set()
        known.failed("box", "its connection broke")
        assert known.look_again.is_set()
        known.refresh()
        assert not known.look_again.is_set()
        assert healthy(known) == (True, "")


def test_a_server_that_came_back_after_nobody_listened_is_in_use_at_once() -> None:
    with local_fake(pages=VLLM) as fake:
        known = registry(fake)
        known.failed("box", "it cannot be reached", unreachable=True)
        assert not healthy(known)[0]
        known.refresh()
        assert healthy(known) == (True, "")


# Which models may have tools


def test_a_models_tools_are_unknown_until_it_was_probed() -> None:
    with local_fake(pages=VLLM) as fake:
        known = registry(fake)
        assert known.snapshot()[0].models[0].tools is None
        learn(known, True)
        assert known.snapshot()[0].models[0].tools is True
        assert names(known) == []


def test_a_model_that_failed_its_probe_is_not_sent_tools() -> None:
    with local_fake(pages=VLLM) as fake:
        known = registry(fake)
        learn(known, False)
        assert known.snapshot()[0].models[0].tools is False
        assert names(known) == []


def test_what_a_probe_found_is_remembered_by_the_next_run() -> None:
    knowledge = Knowledge(None)
    with local_fake(pages=VLLM) as fake:
        learn(registry(fake, knowledge=knowledge), True)
        later = registry(fake, knowledge=knowledge)
        assert later.snapshot()[0].models[0].tools is True
        assert names(later) == []


def test_a_model_that_is_served_in_another_way_is_probed_again() -> None:
    knowledge = Knowledge(None)
    with local_fake(pages=VLLM) as fake:
        learn(registry(fake, knowledge=knowledge), True)
        fake.pages["/version"] = (200, {"version": "0.34.0"})
        later = registry(fake, knowledge=knowledge)
        assert later.snapshot()[0].models[0].tools is None
        assert names(later) == ["qwen"]


def test_a_model_that_failed_is_probed_again_once_its_server_was_restarted() -> None:
    with local_fake(pages=VLLM) as fake:
        known = registry(fake)
        learn(known, False)
        fake.pages["/props"] = (503, {"error": {"message": "Loading model"}})
        known.refresh()
        assert not healthy(known)[0]
        del fake.pages["/props"]
        known.refresh()
        assert names(known) == ["qwen"]
        learn(known, True)
        assert names(known) == []


def test_the_persons_word_on_tools_stands_and_needs_no_probe() -> None:
    with local_fake(pages=VLLM) as fake:
        for word in (True, False):
            known = registry(fake, tools=word)
            assert names(known) == []
            assert known.snapshot()[0].models[0].tools is word


def test_models_in_memory_are_probed_by_themselves_and_others_when_they_are_wanted() -> None:
    with local_fake(pages=TWO) as fake:
        known = registry(fake)
        assert names(known) == ["loaded"]
        known.want_probe("box", "here")
        assert names(known) == ["here", "loaded"]
        learn(known, True)
        assert names(known) == ["loaded"]


def test_models_that_a_person_named_are_probed_by_themselves() -> None:
    with local_fake(pages=TWO) as fake:
        assert names(registry(fake, models=("here",))) == ["here"]


def test_a_probe_that_could_find_nothing_out_leaves_what_was_known() -> None:
    with local_fake(pages=VLLM) as fake:
        known = registry(fake)
        learn(known, True)
        upstream = known.snapshot()[0]
        known.learned(upstream, upstream.models[0], result(None, upstream.models[0].setup))
        assert known.snapshot()[0].models[0].tools is True


def test_nothing_is_probed_at_a_server_that_does_not_answer() -> None:
    with local_fake(pages=WRONG) as fake:
        known = registry(fake)
        known.want_probe("box", "qwen")
        assert names(known) == []
