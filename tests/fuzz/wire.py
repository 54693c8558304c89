"""Requests on the wire, in every spelling, framed so that they could be read as two, broken, and cut anywhere.

What is plain is answered, what is not is refused with a 4xx, what is not whole is not answered. Of what is refused no
byte goes upstream; what is answered goes upstream once, with the same body, and as a request that has one meaning.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from tests.fuzz.framing import Plain, plain
from tests.fuzz.requests_made import Made, made
from tests.fuzz.rig import Watch
from tests.fuzz.run import Run
from tests.fuzz.witness import Witness
from tests.kit.bursar import Bursar
from tests.kit.raw import Answer, Truncated, parsed

BATCH = 200
AT_ONCE = 24
QUIET_S = 0.4
"""After so long without a word an input that need not be whole is ended by us: nobody knows how long to wait for it."""
LIMIT_S = 40.0
"""More than the patience of bursar with a request that is not whole: whatever takes longer hangs."""
TAG = re.compile(rb"fuzz-(\d+)\.")
OWN = (b"host", b"content-length", b"accept-encoding")
"""Headers that bursar writes itself on the way up."""


@dataclass
class Case:
    """One input and what came of it; `is_over` tells that bursar closed the connection."""

    number: int
    made: Made
    got: bytes = b""
    is_over: bool = False
    is_cut: bool = False
    """Ended by us, as nothing came."""
    trouble: str = ""
    seen: list[Plain] = field(default_factory=list)

    @property
    def answers(self) -> list[Answer]:
        """Read the answers."""
        return list(_answers(self.got))


def fuzz(run: Run) -> None:
    """Try the run's requests."""
    asyncio.run(_fuzz(run))


