"""Bodies of requests, mangled by structure and by the letter, in every mode and both dialects, at every POST path.

Each is answered with 200 or a 4xx in the caller's dialect; of a refused one no byte goes to Claude, and in local mode
of none; nothing stays held; and what Claude billed, bursar knows.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from tests.fuzz.agents import chat_body, messages_body, talk
from tests.fuzz.mutate import STRINGS, misspelled, mutated, spelled
from tests.fuzz.rig import Tail, Watch
from tests.fuzz.run import Run
from tests.kit.bursar import Bursar, Entry
from tests.kit.fake_claude import FakeClaude, Received
from tests.kit.local_fake import Act, LocalFake, calls, local_fake, says
from tests.kit.raw import Answer, Client, Truncated, post

POOR = "cloud, no money"
MODES = ("cloud", "auto", "local", "observe", POOR)
BATCH = 40
"""Inputs between two looks at the books; they are all sent in one mode."""
WORKERS = 4
STEPS = 5
"""Inputs of one conversation that come after each other."""
LIMIT_S = 60.0
CHAT = "/v1/chat/completions"
COUNT = "/v1/messages/count_tokens"
PATHS = ("/v1/messages", "/v1/messages?beta=true", "/v1/messages", COUNT, CHAT, CHAT)
OTHERS = ("/v1/responses", "/v1/complete", "/v1/messages/batches", "/v1/embeddings", "/v1/models", "/health", "/")
CLAUDE = "anthropic"


@dataclass
class Input:
    """One request: its wire form is made of the dice alone."""

    number: int
    path: str
    body: bytes
    headers: dict[str, str]
    answer: Answer | None = None
    trouble: str = ""
    seen: list[Received] = field(default_factory=list)
    """What Claude got of it."""

    @property
    def told(self) -> bytes:
        """Give it in a form that can be read and tried again."""
        return f"POST {self.path} {self.headers}\n".encode() + self.body


def fuzz(run: Run) -> None:
    """Try the run's bodies."""
    with _rigs(run) as rig:
        for place, batch in groupby(run.cases(), key=lambda case: case[0] // BATCH):
            mode = MODES[place % len(MODES)]
            rig(mode).try_all(mode, [_made(run, number, dice) for number, dice in batch])


@dataclass
class _Rig:
    run: Run
    bursar: Bursar
    fake: FakeClaude
    local: LocalFake
    mode: str = ""
    seen: int = 0
    billed: int = 0

    def __post_init__(self) -> None:
        self.watch, self.tail = Watch(self.bursar, self.run), Tail(self.bursar)

    def try_all(self, mode: str, inputs: list[Input]) -> None:
        if mode != self.mode:
            self.bursar.mode(mode.partition(",")[0])
            self.mode = mode
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(self._ask, (inputs[at::WORKERS] for at in range(WORKERS))))
        self.watch.look(inputs[0].number, b"\n".join(each.told for each in inputs))
        self._find_upstream(inputs)
        for each in inputs:
            self._judge(each)
        self._compare_books(inputs)

    def _ask(self, inputs: list[Input]) -> None:
        """Send some, one after another, over one connection as long as it lasts."""
        client = Client(self.bursar.url, timeout_s=LIMIT_S)
        for each in inputs:
            try:
                client.send(post(self.bursar.url, each.body, each.path, **each.headers))
                each.answer = client.answer()
            except Truncated as broken:
                each.trouble = f"broken off: {broken.wire[-300:]!r}"
            except TimeoutError:
                each.trouble = "nothing came"
            except OSError as error:
                each.trouble = f"{error!r}"
            if each.answer is None or each.answer.headers.get("connection") == "close":
                client.close()
                client = Client(self.bursar.url, timeout_s=LIMIT_S)
        client.close()

    def _find_upstream(self, inputs: list[Input]) -> None:
        by_tag = {f"fuzz/{each.number}": each for each in inputs}
        got = self.fake.requests(self.seen, bodies=False)
        self.seen += len(got)
        for received in got:
            by_tag[received.header("user-agent") or ""].seen.append(received)
        is_local = any(
            each.answer and each.answer.headers.get("x-bursar-route", "").startswith("box") for each in inputs
        )
        if self.mode in ("cloud", "observe", POOR) and self.local.requests and not is_local:
            self.run.wrong("leak", inputs[0].number, "the local server was asked", inputs[0].told)
        self.local.requests.clear()
        self.local.headers.clear()

    def _judge(self, each: Input) -> None:
        self.run.ends[f"{self.mode}: {_end(each)}"] += 1
        for kind, why in _faults(each, self.mode):
            self.run.wrong(kind, each.number, f"{self.mode}: {why}", each.told)  # type: ignore[arg-type]

    def _compare_books(self, inputs: list[Input]) -> None:
        """Compare each line of Claude's bill with its entry; what bursar knows may be more and never less."""
        lines = self.fake.bill(self.billed)["lines"]
        self.billed += len(lines)
        entries = {entry.upstream_id: entry for entry in self.tail.new() if entry.upstream_id}
        for line in lines:
            if why := _undercharged(line, entries.get(line["request_id"])):
                told = b"\n".join(each.told for each in inputs)
                self.run.wrong("wrong", inputs[0].number, why, told)
        if min((entry.charged for entry in entries.values()), default=0) < 0:
            self.run.wrong("wrong", inputs[0].number, "an entry is negative", inputs[0].told)


