"""Fixtures of the proxy's tests: proxies in this process before the fake Claude."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.kit.fake_claude import FakeClaude
from tests.kit.inproc import InProcess

Start = Callable[..., InProcess]


@pytest.fixture
def start(one_fake: FakeClaude, tmp_path: Path) -> Iterator[Start]:
    """Starts a proxy with the settings given; it is stopped when the test ends."""
    with ExitStack() as stack:

        def begin(**settings: Any) -> InProcess:
            folder = tmp_path / str(len(list(tmp_path.iterdir())))
            return stack.enter_context(InProcess(folder, settings.pop("cloud", one_fake.url), **settings))

        yield begin
