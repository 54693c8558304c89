"""Tools for the tests of tool calls, and short ways to have a call or a text judged."""

import json
from typing import Any

from proxy.toolcalls.call import Call
from proxy.toolcalls.check import judge
from proxy.toolcalls.toolbox import Toolbox
from proxy.toolcalls.verdict import AsIs, Failed, Repaired, Verdict

TEXT = {"type": "string"}
SCHEMAS: dict[str, dict[str, Any]] = {
    "get_weather": {"type": "object", "properties": {"city": TEXT}, "required": ["city"]},
    "Write": {
        "type": "object",
        "properties": {"file_path": TEXT, "content": TEXT},
        "required": ["file_path", "content"],
        "additionalProperties": False,
    },
    "Read": {
        "type": "object",
        "properties": {"file_path": TEXT, "limit": {"type": "integer"}, "offset": {"type": "number"}},
        "required": ["file_path"],
        "additionalProperties": False,
    },
    "Bash": {
        "type": "object",
        "properties": {
            "command": TEXT,
            "timeout": {"type": "integer"},
            "run_in_background": {"type": "boolean"},
            "env": {"type": "object"},
            "paths": {"type": "array", "items": TEXT},
            "mode": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        },
        "required": ["command"],
        "additionalProperties": False,
    },
    "list_files": {"type": "object", "properties": {}},
    "Search": {"type": "object", "properties": {"input": TEXT, "name": TEXT}, "required": ["input"]},
}
FUNCTIONS = tuple(
    {"type": "function", "function": {"name": name, "parameters": schema}} for name, schema in SCHEMAS.items()
)
TOOLS = Toolbox(FUNCTIONS)


def verdict(name: str, arguments: str, *, finish: str = "tool_calls", tools: Toolbox = TOOLS) -> Verdict:
    """Judge one native call."""
    (found,) = judge((Call("x", name, [arguments]),), finish, tools)
    return found


def use_of(found: Verdict) -> tuple[str, Any]:
    """Return what a verdict lets the client run."""
    assert isinstance(found, AsIs | Repaired), found
    return found.use.name, json.loads(found.use.arguments)


def why(found: Verdict) -> str:
    """Return why a call failed."""
    assert isinstance(found, Failed), found
    return found.why.value
