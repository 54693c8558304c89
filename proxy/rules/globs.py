"""Globs for paths: `docs/**`, `*.md`, `src/*/api.py` – as in a line of a `.gitignore`, against any absolute path."""

from __future__ import annotations

import re
from functools import lru_cache


def matches_path(glob: str, path: str) -> bool:
    """Tell whether a path, or the end of one from some folder on, is what a glob names.

    `*` and `?` stop at a slash, `**` does not; a glob that ends in a slash names all that lies below. Backslashes of
    Windows count as slashes; letters count as they are.
    """
    return _pattern(glob).fullmatch(path.replace("\\", "/")) is not None


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> re.Pattern[str]:
    is_rooted = glob.startswith("/")
    body = glob.replace("\\", "/").strip("/") + ("/**" if glob.endswith(("/", "\\")) else "")
    return re.compile(("/" if is_rooted else r"(?:.*/)?") + "".join(_parts(body)), re.S)


def _parts(glob: str) -> list[str]:
    found = re.findall(r"\*\*/|/\*\*$|\*\*|\*|\?|[^*?]", glob)
    return [_WILD.get(part) or re.escape(part) for part in found]


_WILD = {"**/": r"(?:.*/)?", "/**": r"/.*", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
