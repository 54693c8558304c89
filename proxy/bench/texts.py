"""Prompts of a wanted length: text like an agent's context, no two alike, so that no prefix cache can help."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

SYSTEM = "You are a coding agent at work in a repository. Session {nonce}."
ASK = (
    "Above are files and logs of this repository. Copy their lines out again, one after the other, from the first one "
    "on, and do not stop."
)
NEXT = "Go on with the next hundred lines, please."

_NOUNS = (
    *("request", "ledger", "token", "route", "budget", "session", "window", "header", "stream", "worker", "record"),
    *("table", "cache", "parser", "client", "server", "report", "signal", "answer", "prompt", "folder", "config"),
    *("limit", "price", "column", "index", "queue", "letter", "garden", "harbour", "mirror", "engine"),
)
_VERBS = (
    *("read", "write", "check", "merge", "split", "count", "open", "close", "find", "send", "keep", "drop", "sort"),
    *("wrap", "load", "save", "trim", "join"),
)


def conversation(nonce: str, chars: int, *, turns: int = 1) -> dict[str, Any]:
    """Write a Messages request of about `chars` characters, unique from its first line on.

    With more turns, what is added stands behind the same beginning, as an agent's next request does.
    """
    system = [{"type": "text", "text": SYSTEM.format(nonce=nonce)}]
    first = f"{filler(nonce, chars)}\n\n{ASK}"
    messages: list[dict[str, Any]] = [{"role": "user", "content": [{"type": "text", "text": first}]}]
    for turn in range(1, turns):
        said = f"Here they are:\n{filler(f'{nonce} {turn}', 400)}"
        messages.append({"role": "assistant", "content": [{"type": "text", "text": said}]})
        messages.append({"role": "user", "content": [{"type": "text", "text": NEXT}]})
    return {"system": system, "messages": messages}


def filler(nonce: str, chars: int) -> str:
    """Write lines of code, prose and logs: the same for the same nonce, and just as long as asked."""
    pieces: list[str] = []
    size = 0
    for line in _lines(Random(nonce)):
        if size > chars:
            break
        pieces.append(line)
        size += len(line) + 1
    return "\n".join(pieces)[:chars]


def _lines(chance: Random) -> Iterator[str]:
    """Write for ever."""
    number = 0
    while True:
        number += 1
        verb, noun, other = chance.choice(_VERBS), chance.choice(_NOUNS), chance.choice(_NOUNS)
        yield chance.choice((
            f"def {verb}_{noun}(self, {other}: int) -> str:  # line {number}",
            f'    return self._{noun}.{verb}({other}, key="{noun}-{chance.randrange(1000)}")',
            f"The {noun} has to {verb} every {other} before the {chance.choice(_NOUNS)} is closed again.",
            f"12:{chance.randrange(10, 60)} worker {chance.randrange(40)}: {verb} {noun}, {chance.randrange(900)} ms",
            f"    for {other} in sorted({noun}s): {verb}({other})",
        ))  # fmt: skip