@contextmanager
def _rigs(run: Run) -> Iterator[Callable[[str], _Rig]]:
    """Give the bursar for a mode, each with upstreams of its own: one has money and a local server, one neither."""
    rigs: dict[bool, _Rig] = {}
    with ExitStack() as stack:

        def rig(mode: str) -> _Rig:
            is_poor = mode == POOR
            if is_poor not in rigs:
                fake = stack.enter_context(FakeClaude())
                local = stack.enter_context(local_fake(_act))
                box = {"name": "box", "url": local.url, "kind": "openai", "models": ["fake-model"], "context": 32768}
                servers = () if is_poor else (box | {"tools": True},)
                money = (
                    {"budget": "0.00001", "cutoff": "0.00001"} if is_poor else {"budget": "90000", "cutoff": "100000"}
                )
                home = run.folder / ("poor" if is_poor else "rich")
                bursar = stack.enter_context(Bursar(home, fake.url, mode=None, local_servers=servers, **money))
                rigs[is_poor] = _Rig(run, bursar, fake, local)
            return rigs[is_poor]

        yield rig


def _act(body: dict[str, Any]) -> Act:
    return _ACTS[len(json.dumps(body)) % len(_ACTS)]


_ACTS = (Act(says("Hello ", "there.")), Act(calls("Read", '{"file_path":"a.py"}')), Act(says("x" * 500)))


def _made(run: Run, number: int, dice: random.Random) -> Input:
    """Make one request: most are bodies of agents, a few places of them changed."""
    if dice.random() < 0.3:
        return _talked(run, number, dice)
    path = dice.choice(PATHS) if dice.random() < 0.95 else dice.choice(OTHERS)
    fields = chat_body(dice) if path == CHAT else messages_body(dice)
    if "metadata" in fields and dice.random() < 0.9:
        del fields["metadata"]  # It names a session, and one that was restricted once stays so.
    if path == COUNT:
        for name in ("max_tokens", "stream"):
            fields.pop(name, None)
    body = spelled(mutated(fields, dice, dice.choice((0, 1, 1, 1, 2, 2, 3, 5))), dice)
    if dice.random() < 0.25:
        body = misspelled(body, dice)
    return Input(number, path, body, {"user_agent": f"fuzz/{number}", **_odd_headers(dice)})


