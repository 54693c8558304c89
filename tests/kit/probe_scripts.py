"""What the tiny model of the llama.cpp kit says to a tool probe: all right, or one thing wrong."""

import json
from collections.abc import Mapping

from proxy.upstream.probe_tools import NOTE
from tests.kit.llama.scripts import Script, call

_ORDER = {
    "customer": {"name": "Ada", "note": NOTE},
    "items": [
        {"article": "bolt", "quantity": 3, "price": 0.25, "delivery": "express"},
        {"article": "nut", "quantity": 1, "price": 2, "delivery": "standard"},
    ],
}
_OSLO = call("get_weather", {"city": "Oslo"})

GOOD: Mapping[str, Script] = {
    "bursar_simple": _OSLO,
    "bursar_nested": call("save_order", _ORDER),
    "bursar_weather": _OSLO,
    "bursar_result": "It is 17 degrees in Oslo, with light rain.",
    "bursar_none": "Two and two make 4.",
    "bursar_two": f"{_OSLO}\n{call('get_weather', {'city': 'Rome'})}",
    "bursar_required": _OSLO,
    "bursar_named": call("get_time", {"city": "Oslo"}),
    "bursar_large": call("read_file", {"path": "/home/ada/project/README.md"}),
}
"""Passes every check."""


def _mistral(*calls: tuple[str, Mapping[str, object]]) -> str:
    made = [{"name": name, "arguments": given} for name, given in calls]
    return f"[TOOL_CALLS]{json.dumps(made)}"


AS_TEXT: Mapping[str, Script] = {
    **GOOD,
    "bursar_simple": _mistral(("get_weather", {"city": "Oslo"})),
    "bursar_nested": _mistral(("save_order", _ORDER)),
    "bursar_two": _mistral(("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Rome"})),
    "bursar_large": _mistral(("read_file", {"path": "/home/ada/project/README.md"})),
}
"""Writes its calls in another form than its chat template says, so that the server takes them for text."""


def with_simple(said: Script) -> dict[str, Script]:
    """Give the good scripts with another answer to the first check."""
    return {**GOOD, "bursar_simple": said}
