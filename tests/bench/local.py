"""What bursar adds behind a local model's last token, and how much of a prompt its server finds in its cache again.

`python -m tests.bench.local [--requests N]`. First table: from the moment the server's last byte is out to the moment
the agent has its last event, for answers of the real llama.cpp (a tiny model, far quicker than any of use) and for ones
paced like those of a real model. Second: the tokens that llama.cpp reports as cached, turn by turn of a conversation
that grows as Claude Code's does – through bursar, and through llama.cpp's own /v1/messages.
"""

from __future__ import annotations

import argparse
import json
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.kit import bodies
from tests.kit.bursar import Bursar
from tests.kit.llama.scripts import call
from tests.kit.llama.server import LlamaServer
from tests.kit.llama.server import start as start_llama
from tests.kit.llama.templates import HERMES
from tests.kit.local_fake import Act, calls, local_fake, says
from tests.kit.raw import Answer, ask, eventually, message
from tests.kit.tap import Exchange, Tap

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"name": "get_weather", "description": "Tells the weather.", "input_schema": CITY}]
NOWHERE = "http://127.0.0.1:9"
"""Where Claude would be: nothing of this may go there."""

PACED_TOKENS, PACED_S = 100, 0.02  # Fifty tokens a second.
WORDS = says(*[f"word{number} " for number in range(PACED_TOKENS)])
ARGUMENTS = json.dumps({"city": "Paris " * PACED_TOKENS})


class TimedTap(Tap):
    """A tap that notes when the last bytes of each answer came from the server."""

    def __init__(self, server: str) -> None:
        super().__init__(server)
        self.last: dict[int, float] = {}
        """By the exchange's identity, the moment on the monotonic clock."""

    def _down(self, server: socket.socket, client: socket.socket, current: list[Exchange]) -> None:
        with suppress(OSError):
            while data := server.recv(1 << 16):
                self.last[id(current[-1])] = time.monotonic()
                current[-1].answer += data
                client.sendall(data)
        for end in (server, client):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@dataclass(frozen=True)
class Row:
    """What one kind of answer showed, in seconds."""

    name: str
    behind: tuple[float, ...]  # From the server's last byte to the agent's last event.
    whole: tuple[float, ...]  # The whole answer, as the agent sees it.


def timed(name: str, server: str, kind: str, body: dict[str, Any], count: int, home: Path) -> Row:
    """Ask so often, one after the other, and time each answer."""
    setting = {"name": "box", "url": "", "kind": kind, "context": 32768, "tools": True}
    behind, whole = [], []
    with TimedTap(server) as tap:
        models = {"models": ["fake-model"]} if kind == "openai" else {}
        with Bursar(home, NOWHERE, local_servers=(setting | models | {"url": tap.url},), mode="local") as bursar:
            known(bursar)
            ask(bursar.url, body)  # Imports and connections are not what is measured.
            for _ in range(count):
                began = time.monotonic()
                answer = ask(bursar.url, body)
                ended = time.monotonic()
                assert answer.status == 200, answer.body
                chat = next(one for one in reversed(tap.exchanges) if one.line.startswith("POST /v1/chat"))
                behind.append(ended - tap.last[id(chat)])
                whole.append(ended - began)
    return Row(name, tuple(behind), tuple(whole))


def known(bursar: Bursar) -> None:
    """Wait until it has found its local server."""
    eventually(lambda: all(local["healthy"] for local in bursar.status()["locals"]))


