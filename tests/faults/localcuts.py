"""Streams of a local model cut at any byte, on their way through the translation (FAULTS.md F03, F20)."""

from collections.abc import Iterable
from pathlib import Path

from budget.ledger import Mode
from pricing.money import ZERO
from proxy.upstream.breaker import LONGEST_WAIT_S
from proxy.upstream.local_model import LocalSetting
from tests.faults.cuts import MARK, Verdict, reset
from tests.faults.stream import Framed, framed
from tests.kit.balance import balanced
from tests.kit.inproc import InProcess
from tests.kit.local_fake import DONE, chunk, usage
from tests.kit.raw import Client, Truncated, message, parsed_events, post, unchunked
from tests.kit.scripted import Line, Scripted

WORDS = ("Grüße, ", "世界 – 😀")
LISTED = b'{"object":"list","data":[{"id":"fake-model"}]}'


def local_framings() -> dict[str, Framed]:
    """Give a small stream of a local model in every framing; a packed one was never asked for, and is not read."""
    said = b"".join(chunk({"content": word}) for word in WORDS)
    return framed(chunk({"role": "assistant", "content": ""}) + said + chunk({}, "stop") + usage() + DONE)


def cut_by_a_local_server(folder: Path, framing: Framed, offsets: Iterable[int], how: str) -> Verdict:
    """Have a local server break each answer off after so many bytes of the wire, by FIN or RST."""
    done, cuts = Verdict(), list(offsets)
    with _server(framing) as server, Scripted(lambda line: None) as cloud:
        setting = LocalSetting("box", f"http://127.0.0.1:{server.port}", "openai", ("fake-model",), context=32768)
        claude = f"http://127.0.0.1:{cloud.port}"
        with InProcess(folder, claude, mode=Mode.local, servers=(setting,)) as proxy:
            for cut in cuts:
                proxy.waited_s += LONGEST_WAIT_S  # A server that failed is asked no more, until it was looked at again.
                proxy.services.locals.refresh()
                fault, is_whole = _judged(_asked(proxy.url, f"[[cut:{cut}:{how}]]"), framing, cut)
                done.cuts, done.complete = done.cuts + 1, done.complete + is_whole
                done.faults += [f"cut {cut}: {fault}"] if fault else []
            entries = balanced(proxy, entries=len(cuts))
        done.faults += [f"{entry.request_id} cost money" for entry in entries if entry.charged != ZERO]
        done.faults += [f"Claude was asked {cloud.connections} times"] if cloud.connections else []
    return done


def _judged(wire: bytes, framing: Framed, cut: int) -> tuple[str | None, bool]:
    """Say what is wrong with what the agent got, and whether it was whole."""
    if not wire.startswith(b"HTTP/1.1 200"):
        return (None if b"bursar: " in wire else "an error without a word"), False
    events = parsed_events(unchunked(wire))
    text = "".join(data["delta"].get("text", "") for name, data in events if name == "content_block_delta")
    if not "".join(WORDS).startswith(text):
        return f"what was said is no beginning of it: {text!r}", False
    last = events[-1][0]
    if last == "message_stop":
        reason = next(data["delta"]["stop_reason"] for name, data in events if name == "message_delta")
        return (None if (text, reason) == ("".join(WORDS), "end_turn") else "it ended as if it were whole"), True
    if cut == len(framing.wire) and not framing.is_packed:
        return f"a whole answer was not given as one: {last}", False
    return (None if last == "error" else f"it broke off after {last}"), False


def _asked(url: str, text: str) -> bytes:
    with Client(url) as client:
        try:
            client.send(post(url, message(text, stream=True)))
            return client.answer().wire
        except Truncated as broken:
            return broken.wire


def _server(framing: Framed) -> Scripted:
    """Make a local server that answers as far as the prompt says, and ends the connection in its way."""

    def answer(line: Line) -> None:
        while line.request:
            found = MARK.search(line.request)
            if line.request.startswith(b"GET "):
                _about_itself(line)
            elif found is None:
                return
            elif int(found[1]) < len(framing.wire) or b"connection: close" in framing.wire:
                line.send(framing.wire[: int(found[1])])
                if found[2] == b"rst":
                    reset(line.peer)
                return
            else:
                line.send(framing.wire)
            line.request = b""
            line.read_request()

    return Scripted(answer)


def _about_itself(line: Line) -> None:
    body = LISTED if line.request.startswith(b"GET /v1/models ") else b"{}"
    status = b"200 OK" if body is LISTED else b"404 Not Found"
    line.send(b"HTTP/1.1 %b\r\ncontent-type: application/json\r\n" % status)
    line.send(b"content-length: %d\r\n\r\n%b" % (len(body), body))
