"""The real llama.cpp server for the tests of what servers tell."""

from tests.kit.llama.fixture import llama

__all__ = ["llama"]
