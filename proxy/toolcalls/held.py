"""Text on its way to the client, held back from where it may be a call: released when it turns out to be text."""

from __future__ import annotations

import re

from proxy.toolcalls.shape import CALL_KEYS
from proxy.toolcalls.styles import MARKERS

LEAD_IN_CHARS = 200
"""How much a model may say before a call in a fence or without any mark; after more it is part of an explanation."""

LOOK_CHARS = 300
"""How much of what may be a call without a mark is looked at, until its first key tells."""

_MARKER = re.compile("|".join(map(re.escape, MARKERS)))
_PLAIN = re.compile(r"```|[{\[]")
_LONGEST = max(map(len, MARKERS))
_FIRST = frozenset("`" + "".join(marker[0] for marker in MARKERS))
_CALLED = re.compile(r"(?:```\w*[ \t]*\r?\n\s*)?(?:\[\s*)?\{\s*[\"'](\w*)[\"']|\[\s*[A-Za-z_][\w.-]*\(")
_BEGUN = re.compile(
    r"(?:```\w*[ \t]*(?:\r?\n\s*)?|```\w*[ \t]*\r)?(?:\[\s*)?(?:\{\s*(?:[\"']\w*)?)?|\[\s*[A-Za-z_][\w.-]*"
)


class HeldText:
    """Let text through as it comes, up to the first possible start of a call.

    Without `tools` nothing is one. Blanks wait until words follow: the API takes no text back that has no others.
    """

    def __init__(self, *, tools: bool) -> None:
        self._tools = tools
        self._may_be_plain = tools
        self._before = ""
        self._blanks = ""
        self._pending = ""
        self._more: list[str] = []
        self._holds = False
        self._is_decided = False

    def feed(self, text: str) -> str:
        """Take the next text, and return what can be told."""
        if self._before and not self._tools:
            return text
        if self._is_decided:
            self._more.append(text)
            return ""
        self._pending += text
        return self._tell(self._released() if self._tools else self._take(len(self._pending)))

    def rest(self) -> str:
        """Take the end of the text, and return what is held: calls, or text that is to be told after all."""
        rest = "".join((self._blanks, self._pending, *self._more))
        return rest if self._before or rest.strip() else ""

    def _tell(self, text: str) -> str:
        text = self._blanks + text
        is_blank = not self._before and not text.strip()
        self._blanks = text if is_blank else ""
        if is_blank:
            return ""
        if len(self._before) <= LEAD_IN_CHARS:
            self._before += text
        return text

    def _released(self) -> str:
        told = ""
        if self._holds:
            self._look()
        while not self._holds:
            start = self._start(told)
            if start is None:
                return told + self._take(len(self._pending) - self._suffix())
            told += self._take(start)
            self._holds = True
            self._look()
        return told

    def _take(self, chars: int) -> str:
        told, self._pending = self._pending[:chars], self._pending[chars:]
        return told

    def _look(self) -> None:
        """Decide about what is held; if it can be no call, nothing in this answer is one without a mark."""
        may_be = True if _MARKER.match(self._pending) else _could_be_call(self._pending)
        self._is_decided = may_be is True
        if may_be is False:
            self._holds = self._may_be_plain = False

    def _start(self, told: str) -> int | None:
        """Find the first place where a call may begin."""
        marked = _MARKER.search(self._pending)
        places = [marked.start()] if marked else []
        before = self._before + self._blanks + told
        if self._may_be_plain and len(before) <= LEAD_IN_CHARS:
            plain = _PLAIN.finditer(self._pending, 0, LEAD_IN_CHARS + 3)
            starts = (match.start() for match in plain)
            places += [at for at in starts if _begins_line(before + self._pending[:at])][:1]
        return min(places, default=None)

    def _suffix(self) -> int:
        """Tell how much of the end could be the beginning of a marker."""
        text = self._pending[-_LONGEST:]
        for at, letter in enumerate(text):
            if letter in _FIRST and self._may_begin(text[at:]):
                return len(text) - at
        return 0

    def _may_begin(self, end: str) -> bool:
        is_fence = self._may_be_plain and end in ("`", "``")
        return is_fence or any(marker.startswith(end) for marker in MARKERS)


def _begins_line(before: str) -> bool:
    """Tell whether a call without a mark may follow: on a line of its own, after few words."""
    return len(before) <= LEAD_IN_CHARS and not before.rpartition("\n")[2].strip()


def _could_be_call(text: str) -> bool | None:
    """Tell by its first key whether a text may be a call; None while it is not there yet."""
    called = _CALLED.match(text[:LOOK_CHARS])
    if called is not None:
        return called.group(1) is None or called.group(1) in CALL_KEYS
    return None if len(text) < LOOK_CHARS and _BEGUN.fullmatch(text) else False
