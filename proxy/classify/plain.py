"""Plain words: a request's text without what is only shown in it – code, addresses, the middle of pasted logs."""

from __future__ import annotations

import re
from dataclasses import dataclass

HEAD, TAIL = 3000, 1500
"""Characters of a long text that are read: what is asked stands at its beginning or its end."""

_FENCE = re.compile(r"```.*?(?:```|\Z)", re.S)
_URL = re.compile(r"\bhttps?://\S+", re.A)
_LOG_LINE = re.compile(
    r"^\s*(?:\[?\d{4}-\d\d-\d\d[T ]|\d\d:\d\d:\d\d|\[\d\d/\d\d/\d\d|at [\w.$<>]+ ?\(|"
    r"File \"[^\"]+\", line \d|Traceback |"
    r"(?:time|level|ts)=|\w*(?:Error|Exception|Warning): |(?:ERROR|WARN(?:ING)?|INFO|DEBUG|FATAL|TRACE)\b|"
    r"[$>#%] \S|\+\+\+ |--- |@@ |diff --git|npm (?:ERR|WARN)|\w+@\w[\w.-]*[:~$ ]|\S+:\d+:\d+|[|│├└─❯✓✗✘⎿⏺]|"
    r"##\[|Run \S+/\S+@|\s*\w+\.go:\d+|goroutine \d|panic: |=== RUN|--- FAIL|FAIL\b|PASS\b|exit (?:code|status))",
    re.A,
)
_TRACE = re.compile(
    r"Traceback \(most recent|^[ \t]+at [\w.$<>]+ ?\(|File \"[^\"]+\", line \d|\bpanic: |"
    r"(?:Error|Exception)\b: |--- FAIL:|"
    r"\berror TS\d+|npm ERR|\bexit (?:code|status) \d|\.\w{1,4}:\d+:\d+|level=(?:ERROR|error)|##\[error\]",
    re.A | re.M,
)


@dataclass(frozen=True, slots=True)
class Plain:
    """The words of a request: `text` as it was written, `low` in small letters; and what was shown along with them."""

    text: str
    low: str
    length: int
    has_code: bool
    has_trace: bool
    log_lines: int


def plain(text: str) -> Plain:
    """Reduce a request to its words."""
    length = len(text)
    has_code = "```" in text
    clipped = _ends(text) if length > HEAD + TAIL else text
    without = _URL.sub(" ", _FENCE.sub(" ", clipped) if has_code else clipped)
    lines = without.split("\n")
    shown = [bool(_LOG_LINE.match(line)) for line in lines]
    words = "\n".join(line[:600] for line, is_log in zip(lines, shown, strict=True) if not is_log)
    return Plain(words, words.lower(), length, has_code, bool(_TRACE.search(clipped)), sum(shown))


def _ends(text: str) -> str:
    """Give the head and the tail of a long text, without the lines that the cuts went through."""
    head, tail = text[:HEAD], text[-TAIL:]
    return f"{head[: head.rfind(chr(10)) + 1] or head}\n{tail[tail.find(chr(10)) + 1 :] or tail}"
