"""Globs for paths: `docs/**`, `*.md`, `src/*/api.py` – as in a line of a `.gitignore`, against any absolute path."""

from __future__ import annotations

import re
from functools import lru_cache

MOST_WILDCARDS = 5
"""A glob with more of them, perhaps a stranger's, can take for ever."""
MOST_PATH = 512


def matches_path(glob: str, path: str) -> bool:
    """Tell whether a path, or the end of one from some folder on, is what a glob names.

    `*` and `?` stop at a slash, `**` does not; a glob that ends in a slash names all that lies below. Backslashes of
    Windows count as slashes; letters count as they are. Of a very long path the end is looked at.
    """
    return _pattern(glob).fullmatch(path[-MOST_PATH:].replace("\\", "/")) is not None


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> re.Pattern[str]:
    is_rooted = glob.startswith("/")
    body = glob.replace("\\", "/").strip("/") + ("/**" if glob.endswith(("/", "\\")) else "")
    body = re.sub(r"(?:\*\*/)+", "**/", re.sub(r"\*{3,}", "**", body))  # The same said twice takes twice as long.
    return re.compile(("/" if is_rooted else r"(?:.*/)?") + "".join(_parts(body)), re.S)


def _parts(glob: str) -> list[str]:
    found = re.findall(r"\*\*/|/\*\*$|\*\*|\*|\?|[^*?]", glob)
    return [_WILD.get(part) or re.escape(part) for part in found]


_WILD = {"**/": r"(?:.*/)?", "/**": r"/.*", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
