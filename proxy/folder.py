"""Folder: where on this machine an agent says that it works."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Any

from proxy.identity import system_texts

MOST_TEXT = 262_144
MOST_PATH = 1024

# Claude Code: " - Primary working directory: /home/me/app"; opencode and others: "  Working directory: /home/me/app".
_SAID = re.compile(r"^[ \t>*-]*(?:Primary )?[Ww]orking directory: ?(\S[^\r\n]*?)[ \t]*$", re.M)


def folder_of(fields: Mapping[str, Any]) -> PurePath | None:
    """Find the folder in an agent's system prompt; None if it names none, or no absolute one.

    Only the system prompt is read: what a file or a web page says about folders is none of an agent's words.
    """
    for text in system_texts(fields):
        found = _SAID.search(text[:MOST_TEXT])
        if found:
            return _absolute(found.group(1))
    return None


def _absolute(path: str) -> PurePath | None:
    if len(path) > MOST_PATH or not path.isprintable():
        return None
    kind = PurePosixPath if path.startswith("/") else PureWindowsPath
    folder = kind(path)
    return folder if folder.is_absolute() and ".." not in folder.parts else None
