"""The tools of a task with files: the files are held in memory, and nothing is touched on disk."""

from __future__ import annotations

from typing import Any

FILE_CHARS = 40_000

TOOLS: tuple[dict[str, Any], ...] = (
    {
        "name": "list_files",
        "description": "List the files of the project.",
        "input_schema": {"type": "object", "properties": {}, "additionalProperties": False},
    },
    {
        "name": "read_file",
        "description": "Read a file of the project.",
        "input_schema": {
            "type": "object",
            "properties": {"path": {"type": "string", "description": "Its path in the project"}},
            "required": ["path"],
            "additionalProperties": False,
        },
    },
    {
        "name": "edit_file",
        "description": "Replace a piece of a file. `old` has to occur exactly once, with its indentation.",
        "input_schema": {
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "Its path in the project"},
                "old": {"type": "string", "description": "The text to replace"},
                "new": {"type": "string", "description": "What to put there"},
            },
            "required": ["path", "old", "new"],
            "additionalProperties": False,
        },
    },
)


class Folder:
    """A project's files, as the tools of one task see and change them."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = dict(files)

    def use(self, name: str, given: dict[str, Any]) -> tuple[str, bool]:
        """Do what a call asks; gives its result, and whether it went wrong."""
        path = str(given.get("path", "")).removeprefix("./")
        match name:
            case "list_files":
                return "\n".join(sorted(self.files)), False
            case "read_file" if path in self.files:
                return self.files[path], False
            case "edit_file" if path in self.files:
                return self._edit(path, str(given.get("old", "")), str(given.get("new", "")))
            case "read_file" | "edit_file":
                return f"There is no file {path}.", True
        return f"There is no tool {name}.", True

    def _edit(self, path: str, old: str, new: str) -> tuple[str, bool]:
        found = self.files[path].count(old) if old else 0
        if found != 1:
            return f"The text to replace occurs {found} times in {path}.", True
        after = self.files[path].replace(old, new)
        if len(after) > FILE_CHARS:
            return "The file would be too long.", True
        self.files[path] = after
        return f"{path} was changed.", False
