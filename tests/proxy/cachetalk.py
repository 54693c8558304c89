"""A conversation whose every part a test can change, sent through a running proxy at moments of its own."""

import copy
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.kit.bodies import tool
from tests.kit.inproc import InProcess
from tests.kit.raw import ask
from tests.kit.scripted import eventually

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MODEL = "claude-sonnet-5-5"
MARK = {"cache_control": {"type": "ephemeral"}}
WORDS = "The quick brown fox reads a file and writes a test before it rests. "
SECRET = "a word that must never be on disk"

Fields = dict[str, Any]


@dataclass
class Talk:
    """One agent's conversation; the next request sends all of it, with a breakpoint on the last block."""

    proxy: InProcess
    session: str = "s1"
    agent: str = ""
    fields: Fields = field(default_factory=dict)
    messages: list[Fields] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fields = {
            "model": MODEL,
            "max_tokens": 1000,
            "tools": [tool("Bash", "command"), tool("Edit", "path", "old"), tool("Read", "path")],
            "system": [text("You are an agent. " + WORDS * 200), text(SECRET + " " + WORDS * 100) | MARK],
            **self.fields,
        }

    def say(self, at: float, *, words: int = 60, ttft: int = 0, images: int = 0, **changes: Any) -> Fields:
        """Ask at this many seconds after noon; gives the usage of the answer, which stays in the conversation.

        `changes` of fields are for this request and all later ones.
        """
        self.fields.update(changes)
        moment = NOON + timedelta(seconds=at)
        self.proxy.now = lambda: moment
        head = f"[[at:{moment.timestamp()}]] [[out:20]] [[ttft:{ttft}]] {len(self.messages)} "
        asked = {"role": "user", "content": [*([IMAGE] * images), text(head + WORDS * words)]}
        self.messages.append(asked)
        answer = ask(self.proxy.url, self.body(), **self.headers)
        assert answer.status == 200, answer.body
        self.messages.append({"role": "assistant", "content": answer.json["content"]})
        usage: Fields = answer.json["usage"]
        return usage

    def body(self) -> Fields:
        """Give the request as it is sent."""
        messages = copy.deepcopy(self.messages)
        messages[-1]["content"][-1] |= MARK
        return {**self.fields, "messages": messages}

    @property
    def headers(self) -> dict[str, str]:
        """Give what tells sessions and sub-agents apart."""
        named = {"x_claude_code_session_id": self.session}
        return named | ({"x_claude_code_agent_id": self.agent} if self.agent else {})


IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aaaa"}}


def text(words: str) -> Fields:
    """Make a block of text."""
    return {"type": "text", "text": words}


def rows(proxy: InProcess, query: str) -> list[tuple[Any, ...]]:
    """Ask the ledger's database."""
    with closing(sqlite3.connect(proxy.ledger.file)) as connection:
        return connection.execute(query).fetchall()


def looked_at(proxy: InProcess, number: int) -> None:
    """Wait until so many requests have been judged."""
    proxy.entries(number)
    assert eventually(lambda: rows(proxy, "SELECT count(*) FROM cache_looked")[0][0] >= number)
    assert proxy.ledger.check() == []


def misses(proxy: InProcess, number: int, columns: str) -> list[tuple[Any, ...]]:
    """Read what the last of so many requests missed."""
    looked_at(proxy, number)
    last = "(SELECT max(entry_id) FROM cache_looked)"
    return rows(proxy, f"SELECT {columns} FROM cache_misses WHERE entry_id = {last} ORDER BY number")


def cached(usage: Fields) -> int:
    """Count the tokens that are in the cache after an answer."""
    return int(usage["cache_read_input_tokens"] + usage["cache_creation_input_tokens"])


def charged(usage: Fields) -> int:
    """Count the tokens that were not read."""
    return int(usage["input_tokens"] + usage["cache_creation_input_tokens"])


def dump(proxy: InProcess) -> str:
    """Write all that is kept of cache misses."""
    return json.dumps([rows(proxy, f"SELECT * FROM {name}") for name in TABLES])


TABLES = ("cache_looked", "cache_misses", "cache_days", "cache_lives")
