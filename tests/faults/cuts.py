"""Streams of Claude's cut at any byte, on both sides; each cut is judged by what came and what was charged.

`tests/faults/test_cuts.py` takes every 97th byte, `tests/prove/test_cuts.py` every one; `localcuts.py` is for streams
of local models.
"""

import re
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from budget.ledger import Entry
from pricing.money import ZERO
from tests.faults.stream import COST, Framed
from tests.kit.balance import balanced
from tests.kit.inproc import InProcess
from tests.kit.raw import Client, Truncated, message, post, unchunked
from tests.kit.scripted import Line, Scripted

MARK = re.compile(rb"\[\[cut:(\d+):(fin|rst|wait)\]\]")
FINAL = b"event: message_stop"
WORKERS = 12


@dataclass
class Verdict:
    """What all cuts of one kind came to; `faults` must stay empty."""

    cuts: int = 0
    complete: int = 0
    faults: list[str] = field(default_factory=list)


def cut_by_claude(folder: Path, framed: Framed, offsets: Iterable[int], how: str) -> Verdict:
    """Have Claude's side break each answer off after so many bytes of the wire, by FIN or RST."""
    with (
        _upstream(framed, {}) as cloud,
        InProcess(folder, f"http://127.0.0.1:{cloud.port}", budget="1000", cutoff="1000") as proxy,
    ):

        def one(cut: int) -> str | None:
            seen, is_clean = _ask(proxy.url, f"[[cut:{cut}:{how}]]", f"{cut}")
            return _relayed(framed, seen, is_whole=cut == len(framed.wire), is_clean=is_clean)

        done = _judged(proxy, offsets, one)
        done.faults += [] if len(cloud.requests) == done.cuts else [f"Claude was asked {len(cloud.requests)} times"]
        return done


def cut_by_the_agent(folder: Path, framed: Framed, offsets: Iterable[int], *, rudely: bool = False) -> Verdict:
    """Have each agent leave, with a FIN or an RST, when Claude has sent so many bytes of its answer."""
    sent: dict[int, threading.Event] = {cut: threading.Event() for cut in offsets}
    with (
        _upstream(framed, sent) as cloud,
        InProcess(folder, f"http://127.0.0.1:{cloud.port}", budget="1000", cutoff="1000") as proxy,
    ):

        def one(cut: int) -> str | None:
            with Client(proxy.url) as client:
                client.send(_spelled(proxy.url, f"[[cut:{cut}:wait]]", f"{cut}"))
                was_asked = sent[cut].wait(30)
                client.close(rudely=rudely)
                return None if was_asked else "Claude was never asked"

        return _judged(proxy, sent, one)


def cut_in_the_request(folder: Path, offsets: Iterable[int]) -> Verdict:
    """Have each agent leave in the middle of its request: nothing may go upstream, and nothing is held."""
    with Scripted(lambda line: None) as cloud, InProcess(folder, f"http://127.0.0.1:{cloud.port}") as proxy:
        whole = _spelled(proxy.url, "hello", "s")
        done = Verdict()
        for cut in offsets:
            with Client(proxy.url) as client:
                client.send(whole[: min(cut, len(whole) - 1)])
            done.cuts += 1
        if cloud.connections or balanced(proxy):
            done.faults.append(f"{cloud.connections} connections were made for requests that never ended")
        return done


def length_of_request() -> int:
    """Give about how long a request is in `cut_in_the_request`."""
    return len(_spelled("http://127.0.0.1:65535", "hello", "s"))


def _judged(proxy: InProcess, offsets: Iterable[int], one: Callable[[int], str | None]) -> Verdict:
    done = Verdict()
    cuts = list(offsets)
    with ThreadPoolExecutor(WORKERS) as pool:
        for cut, fault in zip(cuts, pool.map(one, cuts), strict=True):
            done.cuts += 1
            done.faults += [f"cut {cut}: {fault}"] if fault else []
    entries = {entry.labels.session: entry for entry in balanced(proxy, entries=len(cuts))}
    done.complete = sum(entry.outcome == "complete" for entry in entries.values())
    done.faults += [f"cut {cut}: {fault}" for cut in cuts if (fault := _charged(entries.get(f"{cut}")))]
    return done


def _charged(entry: Entry | None) -> str | None:
    """Say what is wrong with an entry: Claude may bill a whole answer, however little of it came."""
    if entry is None:
        return "there is no entry"
    if entry.charged < COST:
        return f"charged {entry.charged}, of {COST} that may be billed ({entry.outcome})"
    if entry.outcome == "complete" and entry.charged != COST:
        return f"complete, and charged {entry.charged} for {COST}"
    return None if entry.held >= entry.charged > ZERO else "charged more than was held"


def _relayed(framed: Framed, seen: bytes, *, is_whole: bool, is_clean: bool) -> str | None:
    """Say what is wrong with what the agent got."""
    head, _, rest = seen.partition(b"\r\n\r\n")
    if b" 502 " in head[:20]:
        return None if b"api_error" in rest else "a 502 without an error"
    body = unchunked(seen)
    kept, error, _ = body.partition(b"event: error")
    if not framed.body.startswith(kept):
        return f"what was relayed is no prefix of what Claude sent: …{kept[-40:]!r}"
    has_ended = FINAL in framed.plain(kept)
    if is_clean and not (has_ended and not error):
        return "it ended as if it were whole"
    if not is_clean and not framed.is_packed and not error:
        return "it broke off without an error event"
    return "a whole answer was not given as one" if is_whole and not is_clean else None


def _ask(url: str, text: str, session: str) -> tuple[bytes, bool]:
    """Send a request; give all that came back, and whether it ended as an answer should."""
    with Client(url) as client:
        try:
            client.send(_spelled(url, text, session))
            return client.answer().wire, True
        except Truncated as broken:
            return broken.wire, False


def _spelled(url: str, text: str, session: str) -> bytes:
    body = message(text, stream=True, max_tokens=2000)
    return post(url, body, x_claude_code_session_id=session, accept_encoding="gzip")


def _upstream(framed: Framed, sent: dict[int, threading.Event]) -> Scripted:
    """Make an upstream that answers as far as the prompt says, and ends the connection in its way."""

    def answer(line: Line) -> None:
        while found := MARK.search(line.request):
            cut, how = int(found[1]), found[2]
            line.send(framed.wire[:cut])
            if how == b"wait":
                sent[cut].set()
            if how == b"wait" and cut < len(framed.wire):
                line.wait_closed(10)
                return
            if cut < len(framed.wire) or b"connection: close" in framed.wire:
                if how == b"rst":
                    reset(line.peer)
                return
            line.request = b""
            line.read_request()

    return Scripted(answer)


def reset(peer: socket.socket) -> None:
    """End a connection with an RST."""
    with suppress(OSError):
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
