"""What the tiny model says: one script for each marker, such as [[weather]], that the newest words may hold.

A script is plain text; one that repeats for ever is a pair of its beginning and its refrain.
A file that a tool reads may hold a marker too: the tool's result then selects the next script.
"""

import json
from collections.abc import Mapping
from typing import Any

Script = str | tuple[str, str]

AFTER_TOOL = "after_tool"
"""Said after a tool's result that holds no marker."""

PLAIN = "text"
"""Said to a user who names no marker."""


def call(name: str, arguments: Mapping[str, Any] | str) -> str:
    """Write a tool call as the chat template asks for it; `arguments` as text are taken as they are."""
    inner = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return f'<tool_call>\n{{"name": "{name}", "arguments": {inner}}}\n</tool_call>'


def thought(text: str) -> str:
    """Write words that the model says to itself."""
    return f"<think>\n{text}\n</think>\n\n"


PARIS, ROME = call("get_weather", {"city": "Paris"}), call("get_weather", {"city": "Rome"})

GOOD: dict[str, Script] = {
    PLAIN: "Hello from the tiny model. Everything is fine.",
    AFTER_TOOL: "The tool answered, so the task is done.",
    "weather": PARIS,
    "say_weather": f"I will check the weather now.\n{PARIS}",
    "two": f"{PARIS}\n{ROME}",
    "read": call("Read", {"file_path": "hello.txt"}),
    "bash": call("Bash", {"command": "echo tiny-ok", "description": "Print a word"}),
    "agent": call("Agent", {"description": "Look around", "prompt": "Say hello.", "subagent_type": "general-purpose"}),
    "think": thought("The user wants a short answer. I will give it.") + "The answer is 42.",
    "think_tool": thought("I need the weather tool here.") + PARIS,
    "long": "".join(f"Line {number} of a long answer.\n" for number in range(1, 41)),
    "unicode": "Grüße, 世界! Ça va? 🙂 Ende.",
}

BAD: dict[str, Script] = {
    "empty": "",
    "loop": ("I will try again", " and again"),
    "length": ('<tool_call>\n{"name": "Write", "arguments": {"file_path": "a.txt", "content": "', "so it goes on; "),
    "missing_brace": '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}\n</tool_call>',
    "single_quotes": "<tool_call>\n{'name': 'get_weather', 'arguments': {'city': 'Paris'}}\n</tool_call>",
    "truncated": '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Par',
    "no_close": '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}',
    "unknown_tool": call("get_wether", {"city": "Paris"}),
    "missing_arg": call("get_weather", {}),
    "wrong_type": call("get_weather", {"city": 7}),
    "args_string": call("get_weather", '"{\\"city\\": \\"Paris\\"}"'),
    "fence": 'Sure:\n```json\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n```',
    "bare_json": '{"name": "get_weather", "arguments": {"city": "Paris"}}',
    "params_key": '{"name": "get_weather", "parameters": {"city": "Paris"}}',
    "mistral": '[TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Paris"}}]',
    "xml_coder": (
        "<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n</function>\n</tool_call>"
    ),
    "pythonic": '[get_weather(city="Paris")]',
    "text_only": "I would now call the get_weather tool with city Paris.",
}

SCRIPTS: dict[str, Script] = {**GOOD, **BAD}
