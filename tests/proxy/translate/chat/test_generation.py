"""Which parameters a model takes, read from its id."""

import pytest

from proxy.translate.chat.generation import Generation, generation_of

OLD = Generation()
MIDDLE = Generation(takes_effort=True, thinks_adaptively=True)
NEW = Generation(takes_sampling=False, takes_effort=True, takes_xhigh=True, thinks_adaptively=True)


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ("claude-3-5-haiku-20241022", OLD),
        ("claude-sonnet-4-20250514", OLD),
        ("claude-haiku-4-5-20251001", OLD),
        ("claude-opus-4-5", Generation(takes_effort=True)),
        ("claude-opus-4-6", MIDDLE),
        ("claude-sonnet-4-6[1m]", MIDDLE),
        ("claude-opus-4-7", NEW),
        ("claude-opus-5", NEW),
        ("claude-haiku-5-5", NEW),
        ("claude-fable-5-2", NEW),
        ("qwen3-coder:30b", OLD),
        ("gpt-5", OLD),
    ],
)
def test_a_generation_is_read_from_the_id(model: str, found: Generation) -> None:
    assert generation_of(model) == found
