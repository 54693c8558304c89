"""Fixtures of all tests: the fake Claude, the real llama.cpp server, one of each a run, and a search after each."""

import os
from collections.abc import Iterator

import hypothesis
import pytest

from tests.kit.canary import in_homes
from tests.kit.fake_claude import FakeClaude
from tests.kit.llama.fixture import llama

__all__ = ["fake", "llama", "nothing_kept", "nothing_kept_by_many", "one_fake"]

# No test asserts a time: on a busy machine any example may take longer than the usual fifth of a second.
hypothesis.settings.register_profile("bursar", deadline=None)
hypothesis.settings.load_profile("bursar")


LONG = ("journeys", "faults", "fuzz")
"""Folders whose tests take longest."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Beside each other, begin with the files that take long: the last to begin should soon be done."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        long = {item.path for item in items if item.path.parent.name in LONG or item.get_closest_marker("slow")}
        items.sort(key=lambda item: item.path not in long)


@pytest.fixture(autouse=True)
def nothing_kept(request: pytest.FixtureRequest) -> Iterator[None]:
    """Require after every test that no bursar's folder holds a word of what the tests sent through it.

    Where the test went well its folder is removed then: two thousand ledgers are too much for a disk.
    """
    folder = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    yield
    assert folder is None or in_homes(folder) == []


@pytest.fixture(scope="session", autouse=True)
def nothing_kept_by_many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Require the same at the end of every run of the folders that several tests shared."""
    yield
    assert in_homes(tmp_path_factory.getbasetemp()) == []


@pytest.fixture(scope="session")
def one_fake() -> Iterator[FakeClaude]:
    """One fake for the whole run."""
    with FakeClaude() as fake:
        yield fake


@pytest.fixture
def fake(one_fake: FakeClaude) -> FakeClaude:
    """A fake that remembers nothing."""
    one_fake.reset()
    return one_fake
