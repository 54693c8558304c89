"""Calls: what agents send in the soak – talks that grow and end, in bodies of several sizes, some spoiled."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.kit import bodies
from tests.kit.raw import post, request
from tests.kit.traffic_bodies import filler
from tests.prove.soak.faults import LEAVES, LOCAL, UPSTREAM, WIRES, Leave, spoiled

KINDS = {"stream": 62, "whole": 14, "local": 8, "chat": 5, "count": 8, "models": 1, "hello": 2}
"""What is asked, in percent."""
SYSTEMS = {700: 50, 5_000: 39, 25_000: 10, 125_000: 1}
"""Tokens of a talk's system prompt, and of how many talks in a hundred."""
WORDS = (
    "Find out why the scheduler loses a job when two threads finish at once, and mend it.",
    "Add a docstring to the function parse_header in src/http/parse.py.",
    "Rename the variable tmp to remainder everywhere in src/totals.py.",
    "Explain how the retry logic works, and say what happens on the third failure.",
)
SECRET = "Rotate the signing key of the login service and check who may read the credentials file."
"""What one talk in eight is about: no local model ever sees it."""
TALKS = 40
"""Talks that are under way at once."""
LONGEST = 12


@dataclass(frozen=True)
class Call:
    """One request as it goes over the wire; `fault` is empty where nothing is to go wrong."""

    kind: str
    wire: bytes
    fault: str = ""
    leave: Leave = ""

    @property
    def is_plain(self) -> bool:
        """Whether it has to be answered in full."""
        return not self.fault


class Talk:
    """One conversation: a system prompt, and messages that become more with every call."""

    def __init__(self, number: int, chance: random.Random) -> None:
        self.session = f"soak-{number}"
        self.left = chance.randint(2, LONGEST)
        self.about = (SECRET,) if number % 8 == 0 else WORDS
        fields = bodies.main_turn("", inline=False)
        (tokens,) = chance.choices(list(SYSTEMS), list(SYSTEMS.values()))
        fields["system"][2]["text"] = filler(tokens, str(tokens * 100 + number % 100))
        del fields["messages"], fields["stream"]
        fields["max_tokens"] = 2000
        self._fields = bodies.encode(fields)[:-1]
        self._messages: list[bytes] = []

    def body(self, text: str, *, stream: bool) -> bytes:
        """Give the body of the next call, which says this."""
        self.left -= 1
        asked = bodies.encode(bodies.user(text))
        messages = b",".join([*self._messages, asked])
        self._messages += [asked, bodies.encode(bodies.said("I have looked at it. " * 20))]
        return b'%b,"stream":%b,"messages":[%b]}' % (self._fields, b"true" if stream else b"false", messages)


class Calls:
    """Draws calls without end, the same ones for the same seed."""

    def __init__(self, url: str, faults: float, seed: int = 1) -> None:
        self._url, self._faults, self._chance = url, faults, random.Random(seed)
        self._numbers = itertools.count()
        self._talks = [self._talk() for _ in range(TALKS)]

    def __iter__(self) -> Iterator[Call]:
        return self

    def __next__(self) -> Call:
        if self._chance.random() < self._faults:
            return self._spoiled()
        (kind,) = self._chance.choices(list(KINDS), list(KINDS.values()))
        match kind:
            case "stream" | "whole" | "local" | "chat":
                return self._asked(kind)
            case "count":
                return Call(kind, self._post(self._count(), "/v1/messages/count_tokens"))
            case "models":
                return Call(kind, request(self._url, "GET", "/v1/models"))
            case _:
                return Call(kind, request(self._url, "HEAD", "/"))

    def _asked(self, kind: str) -> Call:
        stream = kind == "stream" or (kind != "whole" and self._chance.random() < 0.7)
        if kind == "chat":
            text = f"{self._chance.choice(WORDS)} [[out:60]]"
            body = {"model": "claude-sonnet-5-5", "max_tokens": 500, "stream": stream}
            return Call(kind, self._post(json.dumps(body | _said(text)).encode(), "/v1/chat/completions"))
        route = "local" if kind == "local" else self._chance.choice(("cloud",) * 5 + ("",))
        return Call(kind, self._message(self._directives(), stream=stream, route=route))

    def _directives(self) -> str:
        """Say how Claude answers: mostly at once, now and then as slowly as it does."""
        dice = self._chance.random()
        if dice < 0.3:
            return f"[[long:{self._chance.randint(3, 12)}:{self._chance.randint(10, 60)}]]"
        return f"[[out:{self._chance.randint(10, 600)}]] [[ttft:{self._chance.choice((0, 0, 20, 200))}]]"

    def _spoiled(self) -> Call:
        whose = self._chance.choices(("upstream", "leave", "wire", "local"), (45, 25, 20, 10))[0]
        stream = self._chance.random() < 0.8
        match whose:
            case "upstream":
                fault = self._chance.choice(UPSTREAM)
                text = f"[[fault:{fault}]] [[out:{self._chance.randint(20, 400)}]]"
                return Call(whose, self._message(text, stream=stream, route="cloud"), fault)
            case "leave":
                leave = self._chance.choice(list(LEAVES))
                return Call(whose, self._message(LEAVES[leave], stream=True, route="cloud"), f"leave {leave}", leave)
            case "local":
                fault = self._chance.choice(list(LOCAL))
                leave: Leave = "waiting" if fault == "hang" else ""
                text = f"{WORDS[1]} [[local:{fault}]]"
                return Call(whose, self._message(text, stream=stream, route="local"), f"local {fault}", leave)
            case _:
                fault = self._chance.choice(WIRES)
                return Call(
                    whose, spoiled(fault, self._url, self._message("[[out:9]]", stream=stream)), f"wire {fault}"
                )

    def _message(self, directives: str, *, stream: bool, route: str = "cloud") -> bytes:
        talk = self._next_talk()
        body = talk.body(f"{self._chance.choice(talk.about)} {directives}", stream=stream)
        headers = {"x_claude_code_session_id": talk.session}
        return self._post(body, "/v1/messages?beta=true", **headers, **({"x_bursar_route": route} if route else {}))

    def _count(self) -> bytes:
        fields = {"model": "claude-sonnet-5-5", **_said(filler(self._chance.choice((100, 3000)), "count"))}
        return json.dumps(fields).encode()

    def _post(self, body: bytes, path: str, **headers: str) -> bytes:
        return post(self._url, body, path, **headers)

    def _next_talk(self) -> Talk:
        place = self._chance.randrange(TALKS)
        if not self._talks[place].left:
            self._talks[place] = self._talk()
        return self._talks[place]

    def _talk(self) -> Talk:
        return Talk(next(self._numbers), self._chance)


def _said(text: str) -> dict[str, list[dict[str, str]]]:
    return {"messages": [{"role": "user", "content": text}]}
