"""Claude's answers, spoiled in what they say, in how they are spelled, framed and cut, to both dialects.

What is relayed is the beginning of what Claude sent, to the byte; an answer ends well only where Claude's did; whatever
cannot be metered is charged as the hold; and nothing of it is worth a fault in the log.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import socket
import struct
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby

from pricing.table import PriceTable
from pricing.usage import Usage
from tests.fuzz.answers_made import TOKENS_IN, TOKENS_OUT, Reply, made
from tests.fuzz.framing import plain
from tests.fuzz.rig import Tail, Watch
from tests.fuzz.run import Kind, Run
from tests.kit.bursar import Bursar, Entry
from tests.kit.raw import Client, Truncated, post, unchunked

BATCH = 100
AT_ONCE = 16
LIMIT_S = 60.0
TAG = re.compile(rb"fuzz-(\d+)\.")
CHAT = "/v1/chat/completions"
MODEL = "claude-haiku-5-5"
OURS = b'event: error\ndata: {"type": "error", "error": {"type": "api_error", "message": "bursar'


@dataclass
class Case:
    """One answer of Claude's, and what the agent and the ledger made of it."""

    number: int
    reply: Reply
    path: str
    is_stream: bool
    got: bytes = b""
    is_over: bool = False
    trouble: str = ""
    asked: int = 0
    entries: list[Entry] = field(default_factory=list)

    @property
    def status(self) -> int:
        """The status that the agent got; 0 for none."""
        return int(self.got[9:12]) if self.got.startswith(b"HTTP/1.1 ") else 0

    @property
    def is_clean(self) -> bool:
        """Whether the answer came to an end by its own framing."""
        return _is_whole(self.got)

    @property
    def relayed(self) -> tuple[bytes, bool]:
        """Give what was relayed of Claude's body, and whether an error of ours follows it."""
        with suppress(ValueError, IndexError):
            kept, ours, _ = unchunked(self.got).partition(OURS)
            return kept, bool(ours)
        return b"", False


def fuzz(run: Run) -> None:
    """Try the run's answers."""
    asyncio.run(_fuzz(run))


async def _fuzz(run: Run) -> None:
    upstream = _Upstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, limit=1 << 24)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    bursar = Bursar(run.folder / "home", url, mode="cloud", budget="90000", cutoff="100000")
    with bursar:
        watch, tail = Watch(bursar, run), Tail(bursar)
        least = (
            PriceTable.load().on(datetime.now(UTC), MODEL).rates.cost(Usage(input=TOKENS_IN, output=TOKENS_OUT)).picos
        )
        for _, batch in groupby(run.cases(), key=lambda case: case[0] // BATCH):
            cases = [_case(number, dice) for number, dice in batch]
            upstream.replies = {case.number: case.reply for case in cases}
            await _ask_all(bursar, cases)
            told = b"\n\n".join(b"".join(case.reply.pieces)[:3000] for case in cases)
            await asyncio.to_thread(watch.look, cases[0].number, told)
            _attribute(cases, upstream.asked, tail.new())
            for case in cases:
                _judge(run, case, least)
    server.close()


def _case(number: int, dice: random.Random) -> Case:
    is_stream = dice.random() < 0.85
    return Case(number, made(dice, is_stream=is_stream), dice.choice(("/v1/messages",) * 3 + (CHAT,)), is_stream)


class _Upstream:
    """Answers each request with the reply that was made for it."""

    def __init__(self) -> None:
        self.replies: dict[int, Reply] = {}
        self.asked: Counter[int] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = b""
        try:
            while piece := await reader.read(1 << 20):
                data += piece
                while (found := plain(data)) is not None:
                    data = found.rest
                    tag = TAG.search(found.body)
                    number = int(tag[1]) if tag else -1
                    self.asked[number] += 1
                    if number not in self.replies or not await _send(writer, self.replies[number]):
                        return
        except (ConnectionError, asyncio.CancelledError):  # The latter at the very end.
            pass
        finally:
            writer.close()


async def _send(writer: asyncio.StreamWriter, reply: Reply) -> bool:
    """Send a reply piece by piece; whether the connection goes on."""
    sock: socket.socket = writer.get_extra_info("socket")
    for piece in reply.pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0)
    if reply.end == "rst":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    return reply.end == "keep"


async def _ask_all(bursar: Bursar, cases: list[Case]) -> None:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(case: Case) -> None:
        async with room:
            try:
                async with asyncio.timeout(LIMIT_S):
                    await _ask(case, bursar)
            except TimeoutError:
                case.trouble = "no end"
            except OSError as error:
                case.trouble = repr(error)

    await asyncio.gather(*(one(case) for case in cases))


