"""The tools of an honest agent, over files in memory, and the tasks that it is given."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from random import Random
from typing import Any

Step = tuple[str, dict[str, Any]]

DONE = "All the steps are done."
"""What the fake Claude says when its steps are used up; the local model says the same."""

_DIRECTIVE = re.compile(r"\[\[tool:(\w+):(.*?)\]\]", re.DOTALL)


def _tool(name: str, description: str, properties: dict[str, Any], *optional: str) -> dict[str, Any]:
    needed = [key for key in properties if key not in optional]
    schema = {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}
    return {"name": name, "description": description, "input_schema": schema}


TEXT, TEXTS = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
TOOLS = [
    _tool("read_file", "Read a file.", {"path": TEXT, "first_line": {"type": "integer"}}, "first_line"),
    _tool("write_file", "Write a file.", {"path": TEXT, "content": TEXT}),
    _tool("list_files", "List the files whose names begin with a prefix.", {"prefix": TEXT}),
    _tool("search", "Search for words in files.", {"words": TEXT, "paths": TEXTS, "any_case": {"type": "boolean"}}),
    _tool("run_tests", "Run tests by name.", {"names": TEXTS, "verbose": {"type": "boolean"}}, "verbose"),
    _tool(
        "edit_file",
        "Change lines of a file.",
        {
            "path": TEXT,
            "changes": {
                "type": "array",
                "items": {"type": "object", "properties": {"old": TEXT, "new": TEXT}, "required": ["old", "new"]},
            },
        },
    ),
]


@dataclass
class Workshop:
    """Files, and the tools that work on them; a tool's answer is text, as an agent's would be."""

    files: dict[str, str] = field(default_factory=lambda: {"calc.py": "def add(a, b):\n    return a + b\n"})

    def use(self, name: str, given: dict[str, Any]) -> tuple[str, bool]:
        """Run a tool; what it says, and whether it failed."""
        try:
            return str(getattr(self, f"_{name}")(**given)), False
        except (AttributeError, TypeError, KeyError) as problem:
            return f"{type(problem).__name__}: {problem}", True

    def _read_file(self, path: str, first_line: int = 1) -> str:
        return "\n".join(self.files.get(path, "").splitlines()[first_line - 1 :]) or "(empty)"

    def _write_file(self, path: str, content: str) -> str:
        self.files[path] = content
        return f"wrote {len(content)} characters"

    def _list_files(self, prefix: str) -> str:
        return "\n".join(sorted(name for name in self.files if name.startswith(prefix))) or "(none)"

    def _search(self, words: str, paths: list[str], any_case: bool) -> str:
        found = [path for path in paths if words in self.files.get(path, "")]
        return f"{len(found)} files with {words!r}, case {'ignored' if any_case else 'kept'}"

    def _run_tests(self, names: list[str], verbose: bool = False) -> str:
        return f"{len(names)} passed" + (": " + ", ".join(names) if verbose else "")

    def _edit_file(self, path: str, changes: list[dict[str, str]]) -> str:
        for change in changes:
            self.files[path] = self.files.get(path, "").replace(change["old"], change["new"])
        return f"{len(changes)} changes"


def a_step(chance: Random, number: int) -> Step:
    """Invent one call; `number` makes it unlike the others of its session."""
    path = f"part_{number}.py"
    match chance.randrange(6):
        case 0:
            return "read_file", {"path": path, "first_line": chance.randrange(1, 9)}
        case 1:
            return "write_file", {"path": path, "content": f'def part_{number}():\n\t"""Say \\"{number}\\" – ok."""\n'}
        case 2:
            return "list_files", {"prefix": f"part_{number}"}
        case 3:
            return "search", {"words": f"def part_{number}", "paths": ["calc.py", path], "any_case": True}
        case 4:
            return "run_tests", {"names": [f"test_part_{number}", "test_add"], "verbose": False}
        case _:
            return "edit_file", {"path": path, "changes": [{"old": "add", "new": f"add_{number}"}]}


def prompt_of(name: str, steps: list[Step]) -> str:
    """Write a task: routine words, and its steps where both models read them, as a client attaches a file."""
    told = " ".join(f"[[tool:{tool}:{json.dumps(given)}]]" for tool, given in steps)
    return f"Add a test for the parser. Task {name}.\n<attached_files>\n{told}\n</attached_files>"


def steps_of(prompt: str) -> list[Step]:
    """Read the steps of a task."""
    return [(name, json.loads(given)) for name, given in _DIRECTIVE.findall(prompt)]
