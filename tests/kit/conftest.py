"""Fixtures for the tests of the kit itself."""

from collections.abc import Iterator

import pytest

from tests.kit.fake_claude import FakeClaude


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