async def _ask(case: Case, bursar: Bursar) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", bursar.port, limit=1 << 24)
    try:
        asked = {"model": MODEL, "max_tokens": TOKENS_OUT, "stream": case.is_stream}
        body = json.dumps({**asked, "messages": [{"role": "user", "content": f"fuzz-{case.number}."}]}).encode()
        headers = {"x_session_id": f"f-{case.number}", "accept_encoding": "gzip, deflate"}
        writer.write(post(bursar.url, body, case.path, **headers))
        while not case.is_over and not case.is_clean:
            piece = await reader.read(1 << 20)
            case.got += piece
            case.is_over = not piece
    except ConnectionError:
        case.is_over = True
    finally:
        writer.transport.abort()


def _is_whole(wire: bytes) -> bool:
    head = wire.partition(b"\r\n\r\n")[0].lower()
    if b"transfer-encoding: chunked" in head:  # bursar writes a last chunk without trailers.
        return wire.endswith(b"\r\n0\r\n\r\n")
    client = Client("")
    client._buffer += wire
    try:
        client.answer()
    except (Truncated, ValueError, IndexError):
        return False
    return True


def _attribute(cases: list[Case], asked: Counter[int], entries: list[Entry]) -> None:
    by_session = defaultdict(list)
    for entry in entries:
        by_session[entry.session].append(entry)
    for case in cases:
        case.asked, case.entries = asked[case.number], by_session[f"f-{case.number}"]


def _judge(run: Run, case: Case, least: int) -> None:
    kind = "chat" if case.path == CHAT else "stream" if case.is_stream else "whole"
    end = case.status if not case.is_clean or case.status != 200 else "200 to its end"
    run.ends[f"{kind}: {end}"] += 1
    for what, why in (*_told_wrong(case), *_charged_wrong(case, least)):
        run.wrong(what, case.number, f"{kind}: {why} ({case.reply.story})", b"".join(case.reply.pieces))


def _told_wrong(case: Case) -> Iterator[tuple[Kind, str]]:
    """Say what is wrong with what the agent was told."""
    reply = case.reply
    if case.trouble or not case.status:
        yield "hang" if case.trouble else "wrong", case.trouble or "closed without an answer"
    if case.status >= 500 and case.status not in (502, 504) and not reply.is_broken_head:
        yield "5xx", f"{case.got[:600]!r}"
    if case.asked != 1:
        yield "leak", f"Claude was asked {case.asked} times"
    if (
        reply.is_as_it_was
        and not (reply.is_packed and case.path == CHAT)
        and not (case.status == 200 and case.is_clean)
    ):
        yield "wrong", f"a good answer was told as {case.status}, {case.got[-300:]!r}"
    if case.path == CHAT:
        if case.is_clean and b"data: [DONE]" in case.got and b'"error"' not in case.got and not reply.has_ended:
            yield "wrong", f"a good end was told: {case.got[-300:]!r}"
    elif case.status == 200 and reply.is_stream:
        yield from _relayed_wrong(case)
    elif case.status == 200 and not (reply.is_whole and unchunked(case.got) == reply.body) and not reply.is_broken_head:
        yield "wrong", f"not what was sent: {case.got[-200:]!r}"


def _relayed_wrong(case: Case) -> Iterator[tuple[Kind, str]]:
    reply, (kept, is_told) = case.reply, case.relayed
    if reply.is_broken_head:
        return
    if not reply.body.startswith(kept):
        yield "wrong", f"what was relayed is no beginning of what was sent: …{kept[-200:]!r}"
    # A reset takes bytes with it that were on their way; behind an end that was seen there is nothing to miss.
    is_reset = not reply.is_whole or reply.end == "rst"
    has_seen_end = is_reset and any(mark in kept for mark in (b"message_stop", b"error"))
    if case.is_clean and (is_told or (kept != reply.body and not has_seen_end)):
        yield "wrong", f"it ends well, but {len(kept)} of {len(reply.body)} bytes were relayed"
    if case.is_clean and not reply.has_ended:
        yield "wrong", f"it ends well although Claude's did not: {case.got[-200:]!r}"
    if not case.is_clean and not is_told and not reply.is_packed:
        yield "wrong", f"it breaks off without an error: {case.got[-200:]!r}"


def _charged_wrong(case: Case, least: int) -> Iterator[tuple[Kind, str]]:
    """Say what is wrong in the ledger: each answer has its entry, and costs no less than what was written."""
    charged = [entry for entry in case.entries if entry.charged]
    if len(case.entries) > 1:
        yield "wrong", f"{len(case.entries)} entries"
    if case.reply.is_free or case.reply.tells_less:
        return
    if not charged:
        yield "wrong", f"nothing is charged: {case.entries}"
    elif charged[0].charged < min(least, charged[0].held):
        yield "wrong", f"{charged[0].charged} is charged, {least} is the least: {charged[0]}"
