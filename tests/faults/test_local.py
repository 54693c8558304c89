"""A local server in trouble moves nothing to the cloud that a person keeps from it (FAULTS.md F20)."""

from collections.abc import Callable

import pytest

from budget.ledger import Mode
from proxy.services import ProxyOptions
from proxy.task import Tier
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


@pytest.mark.parametrize("kept", [in_mode_local, after_the_stop, restricted_to_here])
def test_f20_a_local_server_in_trouble_is_named_and_no_byte_goes_to_claude(
    start: Start, fake: FakeClaude, kept: Callable[..., InProcess]
) -> None:
    with local_fake(*TROUBLES.values()) as local:
        setting = LocalSetting("box", local.url, "openai", ("fake-model",), context=32768, first_s=0.5, idle_s=0.5)
        proxy = kept(start, {"servers": (setting,)})
        for trouble, act in TROUBLES.items():
            local.acts[:] = [act]
            for stream in (True, False):
                with Client(proxy.url) as client:
                    try:
                        said = client.ask(message("hello", stream=stream)).wire
                    except Truncated as broken:
                        said = broken.wire
                assert b"message_stop" not in said, trouble
                assert b"error" in said, trouble
                assert b"box" in said, trouble
        local.released.set()
        entries = balanced(proxy, fake)
    assert all(entry.is_local for entry in entries)
    assert fake.requests() == []
