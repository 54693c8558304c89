"""What carries bytes exists twice: the loop of Linux and, elsewhere, asyncio's own."""

import asyncio

import pytest

from proxy.wire import hub
from proxy.wire.loop import new_loop


@pytest.fixture(params=[new_loop, asyncio.new_event_loop], ids=["this system's loop", "asyncio's loop"])
def any_loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every server of this test run on either loop."""
    monkeypatch.setattr(hub, "new_loop", request.param)