def behind_the_last_token(requests: int, folder: Path, llama: LlamaServer) -> list[Row]:
    """Measure all kinds of answers."""

    def asked(words: str, *, stream: bool, tools: bool) -> dict[str, Any]:
        return message(words, max_tokens=2000, stream=stream, **({"tools": TOOLS} if tools else {}))

    rows = [
        timed("llama.cpp, words, streamed", llama.url, "llamacpp", asked("[[long]]", stream=True, tools=False),
              requests, folder / "a"),
        timed("llama.cpp, call, streamed", llama.url, "llamacpp", asked("[[weather]]", stream=True, tools=True),
              requests, folder / "b"),
        timed("llama.cpp, call, whole", llama.url, "llamacpp", asked("[[weather]]", stream=False, tools=True),
              requests, folder / "c"),
    ]  # fmt: skip
    call_body = calls("get_weather", ARGUMENTS, pieces=PACED_TOKENS)
    for name, body, tools in (("words", WORDS, False), ("call", call_body, True)):
        act = Act(body, piece=-(-len(body) // PACED_TOKENS), between_s=PACED_S)
        with local_fake(act) as local:
            rows.append(
                timed(f"50 tokens/s, {name}, streamed", local.url, "openai", asked("hi", stream=True, tools=tools),
                      max(5, requests // 10), folder / name),
            )  # fmt: skip
    return rows


@dataclass(frozen=True)
class Reuse:
    """The prompt of one turn: its tokens, and how many of them the server had in its cache."""

    prompt: int
    cached: int


def conversation(session: str, build: str, turns: int) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """Grow a conversation as Claude Code does: results in, a reminder behind the newest, a billing line by session."""
    manual = " ".join(f"Rule {number}: do one thing at a time and say what you did." for number in range(400))
    system = [*bodies.system(build)[:2], bodies.text(manual, **bodies.MARK)]
    tools = [bodies.tool(f"{one['name']}", *one["input_schema"]["properties"]) for one in bodies.TOOLS]
    tools = [{**one, "description": f"{one['name']} " + "does its part of the work. " * 60} for one in tools]
    history: list[dict[str, Any]] = []
    for turn in range(turns):
        aside = {"role": "system", "content": f"The date is 2026-11-21; the shell is bash. {'Note. ' * 200}"}
        first = bodies.user("Read the notes, please. [[start]]")
        yield (
            bodies.main_turn("", inline=False, stream=False, max_tokens=400)
            | {"system": system, "tools": tools, "messages": [first, aside, *history]},
            bodies.headers(session),
        )
        text = f"Part {turn}. " + " ".join(f"Line {line} of part {turn}." for line in range(60)) + f" [[part{turn}]]"
        for message_ in history:  # What was behind the newest result is taken out of older ones.
            message_["content"] = message_["content"][:1]
        history += [bodies.call("Read", f"toolu_{turn}", file_path=f"part{turn}.txt"),
                    bodies.result(text, f"toolu_{turn}")]  # fmt: skip


def prefixes(url: str, turns: int, *, own: bool) -> list[Reuse]:
    """Hold two conversations, the second in a new session, and note each prompt's reuse."""
    found = []
    for session, build in (
        ("0d5f7a4e-1111-4222-8333-444455556666", "a1b"),
        ("1d5f7a4e-1111-4222-8333-444455556666", "f0c"),
    ):
        for body, headers in conversation(session, build, turns):
            told = {name.replace("-", "_"): value for name, value in headers.items()}
            answer: Answer = ask(url, {**body, "model": "tiny-scripted"} if own else body, **told)
            assert answer.status == 200, answer.body[:500]
            usage = answer.json["usage"]
            cached = usage.get("cache_read_input_tokens", 0)
            found.append(Reuse(usage["input_tokens"] + cached, cached))
    return found


@contextmanager
def a_server(**options: Any) -> Iterator[LlamaServer]:
    """Run one llama.cpp server."""
    server = start_llama(**options)
    try:
        yield server
    finally:
        server.stop()


def reuse(turns: int, folder: Path) -> dict[str, list[Reuse]]:
    """Measure through bursar and through the server's own endpoint, each on a server of its own."""
    parts = {f"part{turn}": call("Read", {"file_path": f"part{turn + 1}.txt"}) for turn in range(turns)}
    scripts = {**parts, "start": call("Read", {"file_path": "part0.txt"})}
    options: dict[str, Any] = {"template": HERMES, "scripts": scripts, "usual": {"text": "Yes.", "after_tool": "Done."}}
    found = {}
    with a_server(**options, parallel=1) as server:
        setting = {"name": "box", "url": server.url, "kind": "llamacpp", "tools": True}
        with Bursar(folder / "home", NOWHERE, local_servers=(setting,), mode="local") as bursar:
            known(bursar)
            found["through bursar"] = prefixes(bursar.url, turns, own=False)
    with a_server(**options, parallel=1) as server:
        found["llama.cpp's own /v1/messages"] = prefixes(server.url, turns, own=True)
    return found


def at(values: tuple[float, ...], part: float) -> float:
    """Give the value below which this part of them lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def tell(rows: list[Row], found: dict[str, list[Reuse]]) -> None:
    """Print both tables, as markdown."""
    print(
        "| from the last local byte to the agent's last event | answers | p50 ms | p99 ms | p50 of the whole answer |"
    )
    print("|---|---|---|---|---|")
    for row in rows:
        share = median(row.behind) / median(row.whole)
        figures = f"{median(row.behind) * 1000:.2f} | {at(row.behind, 0.99) * 1000:.2f} | {share:.1%}"
        print(f"| {row.name}, {median(row.whole):.2f} s | {len(row.behind)} | {figures} |")
    turns = len(next(iter(found.values()))) // 2
    heads = [f"{'new session, ' if place // turns else ''}turn {place % turns + 1}" for place in range(2 * turns)]
    print(f"\n| cached tokens of the prompt's | {' | '.join(heads)} | all but the first |")
    print("|---" * (2 * turns + 2) + "|")
    for name, turns_ in found.items():
        told = [f"{one.cached:,} of {one.prompt:,}" for one in turns_]
        share = sum(one.cached for one in turns_[1:]) / sum(one.prompt for one in turns_[1:])
        print(f"| {name} | {' | '.join(told)} | {share:.0%} |")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        llama = stack.enter_context(a_server())
        rows = behind_the_last_token(options.requests, Path(folder), llama)
        tell(rows, reuse(options.turns, Path(folder)))


if __name__ == "__main__":
    main()
