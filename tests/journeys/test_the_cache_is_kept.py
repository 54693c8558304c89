"""A person switches the cache keeper on: their conversation stays in Claude's cache, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.fake_claude import KEY, FakeClaude
from tests.kit.raw import Answer, ask
from tests.prove.day.keeping import Kept

CANARY = "the quick canary is kept warm"
NINE = 9 * 3600.0
MARK = {"cache_control": {"type": "ephemeral"}}


@pytest.fixture
def bursar(fake: FakeClaude, tmp_path: Path) -> Iterator[Kept]:
    with Kept(tmp_path / "home", fake.url, budget="100.00") as bursar:
        bursar.turn_to(NINE)
        yield bursar
    fake.turn_to(None)


def asks(bursar: Kept, *said: str) -> Answer:
    """Ask with a long prompt that is marked for the cache."""
    system = [{"type": "text", "text": f"{CANARY} " * 4000} | MARK]
    roles = ("user", "assistant")
    messages: list[Any] = [
        {"role": roles[number % 2], "content": [{"type": "text", "text": words}]} for number, words in enumerate(said)
    ]
    messages[-1]["content"][0] |= MARK
    body = {"model": "claude-opus-5-5", "max_tokens": 500, "stream": True, "system": system, "messages": messages}
    return ask(bursar.url, body, x_claude_code_session_id="s1")


def on_disk(folder: Path) -> list[str]:
    """Name the files that hold a word of the conversation, or the key."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files for word in (CANARY, KEY) if word.encode() in path.read_bytes()]


def pinged(fake: FakeClaude) -> int:
    """Count the requests for no output."""
    return sum(b'"max_tokens": 0' in (one.body or b"") for one in fake.requests(path="/v1/messages"))


def test_switched_on_it_keeps_the_cache_and_says_what_that_came_to(bursar: Kept, fake: FakeClaude) -> None:
    asks(bursar, "one")
    bursar.turn_to(NINE + 400)
    assert pinged(fake) == 0
    said = json.loads(bursar.command("keeper", "on", "--json").stdout)
    assert said["enabled"] is True
    assert "[keeper]\nenabled = true" in (bursar.home / "config.toml").read_text(encoding="utf-8")
    asks(bursar, "one", "said", "two")
    bursar.turn_to(NINE + 800)
    assert pinged(fake) == 1
    asks(bursar, "one", "said", "two", "said", "three")
    bursar.settled()
    words = bursar.command("keeper").stdout
    assert "the cache keeper is on: at most $2.00 a day, not for Pro and Max plans" in words
    assert "today: 1 ping for $0.0" in words
    assert "(0 of them in vain) kept $0.1" in words
    assert bursar.status()["keeper"]["now"]["kept"] == 1


def test_switched_off_it_lets_go_of_all_at_once(bursar: Kept, fake: FakeClaude) -> None:
    bursar.command("keeper", "on")
    asks(bursar, "one")
    assert bursar.command("keeper", "off").stdout.startswith("the cache keeper is off")
    bursar.turn_to(NINE + 800)
    assert pinged(fake) == 0


def test_no_word_of_what_is_kept_is_on_disk_and_a_kill_leaves_nothing(bursar: Kept, fake: FakeClaude) -> None:
    bursar.command("keeper", "on")
    asks(bursar, "one")
    bursar.turn_to(NINE + 300)
    assert pinged(fake) == 1
    bursar.settled()
    assert on_disk(bursar.home) == []
    bursar.kill()
    assert on_disk(bursar.home) == []
    bursar.start()
    bursar.turn_to(NINE + 900)
    assert pinged(fake) == 1
