"""One llama.cpp server for a whole test session: import `llama` into a conftest.py."""

from collections.abc import Iterator

import pytest

from tests.kit.llama.server import LlamaServer, llama_server


@pytest.fixture(scope="session")
def llama() -> Iterator[LlamaServer]:
    """A running server with the usual scripts."""
    with llama_server() as server:
        yield server