def _talked(run: Run, number: int, dice: random.Random) -> Input:
    """Make one of a few requests of the same session and turn, so that what is remembered of it plays a part."""
    same = number // WORKERS // STEPS * WORKERS + number % WORKERS  # A worker sends every fourth input.
    fields = talk(number // WORKERS % STEPS, random.Random(f"{run.name} {run.seed} talk {same}"))
    body = spelled(mutated(fields, dice, dice.choice((0, 0, 1, 1, 2))), dice)
    headers = {"user_agent": f"fuzz/{number}", "x_claude_code_session_id": f"talk-{run.seed}-{same}"}
    return Input(number, "/v1/messages?beta=true", body, headers)


def _odd_headers(dice: random.Random) -> dict[str, str]:
    """Give the headers that tell who asks, strange ones among them; a mutated prompt is a session of its own."""
    if dice.random() < 0.5:
        return {}
    words = [word for word in STRINGS if word.isprintable() and word.isascii() and len(word) < 500]
    names = ("x_claude_code_session_id", "x_claude_code_agent_id", "x_bursar_route", "x_bursar_project", "x_session_id")
    more = ("anthropic_beta", "x_stainless_retry_count", "accept_encoding", "authorization", "x_bursar_whatever")
    known = (
        "local",
        "cloud",
        "interleaved-thinking-2025-05-14",
        "gzip",
        "identity",
        "1",
        "99999999999999999999",
        "a,b",
    )
    return {dice.choice(names + more): dice.choice(known + tuple(words)) for _ in range(dice.randrange(1, 3))}


def _end(each: Input) -> str:
    if each.answer is None:
        return "none"
    return f"{each.answer.status} by {each.answer.headers.get('x-bursar-route', 'bursar').partition('/')[0]}"


def _faults(each: Input, mode: str) -> Iterator[tuple[str, str]]:
    """Say what is wrong with one answer."""
    if each.answer is None:
        yield ("hang" if each.trouble == "nothing came" else "wrong"), each.trouble
        return
    answer = each.answer
    by_claude = answer.headers.get("x-bursar-route", "").startswith(CLAUDE)
    if answer.status >= 500:
        yield "5xx", f"{answer.status} {answer.body[:500]!r}"
    if answer.status != 200 and not 400 <= answer.status < 500:
        yield "wrong", f"status {answer.status}"
    # What the tokens of a request are that does not fit may be asked before it is refused: that is free.
    sent = [got for got in each.seen if each.path == COUNT or got.target.partition("?")[0] != COUNT]
    if answer.status >= 400 and not by_claude and sent:
        yield "leak", f"Claude was asked, and the answer is {answer.body[:300]!r}"
    if mode == "local" and each.seen:
        yield "leak", "Claude was asked"
    if len(sent) > 1:
        yield "leak", f"Claude was asked {len(sent)} times"
    if (
        answer.status == 200
        and not _is_strict(each.body)
        and each.path.startswith("/v1/m")
        and each.path != "/v1/models"
    ):
        yield "wrong", "taken, although it is no JSON of one meaning"
    if why := _misworded(each.path, answer):
        yield "wrong", f"{why}: {answer.status} {answer.body[:300]!r}…{answer.body[-200:]!r}"


def _misworded(path: str, answer: Answer) -> str:
    """Say what in an answer is not in the caller's dialect."""
    try:
        if answer.status == 200:
            return _broken_answer(path, answer) if answer.headers["content-type"] != "text/plain; charset=utf-8" else ""
        error = answer.json["error"]
        is_openai = path.startswith((CHAT, "/v1/responses", "/v1/embeddings"))
        if not isinstance(error["message"], str) or not error["message"]:
            return "no message"
        return "" if is_openai == ("type" not in answer.json) else "the other dialect's error"
    except (ValueError, KeyError, TypeError, IndexError) as trouble:
        return f"not readable ({trouble!r})"


def _broken_answer(path: str, answer: Answer) -> str:
    if answer.headers["content-type"].startswith("text/event-stream"):
        if path == CHAT:
            return "" if answer.body.endswith(b"data: [DONE]\n\n") or b'"error"' in answer.body else "no [DONE]"
        return "" if answer.events[-1][0] in ("message_stop", "error") else "no end"
    wanted = {CHAT: "choices", COUNT: "input_tokens", "/health": "status", "/v1/models": "data"}.get(path, "usage")
    return "" if wanted in answer.json else f"no {wanted}"


def _is_strict(text: bytes) -> bool:
    """Tell by the standard library whether a text is JSON in which no key comes twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError
        return dict(pairs)

    def never(_: str) -> None:
        raise ValueError

    try:
        json.loads(text.decode(), object_pairs_hook=once, parse_constant=never)
    except (ValueError, RecursionError):
        return False
    return True


def _undercharged(line: dict[str, Any], entry: Entry | None) -> str:
    if entry is None:
        return f"{line['picos']} were billed, and there is no entry: {line}"
    if entry.charged < line["picos"]:
        return f"{line['picos']} were billed and {entry.charged} charged: {line} {entry}"
    return ""
