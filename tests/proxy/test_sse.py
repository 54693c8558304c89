"""Server-sent events: any cut, any line end, any rubbish."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.sse import Event, SseParser, frame

STREAM = (
    b'event: message_start\ndata: {"a":1}\n\n'
    b": a comment\n\n"
    b"event: ping\ndata: {}\n\n"
    b'event: message_delta\ndata: {"usage":\ndata:  7}\n\n'
    b"data: [DONE]\n\n"
)
EVENTS = [
    Event("message_start", b'{"a":1}'),
    Event("ping", b"{}"),
    Event("message_delta", b'{"usage":\n 7}'),
    Event("message", b"[DONE]"),
]


def parse(*chunks: bytes, **options: object) -> list[Event]:
    """Feed chunks to a new parser."""
    parser = SseParser(**options)
    return [event for chunk in chunks for event in parser.feed(chunk)]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Cut bytes at the given places."""
    marks = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(marks)]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\n\n"])
def test_every_line_end_and_a_byte_order_mark_give_the_same_events_one_byte_at_a_time(
    line_end: bytes, start: bytes
) -> None:
    data = start + STREAM.replace(b"\n", line_end)
    assert parse(data) == EVENTS
    assert parse(*(data[at : at + 1] for at in range(len(data)))) == EVENTS


@given(st.lists(st.integers(0, 200), max_size=8), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_the_cuts_never_change_the_events(places: list[int], line_end: bytes) -> None:
    assert parse(*cut(STREAM.replace(b"\n", line_end), places)) == EVENTS


PIECES = [
    b"data",
    b":",
    b" ",
    b"\n",
    b"\r",
    b"\r\n",
    b"event",
    b"x",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\n\n",
    b"event: a\ndata: b\n\n",
]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join), st.lists(st.integers(0, 300), max_size=6))
def test_rubbish_is_read_the_same_however_it_is_cut(data: bytes, places: list[int]) -> None:
    assert parse(*cut(data, places)) == parse(data) == reference(data)


@given(st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join), st.lists(st.integers(0, 300), max_size=6))
def test_the_scanner_finds_what_the_parser_finds(data: bytes, places: list[int]) -> None:
    wanted = [event for event in reference(data) if event.event in ("a", "message")]
    assert parse(*cut(data, places), only=("a", "message")) == wanted


def reference(data: bytes) -> list[Event]:
    """Read a stream line by line, as the standard words it: slow and plain."""
    data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    events, name, lines = [], b"", []
    for line in data.split(b"\n")[:-1]:
        if not line:
            if lines:
                events.append(Event(name.decode("utf-8", "replace") or "message", b"\n".join(lines)))
            name, lines = b"", []
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            lines.append(value)
        if field == b"event":
            name = value
    return events


def test_an_event_without_its_empty_line_is_never_given_out() -> None:
    parser = SseParser()
    assert parser.feed(b"data: half\n") == []
    assert parser.pending


def test_fields_that_are_not_known_are_ignored_and_the_last_type_counts() -> None:
    assert parse(b"id: 7\nretry: 9\nevent: a\nevent: b\ndata: x\nnonsense\n\n") == [Event("b", b"x")]


def test_an_event_with_empty_data_is_given_out_and_one_without_data_is_not() -> None:
    assert parse(b"data\n\nevent: quiet\n\n") == [Event("message", b"")]


@pytest.mark.parametrize("size", [1, 7, 64, 5000])
def test_an_event_above_the_limit_breaks_the_parser_and_holds_no_memory(size: int) -> None:
    data = b"data: small\n\ndata: " + b"x" * 1000 + b"\n\ndata: after\n\n"
    parser = SseParser(limit_bytes=500)
    events = [event for at in range(0, len(data), size) for event in parser.feed(data[at : at + size])]
    assert events == [Event("message", b"small")]
    assert parser.broken
    assert not parser.pending
    assert parser.feed(b"data: more\n\n") == []


def test_an_event_of_just_the_limit_passes_however_it_is_cut() -> None:
    data = b"data: " + b"x" * 94 + b"\n\n"
    assert len(parse(data, limit_bytes=100)) == 1
    assert len(parse(*(data[at : at + 1] for at in range(len(data))), limit_bytes=100)) == 1
    assert parse(data, limit_bytes=99) == []


def test_a_ten_megabyte_line_in_small_pieces_is_one_event() -> None:
    data = b"data: " + b"y" * 10_000_000 + b"\n\n"
    events = parse(*(data[at : at + 16384] for at in range(0, len(data), 16384)))
    assert [len(event.data) for event in events] == [10_000_000]


def test_the_scanner_is_not_fooled_by_a_second_type_line() -> None:
    data = b"event: other\nevent: error\ndata: {}\n\n"
    assert parse(data, only=("error",)) == [Event("error", b"{}")]
    assert parse(b"event: error\nevent: other\ndata: {}\n\n", only=("error",)) == []


def test_what_is_written_is_read_again() -> None:
    written = frame("message_delta", {"text": "line\nend\r 世界"})
    assert written.startswith(b"event: message_delta\ndata: {")
    assert written.endswith(b"}\n\n")
    assert parse(written)[0].data.decode() == '{"text":"line\\nend\\r 世界"}'
