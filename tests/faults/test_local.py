"""A local server in trouble moves nothing to the cloud that a person keeps from it (FAULTS.md F20)."""

import re
from collections.abc import Callable

import pytest

from budget.ledger import Mode
from proxy.services import ProxyOptions
from proxy.task import Tier
from proxy.upstream.breaker import LONGEST_WAIT_S
from proxy.upstream.local_model import LocalSetting
from tests.faults.conftest import Start
from tests.kit.balance import balanced
from tests.kit.boxed import begun
from tests.kit.fake_claude import FakeClaude
from tests.kit.inproc import InProcess
from tests.kit.local_fake import Act, local_fake, says
from tests.kit.raw import Client, Truncated, message

GOOD = says("Hello ", "there.")
JSON = "application/json"
TROUBLES = {
    "loading": Act(b'{"error":{"message":"Loading model"}}', status=503, content_type=JSON),
    "out of memory": Act(b'{"error":{"message":"CUDA error: out of memory"}}', status=500, content_type=JSON),
    "half an answer": Act(GOOD, cut_after=60),
    "half an answer that ends well": Act(GOOD, cut_after=60, politely=True),
    "no byte": Act(GOOD, cut_after=0),
    "hangs": Act(GOOD, hang_after=60),
    "hangs before its first word": Act(GOOD, first_byte_s=1.5),
    "no chunk of an answer": Act(b"data: hello\n\n"),
}


def in_mode_local(start: Start, settings: dict[str, tuple[LocalSetting, ...]]) -> InProcess:
    """A person has chosen mode local."""
    return begun(start, settings, mode=Mode.local)  # type: ignore[arg-type]


def after_the_stop(start: Start, settings: dict[str, tuple[LocalSetting, ...]]) -> InProcess:
    """A person has pressed the emergency stop."""
    proxy = begun(start, settings)  # type: ignore[arg-type]
    proxy.ledger.stop("person")
    return proxy


def restricted_to_here(start: Start, settings: dict[str, tuple[LocalSetting, ...]]) -> InProcess:
    """Restricted work may not leave the machine, and all of it is."""
    options = ProxyOptions(restricted="local-only")
    return begun(start, settings, tier=Tier.L3, options=options)  # type: ignore[arg-type]


CHAT = "/v1/chat/completions"
NAMED = re.compile(rb"bursar: .*(the local model at|[Tt]he local server) box ")
ENDS = {"/v1/messages": b"message_stop", CHAT: b"[DONE]"}


@pytest.mark.parametrize(
    ("kept", "path"),
    [
        (in_mode_local, "/v1/messages"),
        (after_the_stop, CHAT),
        (restricted_to_here, "/v1/messages"),
        pytest.param(in_mode_local, CHAT, marks=pytest.mark.prove),
        pytest.param(after_the_stop, "/v1/messages", marks=pytest.mark.prove),
        pytest.param(restricted_to_here, CHAT, marks=pytest.mark.prove),
    ],
)
def test_f20_a_local_server_in_trouble_is_named_and_no_byte_goes_to_claude(
    start: Start, fake: FakeClaude, kept: Callable[..., InProcess], path: str
) -> None:
    with local_fake(*TROUBLES.values()) as local:
        setting = LocalSetting("box", local.url, "openai", ("fake-model",), context=32768, first_s=0.3, idle_s=0.3)
        proxy = kept(start, {"servers": (setting,)})
        for number, (trouble, act) in enumerate(TROUBLES.items()):
            local.acts[:] = [act]
            looked_at_again(proxy)
            before = len(local.requests)
            said = asked(proxy, path, stream=number % 2 == 0)
            assert len(local.requests) > before, trouble
            assert ENDS[path] not in said, trouble
            assert NAMED.search(said.partition(b"\r\n\r\n")[2]), (trouble, said)
        local.released.set()
    looked_at_again(proxy)
    for stream in (True, False):  # It is not there at all any more.
        said = asked(proxy, path, stream=stream)
        assert NAMED.search(said.partition(b"\r\n\r\n")[2]), said
    entries = balanced(proxy, fake)
    assert all(entry.is_local for entry in entries)
    assert len(entries) >= len(TROUBLES)
    assert fake.requests() == []


def looked_at_again(proxy: InProcess) -> None:
    """Let so much time pass that a server that failed is asked again."""
    proxy.waited_s += LONGEST_WAIT_S
    proxy.services.locals.refresh()


def asked(proxy: InProcess, path: str, *, stream: bool) -> bytes:
    """Ask, and give all that came."""
    with Client(proxy.url) as client:
        try:
            return client.ask(message("hello", stream=stream), path).wire
        except Truncated as broken:
            return broken.wire
