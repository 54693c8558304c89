"""Fixtures of the journeys: the real bursar in a process of its own before the fake Claude."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.kit.bursar import Bursar
from tests.kit.fake_claude import FakeClaude

StartBursar = Callable[..., Bursar]


@pytest.fixture
def start(one_fake: FakeClaude, tmp_path: Path) -> Iterator[StartBursar]:
    """Starts a bursar with the settings given; it is stopped when the test ends, and must end well."""
    with ExitStack() as stack:

        def begin(**settings: Any) -> Bursar:
            home = tmp_path / f"home{len(list(tmp_path.iterdir()))}"
            return stack.enter_context(Bursar(home, settings.pop("cloud", one_fake.url), **settings))

        yield begin


@pytest.fixture(scope="module")
def shared_bursar(one_fake: FakeClaude, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bursar]:
    """One bursar for a module of tests that do not mind what the others spent."""
    with Bursar(tmp_path_factory.mktemp("bursar"), one_fake.url, budget="1000.00") as bursar:
        yield bursar