async def _fuzz(run: Run) -> None:
    witness = Witness()
    server = await witness.start()
    bursar = Bursar(run.folder / "home", witness.url, mode="cloud", budget="90000", cutoff="100000")
    with bursar:
        watch = Watch(bursar, run)
        for _, batch in groupby(run.cases(), key=lambda case: case[0] // BATCH):
            cases = [Case(number, made(number, bursar.port, dice)) for number, dice in batch]
            await _try_all(run, bursar, witness, cases)
            whole = b"\n\n".join(case.made.data for case in cases)
            await asyncio.to_thread(watch.look, cases[0].number, whole)
    server.close()


async def _try_all(run: Run, bursar: Bursar, witness: Witness, cases: list[Case]) -> None:
    room = asyncio.Semaphore(AT_ONCE)
    heard: dict[int, asyncio.Event] = defaultdict(asyncio.Event)
    witness.heard = lambda raw: heard[_tag(raw)].set()

    async def one(case: Case) -> None:
        async with room:
            try:
                async with asyncio.timeout(LIMIT_S):
                    await _converse(case, bursar.port, heard[case.number])
            except TimeoutError:
                case.trouble = "neither an answer nor an end"
            except OSError as error:
                case.trouble = repr(error)

    await asyncio.gather(*(one(case) for case in cases))
    _attribute(run, witness, cases)
    for case in cases:
        _judge(run, case)


async def _converse(case: Case, port: int, heard: asyncio.Event) -> None:
    """Send the pieces, and read until the first answer is whole, or the connection is over."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    try:
        for piece in case.made.pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        while not case.is_over and not _is_enough(case):
            if case.made.want in ("any", "nothing") and not case.got and not heard.is_set() and not case.is_cut:
                await _hear(case, reader, QUIET_S)
                if not case.got and not heard.is_set() and not case.is_over:
                    case.is_cut = True
                    writer.write_eof()
            else:
                await _hear(case, reader, LIMIT_S)
    except ConnectionError:
        case.is_over = True
    finally:
        writer.transport.abort()


async def _hear(case: Case, reader: asyncio.StreamReader, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            piece = await reader.read(1 << 20)
    except TimeoutError:
        return
    case.got += piece
    case.is_over = not piece


def _is_enough(case: Case) -> bool:
    """Tell whether the answer that matters has come; of pipelined ones the end has to be heard, too."""
    answers = case.answers
    return bool(answers) and (
        case.made.kind != "pipelined" and "close" not in answers[-1].headers.get("connection", "")
    )


def _answers(got: bytes) -> Iterator[Answer]:
    while got:
        try:
            answer = parsed(got)
        except (Truncated, ValueError, IndexError):
            return
        is_head = not answer.body and b"content-length: 0" not in answer.wire.lower()
        yield answer
        got = b"" if is_head else got[got.index(answer.wire) + len(answer.wire) :]


def _attribute(run: Run, witness: Witness, cases: list[Case]) -> None:
    """Find which input made each request that came upstream; what belongs to none is a leak of the whole batch."""
    by_number = {case.number: case for case in cases}
    for raw, request in witness.requests:
        case = by_number.get(_tag(raw)) or next((case for case in cases if _is_of(request, case)), None)
        if case is None:
            run.wrong("leak", cases[0].number, "nobody's request came upstream", raw)
        else:
            case.seen.append(request)
    for data in witness.garbage:
        run.wrong("leak", cases[0].number, "what came upstream is no plain request", data)
    witness.requests.clear()
    witness.garbage.clear()


def _is_of(request: Plain, case: Case) -> bool:
    """Tell whether a request whose tag was mangled is what an input asks for."""
    asked = plain(case.made.data) if case.made.want == "any" and not case.seen else None
    return asked is not None and bool(asked.body) and asked.body == request.body


def _tag(raw: bytes) -> int:
    found = TAG.search(raw)
    return int(found[1]) if found else -1


def _judge(run: Run, case: Case) -> None:
    answers = case.answers
    status = answers[0].status if answers else 0
    run.ends[f"{case.made.kind}: {status or ('cut' if case.is_cut else 'closed')}"] += 1
    if case.trouble:
        run.wrong("hang", case.number, f"{case.made.kind}: {case.trouble}", case.made.data)
    for answer in answers:
        if answer.status >= 500:
            run.wrong("5xx", case.number, f"{answer.status} {answer.body[:300]!r}", case.made.data)
    if why := _unwanted(case, answers):
        run.wrong("wrong", case.number, f"{case.made.kind}: {why}", case.made.data)
    if why := _leaked(case, answers):
        run.wrong("leak", case.number, f"{case.made.kind}: {why}", case.made.data)


def _unwanted(case: Case, answers: list[Answer]) -> str:
    """Say how what came of an input is not what it should be."""
    status = answers[0].status if answers else 0
    match case.made.want:
        case "answer":
            return "" if status == 200 and len(answers) == 1 else f"answered by {[a.status for a in answers]}"
        case "refusal":
            return "" if 400 <= status < 500 and len(answers) == 1 else f"not refused: {[a.status for a in answers]}"
        case "nothing":
            return f"answered although it is not whole: {status}" if status == 200 else ""
        case _:
            return "" if len(answers) < 2 else f"{len(answers)} answers"


def _leaked(case: Case, answers: list[Answer]) -> str:
    """Say what went upstream that should not have."""
    if not case.seen:
        return ""
    if len(case.seen) > 1:
        return f"{len(case.seen)} requests came of it"
    if answers and answers[0].status != 200:
        return f"it was refused ({answers[0].status}) and sent"
    sent, asked = case.seen[0], plain(case.made.data)
    if asked is None:
        return "it has not one meaning, and was sent"
    if asked.target.startswith(b"/v1/chat/"):
        return ""  # It is put in Claude's dialect.
    if sent.body != asked.body or (sent.method, sent.target) != (asked.method, asked.target):
        return "another request came of it"
    new = [pair for pair in sent.fields if pair not in asked.fields and pair[0].lower() not in OWN]
    return f"headers were made: {new}" if new else ""
