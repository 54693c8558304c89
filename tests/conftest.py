"""Fixtures of all tests: the fake Claude, the real llama.cpp server, one of each a run, and a search at its end."""

from collections.abc import Iterator

import hypothesis
import pytest

from tests.kit.canary import in_homes
from tests.kit.fake_claude import FakeClaude
from tests.kit.llama.fixture import llama

__all__ = ["fake", "llama", "nothing_kept", "one_fake"]

# No test asserts a time: on a busy machine any example may take longer than the usual fifth of a second.
hypothesis.settings.register_profile("bursar", deadline=None)
hypothesis.settings.load_profile("bursar")


@pytest.fixture(scope="session", autouse=True)
def nothing_kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Require at the end of every run that no bursar's folder holds a word of what the tests sent through it.

    Beside other runs each searches the folders of its own tests.
    """
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
