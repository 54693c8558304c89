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

STYLES: dict[str, Script] = {
    "python_tag": '<|python_tag|>{"name": "get_weather", "parameters": {"city": "Paris"}}',
    "function_json": '<function=get_weather>{"city": "Paris"}</function>',
    "mistral_args": '[TOOL_CALLS]get_weather[ARGS]{"city": "Paris"}',
    "glm": ("<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n</tool_call>"),
    "deepseek": (
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n"
        '```json\n{"city": "Paris"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>'
    ),
    "harmony": ('<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city": "Paris"}<|call|>'),
    "kimi": (
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>"
        '{"city": "Paris"}<|tool_call_end|><|tool_calls_section_end|>'
    ),
    "tool_key": '<tool_call>\n{"tool": "get_weather", "input": {"city": "Paris"}}\n</tool_call>',
    "name_case": call("getWeather", {"city": "Paris"}),
    "name_prefix": call("functions.get_weather", {"city": "Paris"}),
    "trailing_comma": call("get_weather", '{"city": "Paris",}'),
    "null_extra": call("get_weather", {"city": "Paris", "unit": None}),
    "raw_newline": call("Write", '{"file_path": "a.txt", "content": "one\ntwo"}'),
    "write_cut": '<tool_call>\n{"name": "Write", "arguments": {"file_path": "a.py", "content": "def f():\\n    retur',
    "windows_path": call("Write", '{"file_path": "C:\\Users\\new.txt", "content": "x"}'),
    "example": (
        "A call is written like this, for example:\n```json\n"
        '{"name": "get_weather", "arguments": {"city": "Paris"}}\n```\nBut none is needed here.'
    ),
    "promise": "Let me check the weather with get_weather first.",
    "think_open": "<think>\nThe user may want the weather, or may be not",
}
"""More ways in which models write calls, and more that go wrong; not built in unless given to `start`."""

SCRIPTS: dict[str, Script] = {**GOOD, **BAD}


def _held(name: str, **arguments: Any) -> str:
    """Write a call as JSON; a blank in front lets more of them begin with pieces of nothing but the form."""
    written = json.dumps({"name": name, "arguments": arguments})
    return written if name.startswith("get_") else written.replace("{", "{ ", 1)


NO_MEANING = _held("get_wether", city="Paris")
"""A call that no grammar of real tools allows: what comes instead is made up."""

HELD: dict[str, str] = {
    **dict.fromkeys(
        [
            *("weather", "say_weather", "two", "think_tool", "missing_brace", "single_quotes", "no_close", "text_only"),
            *("args_string", "fence", "bare_json", "params_key", "mistral", "xml_coder", "pythonic", "python_tag"),
            *("function_json", "mistral_args", "glm", "deepseek", "harmony", "kimi", "tool_key", "name_case"),
            *("name_prefix", "trailing_comma", "null_extra"),
        ],
        _held("get_weather", city="Paris"),
    ),
    "read": _held("Read", file_path="hello.txt"),
    "bash": _held("Bash", command="echo tiny-ok", description="Print a word"),
    "raw_newline": _held("Write", file_path="a.txt", content="one\ntwo"),
    "windows_path": _held("Write", file_path="C:\\Users\\new.txt", content="x"),
    "agent": _held("Agent", description="Look around", prompt="Say hello.", subagent_type="general-purpose"),
    "missing_arg": _held("get_weather"),
    "wrong_type": _held("get_weather", city=7),
    **dict.fromkeys(["unknown_tool", "truncated", "write_cut", "length", "promise", "think_open"], NO_MEANING),
}
"""What each of them means, said as JSON because a schema leaves no other form; given to `start` as `held`.

The earlier ones begin with shorter pieces: only the form may be in what a grammar makes the model begin with.
"""
