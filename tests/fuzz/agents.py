"""Requests as agents send them, in small, of every form that bursar knows: what the fuzzers change."""

from __future__ import annotations

import json
import random
from typing import Any

from tests.kit.bodies import (
    MARK,
    Fields,
    call,
    compaction,
    main_turn,
    result,
    said,
    sub_agent,
    text,
    title,
    tool,
    user,
    web_fetch,
    web_search,
)

MODELS = (
    "claude-opus-5-5", "claude-sonnet-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-sonnet-4-5",
    "claude-haiku-4-5-20251001", "claude-3-5-haiku-20241022", "claude-opus-9", "fake-model", "box/fake-model", "local",
    "qwen3-coder:30b", "gpt-5", "claude-sonnet-5-5[1m]", "../v1/messages", "a" * 256, "%s", " claude-sonnet-5-5",
)  # fmt: skip
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}}
DOCUMENT = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}}
THOUGHT = {"type": "thinking", "thinking": "Let me see.", "signature": ""}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string", "enum": ["Bonn", "Rome"]}}, "required": ["city"]}


def messages_body(dice: random.Random) -> Fields:
    """Give the body of a request to the Messages API."""
    fields = json.loads(json.dumps(dice.choice(_FORMS)()))
    fields["model"] = dice.choice(MODELS[:4] if dice.random() < 0.7 else MODELS)
    fields["max_tokens"] = dice.choice((1, 100, 1000, 4096))
    fields["stream"] = dice.random() < 0.7
    fields.update(dice.choice(_EXTRAS) if dice.random() < 0.3 else {})
    return dict(fields)


def talk(step: int, dice: random.Random) -> Fields:
    """Give a request of a conversation that goes on: the user's words, and so many calls of tools since."""
    words = dice.choice(
        ("Fix the typo in the README.", "Add a docstring.", "Add a test for the parser.", "Explain it.")
    )
    name = dice.choice(("Read", "Edit", "Bash"))
    history: list[Fields] = []
    for number in range(step * dice.choice((1, 1, 4))):
        history += [call(name, f"toolu_{number}", file_path=f"src/{number}.py"), result("done", f"toolu_{number}")]
    fields: Fields = json.loads(json.dumps(main_turn(words, *history, max_tokens=1000)))
    del fields["metadata"]
    return fields


def chat_body(dice: random.Random) -> dict[str, Any]:
    """Give the body of a request to Chat Completions."""
    fields: dict[str, Any] = json.loads(json.dumps(dice.choice(_CHATS)))
    fields["model"] = dice.choice(MODELS[:4] if dice.random() < 0.7 else MODELS)
    fields.update(json.loads(json.dumps(dice.choice(_CHAT_EXTRAS))) if dice.random() < 0.5 else {})
    fields["stream"] = dice.random() < 0.6
    return fields


def _plain() -> Fields:
    return {"model": "", "max_tokens": 100, "messages": [{"role": "user", "content": "Say hello."}]}


def _tools_used() -> Fields:
    results = [text("found 3"), IMAGE, {"type": "tool_reference", "tool_name": "Read"}]
    history = [call("Read", "toolu_1", file_path="src/a.py"), result(results), said("Now the test.")]
    return main_turn("Add a test for the parser.", *history, user("And run it."))


def _thoughts() -> Fields:
    use = {"type": "tool_use", "id": "toolu_2", "name": "Bash", "input": {"command": "ls -la"}}
    history = [{"role": "assistant", "content": [THOUGHT, text("One moment."), use]}, result("a\nb", "toolu_2")]
    return main_turn("List the files.", *history, inline=False)


def _pictures() -> Fields:
    return main_turn("", {"role": "user", "content": [text("What is this?"), IMAGE, DOCUMENT]}, inline=False)


