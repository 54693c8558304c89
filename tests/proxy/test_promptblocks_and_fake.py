"""Our simulator and the fake Claude's own cache, written apart, divide any conversation alike."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from budget.promptcache import Simulator
from pricing.table import PriceTable
from proxy.promptblocks import CachedModel, Prompts
from tests.kit import bodies
from tests.kit.bodies import BILLING, Fields, call, main_turn, result, said, text, tool, user
from tests.kit.claude import promptcache as fake

AT = datetime(2026, 11, 20, tzinfo=UTC)
TABLE = PriceTable.load()
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aaaa"}}
LATE = tool("Late", "what") | {"defer_loading": True}
THOUGHT = {"role": "assistant", "content": [{"type": "thinking", "thinking": "Let me see.", "signature": "s"}]}

WORDS = st.sampled_from(["Fix it", "Why? " * 40, "x" * 900])
STEPS = st.one_of(
    WORDS.map(user),
    WORDS.map(said),
    WORDS.map(lambda words: result(words, reminder=False)),
    WORDS.map(lambda words: {"role": "assistant", "content": words}),
    st.just(call("Read", file_path="a")),
    st.just(THOUGHT),
    st.just(result([IMAGE, text("seen")])),
    st.just(result([{"type": "tool_reference", "tool_name": "Late"}])),
    st.just({"role": "user", "content": [text(f"{n}") for n in range(19)]}),
)
CHANGES: list[Fields] = [
    *({} for _ in range(12)),
    {"speed": "fast"},
    {"tool_choice": {"type": "any"}},
    {"thinking": {"type": "disabled"}},
    {"output_config": {"effort": "high"}},
    {"output_config": {"format": {"type": "json_schema"}}},
    {"model": "claude-haiku-4-5"},
    {"tools": [tool("Bash", "command")]},
    {"tools": [*bodies.TOOLS, LATE]},
    {"system": [text(BILLING.format("fff")), text("Another system prompt. " * 90)]},
    {"system": "Only words. " * 200},
    {"cache_control": {"type": "ephemeral"}},
    {"cache_control": {"type": "ephemeral", "ttl": "1h"}},
]
LIVES = st.sampled_from(["5m", "1h"])


@st.composite
def conversations(draw: st.DrawFn) -> list[Fields]:
    """Make requests of one growing conversation, each changed in some way, with marks here and there."""
    history = draw(st.lists(STEPS, min_size=1, max_size=12))
    made = []
    for end in draw(st.lists(st.integers(0, len(history)), min_size=1, max_size=6)):
        fields = json.loads(json.dumps(main_turn("Do it " * 100, *history[:end])))
        marks = 2 if isinstance(fields.get("system"), list) else 0
        for message in fields["messages"][-draw(st.integers(1, 8)) :]:
            if isinstance(message["content"], list) and marks < 4 and draw(st.booleans()):
                message["content"][-1]["cache_control"] = {"type": "ephemeral", "ttl": draw(LIVES)}
                marks += 1
        change = draw(st.sampled_from(CHANGES))
        made.append(fields if "cache_control" in change and marks == 4 else fields | change)
    return made


@settings(deadline=None, max_examples=100)
@given(conversations(), st.lists(st.tuples(st.floats(0, 700), st.floats(0, 20)), min_size=6, max_size=6))
def test_they_read_write_and_leave_the_same_tokens(
    conversation: list[Fields], moments: list[tuple[float, float]]
) -> None:
    prompts, ours, theirs, at = Prompts(), Simulator(), fake.PromptCache(), 0.0
    for fields, (gap, begins) in zip(conversation, moments, strict=False):
        at += gap
        model = CachedModel.of(TABLE, fields["model"], AT)
        truth = fake.blocks_of(fields)
        prompt = counted_alike(prompts.of(fields, model).prompt, truth)
        mine = ours.ask(prompt, at, at + begins)
        split = theirs.split(truth, model.least or 0, at, at + begins)
        assert (mine.input, mine.read, mine.write_5m, mine.write_1h) == (
            *(split.input, split.read, split.write_5m, split.write_1h),
        )


def counted_alike(prompt: Any, truth: list[fake.Block]) -> Any:
    """Give our blocks the fake's counts, so that only the rules of the cache are compared."""
    pairs = zip(prompt.blocks, truth, strict=True)
    return replace(prompt, blocks=[replace(ours, tokens=theirs.tokens) for ours, theirs in pairs])
