"""Fixtures of the proxy's tests: the fake Claude, and proxies in this process before it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.kit.fake_claude import FakeClaude
from tests.kit.inproc import InProcess

Start = Callable[..., InProcess]


@pytest.fixture(scope="session")
def one_fake() -> Iterator[FakeClaude]:
    """One fake for all tests of this folder."""
    with FakeClaude() as fake:
        yield fake


@pytest.fixture
def fake(one_fake: FakeClaude) -> FakeClaude:
    """A fake that remembers nothing."""
    one_fake.reset()
    return one_fake


@pytest.fixture
def start(one_fake: FakeClaude, tmp_path: Path) -> Iterator[Start]:
    """Starts a proxy with the settings given; it is stopped when the test ends."""
    with ExitStack() as stack:

        def begin(**settings: Any) -> InProcess:
            folder = tmp_path / str(len(list(tmp_path.iterdir())))
            return stack.enter_context(InProcess(folder, settings.pop("cloud", one_fake.url), **settings))

        yield begin
