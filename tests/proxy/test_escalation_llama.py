"""A real llama.cpp server whose model breaks its calls in every way: delivered as meant, escalated, or told as bad."""

from __future__ import annotations

import json
from typing import Any

import pytest

from budget.ledger import Entry, Mode
from proxy.upstream.local_model import LocalSetting
from tests.kit.boxed import WEATHER, begun
from tests.kit.claude.script import PLAIN
from tests.kit.llama.server import LlamaServer
from tests.kit.raw import Answer, ask, message

PARIS = [("get_weather", {"city": "Paris"})]
TOOLS = {"tools": [WEATHER]}
MEANT: dict[str, list[Any]] = {
    **dict.fromkeys(("weather", "say_weather", "think_tool", "missing_brace", "no_close", "fence", "bare_json"), PARIS),
    "two": [*PARIS, ("get_weather", {"city": "Rome"})],
}
"""What these scripts mean, and are able to say."""
BROKEN = (
    "single_quotes",
    "unknown_tool",
    "missing_arg",
    "wrong_type",
    "truncated",
    "empty",
    "loop",
    "length",
    "text_only",
)


def calls_in(answer: Answer) -> list[Any]:
    """Read the calls of an answer, streamed or whole."""
    if not answer.headers["content-type"].startswith("text/event-stream"):
        return [(block["name"], block["input"]) for block in answer.json["content"] if block["type"] == "tool_use"]
    found: list[Any] = []
    pieces: list[str] = []
    for name, data in answer.events:
        if name == "content_block_start":
            pieces = []
        elif name == "content_block_delta":
            pieces.append(data["delta"].get("partial_json", ""))
        if name == "content_block_start" and data["content_block"]["type"] == "tool_use":
            found.append((data["content_block"]["name"], pieces))
    return [(name, json.loads("".join(given))) for name, given in found]


def server(llama: LlamaServer) -> dict[str, Any]:
    return {"servers": (LocalSetting("llama", llama.url, "llamacpp", tools=True),)}


def flags(entries: list[Entry]) -> str:
    return " | ".join(flag for entry in entries for flag in entry.flags)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("marker", MEANT)
def test_a_call_that_is_meant_reaches_the_agent_as_meant(start, fake, llama, marker, stream):
    proxy = begun(start, server(llama))
    answer = ask(proxy.url, message(f"Do it. [[{marker}]]", max_tokens=300, stream=stream, **TOOLS))
    assert calls_in(answer) == MEANT[marker], flags(proxy.entries(1))
    assert answer.headers["x-bursar-route"].startswith("llama/")


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("marker", BROKEN)
def test_a_broken_one_is_mended_as_meant_or_becomes_claude_s(start, fake, llama, marker, stream):
    proxy = begun(start, server(llama))
    answer = ask(proxy.url, message(f"Do it. [[{marker}]]", max_tokens=300, stream=stream, **TOOLS))
    entries = proxy.entries(1)
    if answer.headers["x-bursar-route"].startswith("llama/"):
        assert calls_in(answer) in (PARIS, []), flags(entries)
    else:
        assert answer.text == PLAIN
        assert "escalated: " in flags(entries)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("marker", BROKEN)
def test_without_claude_a_broken_one_is_told_as_such_and_nothing_is_invented(start, fake, llama, marker, stream):
    proxy = begun(start, server(llama), mode=Mode.local)
    answer = ask(proxy.url, message(f"Do it. [[{marker}]]", max_tokens=300, stream=stream, **TOOLS))
    told = flags(proxy.entries(1))
    assert fake.requests() == []
    if answer.status == 200:
        assert calls_in(answer) in (PARIS, []) or "wrong call" in told
        assert "judged: " in told or calls_in(answer) == PARIS
    else:
        assert "failed: " in told
