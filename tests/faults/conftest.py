"""Fixtures of the faults: a proxy that must leave nothing behind, and balanced books."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.kit.fake_claude import FakeClaude
from tests.kit.inproc import InProcess
from tests.kit.leftovers import nothing_left

Start = Callable[..., InProcess]


@pytest.fixture
def start(one_fake: FakeClaude, tmp_path: Path) -> Iterator[Start]:
    """Starts a proxy with the settings given; when the test ends no hold, thread or open file of it may be left."""
    with nothing_left(), ExitStack() as stack:
        begun: list[InProcess] = []

        def begin(**settings: Any) -> InProcess:
            folder = tmp_path / str(len(list(tmp_path.iterdir())))
            proxy = stack.enter_context(InProcess(folder, settings.pop("cloud", one_fake.url), **settings))
            begun.append(proxy)
            return proxy

        yield begin
        for proxy in begun:
            proxy.entries()
