"""What a local model or its server gets wrong, by kind: each kind turns what was meant into an answer that is broken.

Every kind shows in the answer itself. A model that means the wrong thing and says it well cannot be told from one that
means the right thing: that is not broken, and not here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from tests.kit.local_fake import Act, calls, chunk, ending, says

Meant = tuple[str, dict[str, Any]]


def answer(meant: Meant | str) -> Act:
    """Say what was meant, as it should be said."""
    if isinstance(meant, str):
        return Act(says(*_pieces(meant)))
    return Act(calls(meant[0], json.dumps(meant[1])))


def broken_call(kind: str, meant: Meant, chance: Random) -> Act:
    """Say a call in a broken way."""
    return CALLS[kind](meant[0], meant[1], chance)


def broken_words(kind: str, meant: str, chance: Random) -> Act:
    """Say words in a broken way."""
    return WORDS[kind](meant, chance)


def _inner(name: str, given: dict[str, Any]) -> str:
    return json.dumps({"name": name, "arguments": given})


def _pieces(text: str) -> list[str]:
    return [text[at : at + 20] for at in range(0, len(text), 20)]


def _cut(act: Act, chance: Random, *, politely: bool) -> Act:
    """Break off after some bytes, but before the end of the answer is told."""
    last = act.body.index(b'"finish_reason": "')
    return Act(act.body, cut_after=chance.randrange(1, last), politely=politely)


def _hung(act: Act, chance: Random) -> Act:
    return Act(act.body, hang_after=chance.randrange(0, act.body.index(b'"finish_reason": "')))


def _slow(act: Act, chance: Random) -> Act:
    return Act(act.body, first_byte_s=0.2, between_s=0.05, piece=max(1, len(act.body) // 6))


def _status(status: int, text: str) -> Act:
    body = json.dumps({"error": {"code": status, "message": text, "type": "server_error"}}).encode()
    return Act(body, status=status, content_type="application/json")


def _page() -> Act:
    return Act(b"<html><body>Bad gateway</body></html>", content_type="text/html")


def _loop(chance: Random) -> Act:
    words = chance.choice(["I will look at the file again, and then once more. ", "so the next step is the next step "])
    return Act(says(*[words] * 60)[: -len(ending())] + ending("length"))


def _error_event(before: bytes) -> Act:
    return Act(before + b'data: {"error": {"code": 500, "message": "Unexpected empty grammar stack"}}\n\n')


def _without(given: dict[str, Any]) -> dict[str, Any]:
    return dict(list(given.items())[1:])


def _mistyped(given: dict[str, Any]) -> dict[str, Any]:
    """Put an object where the schema has something else."""
    return {key: ({"value": 7} if place == 0 else value) for place, (key, value) in enumerate(given.items())}


def _xml(name: str, given: dict[str, Any]) -> str:
    told = [
        f"<parameter={key}>\n{value if isinstance(value, str) else json.dumps(value)}\n</parameter>\n"
        for key, value in given.items()
    ]
    return f"<tool_call>\n<function={name}>\n{''.join(told)}</function>\n</tool_call>"


Break = Callable[[str, dict[str, Any], Random], Act]

CALLS: dict[str, Break] = {
    "arguments cut, told": lambda n, g, c: Act(
        calls(n, json.dumps(g)[:-4]).replace(b'"finish_reason": "tool_calls"', b'"finish_reason": "length"')
    ),
    "arguments cut in a string": lambda n, g, c: Act(calls(n, json.dumps(g)[:-4])),
    "brace missing": lambda n, g, c: Act(calls(n, json.dumps(g)[:-1])),
    "single quotes": lambda n, g, c: Act(calls(n, repr(g))),
    "JSON in a string": lambda n, g, c: Act(calls(n, json.dumps(json.dumps(g)))),
    "no JSON": lambda n, g, c: Act(calls(n, "path is " + next(iter(map(str, g.values())), ""))),
    "unknown tool": lambda n, g, c: Act(calls(n[:-1] + "x", json.dumps(g))),
    "argument missing": lambda n, g, c: Act(calls(n, json.dumps(_without(g)))),
    "wrong type": lambda n, g, c: Act(calls(n, json.dumps(_mistyped(g)))),
    "unknown argument": lambda n, g, c: Act(calls(n, json.dumps({**g, "colour": "red"}))),
    "Hermes tags": lambda n, g, c: Act(says(*_pieces(f"<tool_call>\n{_inner(n, g)}\n</tool_call>"))),
    "fence": lambda n, g, c: Act(says(*_pieces(f"```json\n{_inner(n, g)}\n```"))),
    "Mistral text": lambda n, g, c: Act(says(*_pieces(f"[TOOL_CALLS][{_inner(n, g)}]"))),
    "XML tags": lambda n, g, c: Act(says(*_pieces(_xml(n, g)))),
    "tags cut": lambda n, g, c: Act(says(*_pieces(f"<tool_call>\n{_inner(n, g)[:-6]}"))),
    "announced only": lambda n, g, c: Act(says(f"I will now call the {n} tool.")),
    "described only": lambda n, g, c: Act(says(f"Let me use {n} to look at it first.")),
}
"""Broken ways to make a call; `c` is the chance of this attempt."""

WORDS: dict[str, Callable[[str, Random], Act]] = {
    "raw marks": lambda words, c: Act(says(words, "<|im_start|>user\n", "go on")),
    "thought left open": lambda words, c: Act(says(words, "</think>", words)),
}
"""Broken ways to say words."""

_BOTH: dict[str, Callable[[Act, Random], Act]] = {
    "status 500": lambda act, c: _status(500, "Unexpected empty grammar stack"),
    "status 400": lambda act, c: _status(400, "the template raised an exception"),
    "a page": lambda act, c: _page(),
    "nothing at all": lambda act, c: Act(b""),
    "empty answer": lambda act, c: Act(says()),
    "error event": lambda act, c: _error_event(chunk({"role": "assistant", "content": None})),
    "error event in the middle": lambda act, c: _error_event(act.body[: act.body.index(b"\n\n") + 2]),
    "reset": lambda act, c: _cut(act, c, politely=False),
    "ended early": lambda act, c: _cut(act, c, politely=True),
    "goes in circles": lambda act, c: _loop(c),
    "hangs for good": _hung,
    "slow": _slow,
}


def _of_call(spoil: Callable[[Act, Random], Act]) -> Break:
    return lambda name, given, chance: spoil(answer((name, given)), chance)


def _of_words(spoil: Callable[[Act, Random], Act]) -> Callable[[str, Random], Act]:
    return lambda words, chance: spoil(answer(words), chance)


CALLS |= {kind: _of_call(spoil) for kind, spoil in _BOTH.items()}
WORDS |= {kind: _of_words(spoil) for kind, spoil in _BOTH.items()}
