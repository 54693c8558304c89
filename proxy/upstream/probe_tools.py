"""The tools that a probe offers a model: a small one, a nested one, and a list as long as a coding agent's."""

from __future__ import annotations

from typing import Any

Tool = dict[str, Any]


def _tool(name: str, description: str, properties: dict[str, Any], required: list[str]) -> Tool:
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {"name": name, "description": description, "input_schema": schema}


def _text(about: str) -> dict[str, Any]:
    return {"type": "string", "description": about}


WEATHER = _tool("get_weather", "Get the weather of a city now.", {"city": _text("The city's name.")}, ["city"])
TIME = _tool("get_time", "Get the local time of a city.", {"city": _text("The city's name.")}, ["city"])

ORDER = _tool(
    "save_order",
    "Save a customer's order.",
    {
        "customer": {
            "type": "object",
            "properties": {"name": _text("Who orders."), "note": _text("A note, exactly as it was given.")},
            "required": ["name", "note"],
            "additionalProperties": False,
        },
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "article": _text("The article."),
                    "quantity": {"type": "integer"},
                    "price": {"type": "number"},
                    "delivery": {"type": "string", "enum": ["standard", "express"]},
                },
                "required": ["article", "quantity", "price", "delivery"],
                "additionalProperties": False,
            },
        },
    },
    ["customer", "items"],
)

NOTE = 'Say "hello"\nand open C:\\new'
"""Quotes, a line break and backslashes: what every edit of a file has."""

_VERBS = {
    "read": "Read {thing} and return what it holds",
    "write": "Write {thing} anew, replacing what it held before",
    "search": "Search {thing} for a pattern and list where it matches",
    "list": "List all that belongs to {thing}, the newest first",
    "check": "Check {thing} for mistakes and report each with its place",
}
_THINGS = ("file", "folder", "branch", "notebook", "task")
_ADVICE = (
    "Use it only when the person's request needs it, and never to answer what you know already.",
    "Give paths as absolute ones; a relative path is refused, because the working folder may have changed.",
    "Its result is cut after two thousand lines; ask for the rest with `offset` and `limit` when you need more.",
    "It can be called several times in one turn where the calls do not depend on each other.",
    "When it fails, read the error, think about why, and do not repeat the same call with the same arguments.",
    "It has no effect on other sessions, and whatever it prints is shown to the person before you see it.",
    "Do not use it on files that hold secrets, on generated files, or outside of the project unless you were asked.",
)


def large_list() -> list[Tool]:
    """Make 25 tools of about 30 KB, as an agent's: long to read, and much alike."""
    return [_large(verb, about, thing) for thing in _THINGS for verb, about in _VERBS.items()]


def _large(verb: str, about: str, thing: str) -> Tool:
    properties = {
        "path": _text(f"The absolute path of the {thing}."),
        "pattern": _text("A regular expression that narrows the work down; leave it out for everything."),
        "offset": {"type": "integer", "description": "The line to begin with, from 1."},
        "limit": {"type": "integer", "description": "How many lines at most."},
        "mode": {"type": "string", "enum": ["quick", "thorough"], "description": "How much care to take."},
    }
    description = f"{about.format(thing=f'a {thing}')}. {' '.join(_ADVICE)}"
    return _tool(f"{verb}_{thing}", description, properties, ["path"])
