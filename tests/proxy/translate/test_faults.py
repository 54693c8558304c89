"""Half answers, silence and bad manners of a local server, over a real connection."""

import http.client
from typing import Any
from urllib.parse import urlsplit

import pytest

from proxy.translate.stream import AnthropicStream
from tests.kit.local_fake import Act, LocalFake, calls, chunk, ending, local_fake, says
from tests.proxy.translate.test_stream import answer, error_of, events

HELLO = says("Hello", " there")


def carry(fake: LocalFake) -> list[dict[str, Any]]:
    """Carry one answer as the proxy does: what comes, then the end, clean or not."""
    stream = AnthropicStream("claude-x")
    told = stream.start()
    connection = http.client.HTTPConnection(urlsplit(fake.url).netloc, timeout=5)
    try:
        connection.request("POST", "/v1/chat/completions", b"{}", {"content-type": "application/json"})
        response = connection.getresponse()
        while piece := response.read1(64):
            told += stream.feed(piece)
        told += stream.end(True)
    except (http.client.HTTPException, OSError):
        told += stream.end(False)
    finally:
        connection.close()
    return [event for event in events(told) if event["type"] != "ping"]


@pytest.mark.parametrize("politely", [True, False])
@pytest.mark.parametrize("cut_after", [0, 90, 200, 300])
def test_an_answer_that_breaks_off_is_told_as_an_error(cut_after: int, politely: bool) -> None:
    with local_fake(Act(HELLO, cut_after=cut_after, politely=politely)) as fake:
        error_of(carry(fake))


def test_a_broken_answer_does_not_spoil_the_next() -> None:
    with local_fake(Act(HELLO, cut_after=100), Act(HELLO)) as fake:
        error_of(carry(fake))
        assert answer(carry(fake)) == ["Hello there"]
        assert len(fake.requests) == 2


def test_an_answer_in_crumbs_and_late_is_whole_all_the_same() -> None:
    with local_fake(Act(chunk({"content": "Ü"}) + calls("f", '{"a": 1}'), piece=3, first_byte_s=0.05)) as fake:
        assert answer(carry(fake)) == ["Ü", ("f", {"a": 1})]


def test_an_answer_without_counts_and_end_mark_is_whole() -> None:
    with local_fake(Act(chunk({"content": "a"}) + chunk({}, "stop"))) as fake:
        assert answer(carry(fake)) == ["a"]


def test_a_client_that_leaves_a_silent_server_is_noticed_by_it() -> None:
    with local_fake(Act(HELLO, hang_after=100)) as fake:
        connection = http.client.HTTPConnection(urlsplit(fake.url).netloc, timeout=5)
        connection.request("POST", "/v1/chat/completions", b"{}")
        assert connection.getresponse().read1(10) != b""
        connection.close()
        assert fake.left.wait(5)


def test_an_error_in_a_stream_that_began_well_is_told() -> None:
    with local_fake(Act(chunk({"content": "Half"}) + b'data: {"error": {"message": "oom"}}\n\n' + ending())) as fake:
        assert "oom" in error_of(carry(fake))["message"]
