"""Chunks that come by themselves are not parsed: an answer must be the same however its bytes are cut."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from proxy.wire.answer import Origin
from proxy.wire.origin import OriginConnection

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECES = st.lists(
    st.binary(min_size=1, max_size=40)
    | st.sampled_from([b"\r\n", b"0\r\n\r\n", b"5\r\nabcde\r\n", b"data: x\n\n", b"a" * 300]),
    min_size=1,
    max_size=8,
)
FRAMES = st.sampled_from(["%x", "%X", "0%x", "%x;name=value"])


class Hears:
    """What an exchange is told."""

    def __init__(self) -> None:
        self.body, self.chunks, self.ended = b"", [], ""

    def origin_head(self, status: int, headers: Any) -> None:
        assert (status, self.body) == (200, b"")

    def origin_chunk(self, data: bytes, chunk: bytes) -> None:
        assert chunk == b"%x\r\n%b\r\n" % (len(data), data)
        self.chunks.append(data)
        self.body += data

    def origin_data(self, data: bytes) -> None:
        self.body += data

    def origin_read(self) -> None:
        pass

    def origin_complete(self, connection: OriginConnection) -> None:
        self.ended = "complete"

    def origin_failed(self, why: str) -> None:
        self.ended = why


def answered(reads: list[bytes]) -> Hears:
    connection, hears = OriginConnection(Origin("127.0.0.1", 9)), Hears()
    connection.send(hears, b"", b"")  # type: ignore[arg-type]
    for read in reads:
        connection.data_received(read)
    return hears


@given(PIECES, st.lists(FRAMES, min_size=8, max_size=8), st.data())
def test_an_answer_is_the_same_however_it_is_cut(pieces: list[bytes], frames: list[str], data: st.DataObject):
    framed = [
        b"%b\r\n%b\r\n" % ((frame % len(piece)).encode(), piece) for piece, frame in zip(pieces, frames, strict=False)
    ]
    whole = HEAD + b"".join(framed) + b"0\r\n\r\n"
    cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1), max_size=12)))
    hears = answered([whole[one:other] for one, other in zip([0, *cuts], [*cuts, len(whole)], strict=True)])
    assert (hears.body, hears.ended) == (b"".join(pieces), "complete")


@given(PIECES)
def test_chunks_that_come_by_themselves_are_passed_on_as_they_came(pieces: list[bytes]):
    reads = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
    hears = answered([HEAD, b"3\r\none\r\n", *reads, b"0\r\n\r\n"])
    assert (hears.chunks, hears.ended) == (pieces, "complete")


@given(PIECES, st.binary(min_size=1, max_size=6))
def test_what_is_no_chunk_is_never_passed_on(pieces: list[bytes], junk: bytes):
    reads = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
    hears = answered([HEAD, b"3\r\none\r\n", *reads, b"zz" + junk])
    assert hears.body == b"one" + b"".join(pieces)
    assert "well-formed" in hears.ended
