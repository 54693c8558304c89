"""Folder: where on this machine an agent says that it works."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Any

from proxy.conversation import conversation_of
from proxy.identity import system_texts

MOST_TEXT = 262_144
MOST_PATH = 1024

# Claude Code: " - Primary working directory: /home/me/app"; opencode and others: "  Working directory: /home/me/app".
_MARK = "orking directory:"
_SAID = re.compile(r"[ \t>*-]*(?:Primary )?[Ww]orking directory: ?(\S[^\r\n]*?)[ \t]*")


def folder_of(fields: Mapping[str, Any]) -> PurePath | None:
    """Find the folder in an agent's system prompt; None if it names none, or no absolute one.

    Only the system prompt and system messages are read, where Claude Code 2 names it: what a file or a web page says
    about folders is none of an agent's words.
    """
    for text in chain(system_texts(fields), _system_messages(fields)):
        for line in _lines_with(_MARK, text):
            found = _SAID.fullmatch(line)
            if found:
                return _absolute(found.group(1))
    return None


def _system_messages(fields: Mapping[str, Any]) -> Iterator[str]:
    messages = conversation_of(fields.get("messages") or ())
    for place, gist in enumerate(messages.gists):
        if gist.role == "system":
            yield from system_texts({"system": messages[place].get("content")})


def _lines_with(mark: str, text: str) -> Iterator[str]:
    """Give the lines that hold a mark: a search for a plain string is ten times as fast as a pattern's."""
    at = text.find(mark, 0, MOST_TEXT)
    while at >= 0:
        end = text.find("\n", at)
        yield text[text.rfind("\n", 0, at) + 1 : end if end >= 0 else None].rstrip("\r")
        at = text.find(mark, end, MOST_TEXT) if end >= 0 else -1


def _absolute(path: str) -> PurePath | None:
    if len(path) > MOST_PATH or not path.isprintable():
        return None
    kind = PurePosixPath if path.startswith("/") else PureWindowsPath
    folder = kind(path)
    return folder if folder.is_absolute() and ".." not in folder.parts else None
