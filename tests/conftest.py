"""Fixtures of all tests: the fake Claude and the real llama.cpp server, one of each a run."""

from collections.abc import Iterator

import hypothesis
import pytest

from tests.kit.fake_claude import FakeClaude
from tests.kit.llama.fixture import llama

__all__ = ["fake", "llama", "one_fake"]

# No test asserts a time: on a busy machine any example may take longer than the usual fifth of a second.
hypothesis.settings.register_profile("bursar", deadline=None)
hypothesis.settings.load_profile("bursar")


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