def _cached() -> Fields:
    fields = main_turn("Explain this function.", inline=False)
    fields["messages"][-1]["content"][-1] |= {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    fields["tools"] = [tool("Read", "file_path") | MARK, {"type": "bash_20250124", "name": "bash"}]
    return fields


_FORMS = (
    _plain,
    _tools_used,
    _thoughts,
    _pictures,
    _cached,
    lambda: main_turn("Fix the typo in the README."),
    lambda: main_turn("Rotate the password in auth/login.py"),
    lambda: sub_agent("Find the callers."),
    lambda: title("Fix the typo"),
    lambda: web_fetch("A page about nothing."),
    lambda: web_search("python 3.14"),
    lambda: compaction(call("Bash", "toolu_3", command="make"), result("ok", "toolu_3")),
)
_EXTRAS: tuple[Fields, ...] = (
    {"thinking": {"type": "enabled", "budget_tokens": 2000}},
    {"thinking": {"type": "adaptive", "display": "omitted"}},
    {"tool_choice": {"type": "any"}},
    {"tool_choice": {"type": "tool", "name": "Read", "disable_parallel_tool_use": True}},
    {"context_management": {"edits": [{"type": "clear_thinking_20251015"}, {"type": "compact_20260112"}]}},
    {"output_config": {"effort": "high", "format": {"type": "json_schema", "schema": SCHEMA}}},
    {"service_tier": "auto", "inference_geo": "us", "speed": "fast"},
    {"mcp_servers": [{"type": "url", "url": "https://example.invalid", "name": "m"}]},
    {"container": "c_1", "fallbacks": [{"model": "claude-haiku-5-5"}]},
    {"safeguards": [{"type": "dangerous_tool_use", "classifier_context": {}}]},
    {"stop_sequences": ["\n\n", "END"], "temperature": 0.3, "top_p": 0.9, "top_k": 40},
    {"tools": [{"type": "advisor_20260301", "name": "advisor", "model": "claude-opus-5-5", "max_uses": 3}]},
    {"system": "You are brief."},
    {"max_tokens": 0, "stream": False},
    {"max_tokens": 10_000_000},
    {"metadata": {"user_id": "user_1_account__session_0d5f7a4e-1111-4222-8333-444455556666"}},
)
_FUNCTION = {"type": "function", "function": {"name": "get_weather", "description": "Weather.", "parameters": SCHEMA}}
_CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Bonn"}'}}
_CHATS: tuple[dict[str, Any], ...] = (
    {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 100},
    {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Add a test."}], "user": "u"},
    {
        "messages": [
            {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
            {"role": "user", "content": "Weather?"},
            {"role": "assistant", "content": None, "tool_calls": [_CALL]},
            {"role": "tool", "tool_call_id": "call_1", "content": "Rain."},
            {"role": "user", "content": [{"type": "text", "text": "And tomorrow?"}]},
        ],
        "tools": [_FUNCTION],
        "tool_choice": "auto",
        "max_completion_tokens": 500,
    },
    {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGVsbG8=", "detail": "low"}},
                ],
            }
        ],
        "max_tokens": 50,
    },
)
_CHAT_EXTRAS: tuple[dict[str, Any], ...] = (
    {"stream_options": {"include_usage": True}},
    {"response_format": {"type": "json_schema", "json_schema": {"name": "w", "strict": True, "schema": SCHEMA}}},
    {"response_format": {"type": "json_object"}},
    {"tool_choice": {"type": "function", "function": {"name": "get_weather"}}, "parallel_tool_calls": False},
    {"tool_choice": "required", "tools": [_FUNCTION, _FUNCTION]},
    {"n": 3, "logit_bias": {"50256": -100}, "logprobs": True, "top_logprobs": 3, "seed": 1},
    {"stop": ["END"], "temperature": 2, "top_p": 0, "presence_penalty": 1.5, "frequency_penalty": -1},
    {"functions": [{"name": "f", "parameters": {}}], "function_call": "auto"},
    {"prompt_cache_key": "key-1", "service_tier": "flex", "store": True, "metadata": {"a": "b"}},
    {"reasoning_effort": "high", "verbosity": "low", "modalities": ["text"], "max_tokens": 0},
)
