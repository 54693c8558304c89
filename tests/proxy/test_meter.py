"""The meter reads the same from any cut of the same bytes, and never raises (FAULTS.md F04, F05, F08)."""

import gzip
import json
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.meter import MAX_DECODED, StreamMeter, WholeMeter

START = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 2000,
    "cache_read_input_tokens": 50000,
    "output_tokens": 1,
    "cache_creation": {"ephemeral_5m_input_tokens": 1500, "ephemeral_1h_input_tokens": 500},
}


def event(name: str, data: dict) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **data}, ensure_ascii=False)}\n\n".encode()


STREAM = b"".join(
    [
        event("message_start", {"message": {"model": "claude-opus-5-5", "usage": START}}),
        event("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        event("ping", {}),
        *(
            event("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": t}})
            for t in ("Grüße ", "世界")
        ),
        event("content_block_stop", {"index": 0}),
        event("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 321}}),
        event("message_stop", {}),
    ]
)


def read(pieces: list[bytes], coding: str = ""):
    meter = StreamMeter(coding)
    for piece in pieces:
        meter.feed(piece)
    return meter.reading


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in pairwise(marks)]


def facts(reading):
    return (
        reading.usage,
        reading.model,
        reading.is_complete,
        reading.has_ended,
        reading.stop_reason,
        reading.is_unreadable,
    )


def test_the_final_counts_replace_the_first_and_are_never_added():
    reading = read([STREAM])
    assert reading.usage == {**START, "output_tokens": 321}
    assert (reading.is_complete, reading.has_ended, reading.stop_reason) == (True, True, "end_turn")


@given(st.lists(st.integers(0, len(STREAM)), max_size=40))
def test_any_cut_of_the_bytes_reads_the_same(places):
    assert facts(read(cut(STREAM, places))) == facts(read([STREAM]))


def test_one_byte_at_a_time_reads_the_same():
    assert facts(read([STREAM[i : i + 1] for i in range(len(STREAM))])) == facts(read([STREAM]))


@pytest.mark.parametrize("newline", [b"\r\n", b"\r"])
def test_other_newlines_read_the_same(newline):
    assert facts(read([STREAM.replace(b"\n", newline) + b"\n"])) == facts(read([STREAM]))


@given(st.integers(0, len(STREAM)))
def test_a_stream_cut_anywhere_is_complete_only_after_its_final_counts(place):
    reading = read([STREAM[:place]])
    final = STREAM.index(b"event: message_stop")
    assert reading.is_complete == (place >= final)
    assert reading.has_ended == (place == len(STREAM))
    assert (reading.usage is not None) == (place >= STREAM.index(b"event: content_block_start"))


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_bytes_make_it_raise(pieces):
    read(pieces)
    read([b"event: message_start\ndata: ", *pieces, b"\n\nevent: message_delta\ndata: ", *pieces, b"\n\n"])
    read(pieces, "gzip")


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_packed_stream_is_read(coding, pack):
    packed = pack(STREAM)
    assert facts(read([packed[i : i + 7] for i in range(0, len(packed), 7)], coding)) == facts(read([STREAM]))


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br"])
def test_what_cannot_be_read_is_said_to_be_unreadable(coding):
    assert read([STREAM], coding).is_unreadable


def test_a_bomb_is_not_unpacked():
    bomb = zlib.compress(b"\0" * (MAX_DECODED + 10))
    assert read([bomb], "deflate").is_unreadable


def test_it_is_between_blocks_only_after_a_block_has_ended():
    meter = StreamMeter()
    seen = []
    for block in STREAM.split(b"\n\n")[:-1]:
        meter.feed(block + b"\n\n")
        seen.append(meter.reading.between_blocks)
    assert seen == [False, False, False, False, False, True, True, True]


def test_output_that_was_seen_is_estimated_from_its_text():
    deltas = [
        event("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": "seven by"}})
        for _ in range(100)
    ]
    visible = read([STREAM[: STREAM.index(b"event: content_block_delta")], *deltas]).visible_tokens
    assert 100 <= visible <= 600  # 800 bytes of text: between a token a delta and one for every 1.3 bytes.


AGAIN = event("message_start", {"message": {"model": "claude-opus-5-5", "usage": START}})
END = event("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 321}})


ODD_END = event("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": {"a": 1}}})


@pytest.mark.parametrize(
    "pieces", [[STREAM, AGAIN], [END, STREAM[: STREAM.index(b"event: message_delta")]], [ODD_END, AGAIN]]
)
def test_a_start_that_comes_after_final_counts_takes_none_of_them_back(pieces):
    assert read(pieces).fell


@pytest.mark.parametrize("usage", [{}, None, {"input_tokens": 10}, {"output_tokens": None}])
def test_an_end_that_does_not_say_how_much_was_written_is_not_final(usage):
    start = STREAM[: STREAM.index(b"event: message_delta")]
    found = read([start, event("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": usage})])
    assert (found.is_complete, found.stop_reason) == (False, "end_turn")


def test_an_event_that_cannot_be_read_does_not_hide_that_there_is_no_end():
    garbage = b"event: message_delta\ndata: {not json\n\n"
    found = read([STREAM[: STREAM.index(b"event: message_stop")], garbage])
    assert (found.is_unreadable, found.is_blind, found.has_ended) == (True, False, False)
    assert read([STREAM], "br").is_blind


def test_a_whole_message_is_read():
    meter = WholeMeter()
    meter.take(json.dumps({"model": "claude-opus-5-5", "usage": START, "stop_reason": "end_turn"}).encode())
    assert (meter.reading.usage, meter.reading.is_complete) == (START, True)


@given(st.binary(max_size=300))
def test_a_whole_answer_that_is_no_message_is_unreadable(body):
    meter = WholeMeter()
    meter.take(body)
    assert meter.reading.is_unreadable
