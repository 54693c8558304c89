"""The real llama.cpp server for the tests of translation."""

from tests.kit.llama.fixture import llama

__all__ = ["llama"]
