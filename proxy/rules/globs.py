"""Globs for paths: `docs/**`, `*.md`, `src/*/api.py` – as in a line of a `.gitignore`, against any absolute path.

A glob may be a stranger's, out of a repository, and so may the path: all ways of matching are followed at once, letter
by letter, so that no pair of them takes long. A regular expression would try them one after the other, for hours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

MOST_WILDCARDS = 5
"""More of them in one glob say nothing that a person could follow."""
MOST_PATH = 512


@lru_cache(maxsize=8192)
def matches_path(glob: str, path: str) -> bool:
    """Tell whether a path, or the end of one from some folder on, is what a glob names.

    `*` and `?` stop at a slash, `**` does not; a glob that ends in a slash names all that lies below. Backslashes of
    Windows count as slashes; letters count as they are. Of a very long path the end is looked at.
    """
    return _steps(glob).match(path[-MOST_PATH:].replace("\\", "/"))


@dataclass(frozen=True, slots=True)
class _Steps:
    """A glob as steps, one bit each; a set of steps is where the matching may stand."""

    letters: dict[str, int]
    """The steps that each letter of the glob leads over."""
    any_letter: int
    """The steps that every letter but a slash leads over."""
    stays: int
    """The steps that every letter but a slash may leave where they are."""
    stays_at_slash: int
    free: int
    """The steps that may be left out."""
    free_pair: int
    """The steps that may be left out with the next one."""
    end: int

    def match(self, path: str) -> bool:
        """Follow all ways through the steps at once."""
        at = self._reached(1)
        for letter in path:
            is_slash = letter == "/"
            over = self.letters.get(letter, 0) | (0 if is_slash else self.any_letter)
            at = self._reached((at & over) << 1 | at & (self.stays_at_slash if is_slash else self.stays))
            if not at:
                return False
        return bool(at & self.end)

    def _reached(self, at: int) -> int:
        while (more := at | (at & self.free) << 1 | (at & self.free_pair) << 2) != at:
            at = more
        return at


@lru_cache(maxsize=1024)
def _steps(glob: str) -> _Steps:
    letters: dict[str, int] = {}
    any_letter = stays = stays_at_slash = free = free_pair = 0
    bit = 1
    for kind in _kinds(glob):
        match kind:
            case "?":
                any_letter |= bit
            case "*":
                free, stays = free | bit, stays | bit
            case "**":
                free, stays, stays_at_slash = free | bit, stays | bit, stays_at_slash | bit
            case "**/":  # Nothing, or anything and a slash: a step that opens, and one that only a slash leads over.
                free, free_pair, bit = free | bit, free_pair | bit, bit << 1
                stays, stays_at_slash = stays | bit, stays_at_slash | bit
                letters["/"] = letters.get("/", 0) | bit
            case letter:
                letters[letter] = letters.get(letter, 0) | bit
        bit <<= 1
    return _Steps(letters, any_letter, stays, stays_at_slash, free, free_pair, bit)


def _kinds(glob: str) -> Iterator[str]:
    """Give a glob's letters and wildcards; one that does not begin with a slash may begin below any folder."""
    yield "/" if glob.startswith("/") else "**/"
    body = glob.replace("\\", "/").strip("/") + ("/**" if glob.endswith(("/", "\\")) else "")
    yield from re.findall(r"\*\*/|\*{2,}|.", re.sub(r"\*{3,}", "**", body), re.S)
