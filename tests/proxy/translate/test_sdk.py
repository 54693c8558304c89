"""What we write, read by the official SDK: it must see the message that the model made, and every failure."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import anthropic
import pytest

from proxy.translate.stream import AnthropicStream
from tests.kit.local_fake import calls, chunk, ending, says


@contextmanager
def serving(body: bytes) -> Iterator[anthropic.Anthropic]:
    """Serve one stream to whoever asks, and hand out a client of it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    with anthropic.Anthropic(api_key="none", base_url=url, max_retries=0) as client:
        yield client
    server.shutdown()
    server.server_close()


def told(upstream: bytes, *, clean: bool = True) -> bytes:
    """Translate a whole upstream stream, with a ping before it and one within."""
    stream = AnthropicStream("claude-sonnet-5-5")
    half = len(upstream) // 2
    return (
        stream.start() + stream.feed(upstream[:half]) + stream.ping() + stream.feed(upstream[half:]) + stream.end(clean)
    )


def heard(body: bytes) -> anthropic.types.Message:
    """Return the message as the SDK puts it together."""
    with serving(body) as client, client.messages.stream(
        model="claude-sonnet-5-5", max_tokens=100, messages=[{"role": "user", "content": "Hi"}]
    ) as stream:  # fmt: skip
        return stream.get_final_message()


def test_a_text_is_heard() -> None:
    message = heard(told(says("Hel", "lo 🙂")))
    assert [block.text for block in message.content] == ["Hello 🙂"]
    assert (message.model, message.stop_reason) == ("claude-sonnet-5-5", "end_turn")
    assert (message.usage.input_tokens, message.usage.output_tokens) == (100, 10)


def test_text_and_two_calls_are_heard() -> None:
    first = calls("f", '{"a": 1}').removesuffix(ending("tool_calls"))
    second = {"index": 1, "id": "y", "function": {"name": "Write", "arguments": '{"content": "' + "é" * 10000 + '"}'}}
    message = heard(told(chunk({"content": "I do."}) + first + chunk({"tool_calls": [second]}) + ending("tool_calls")))
    text, one, two = message.content
    assert (text.text, one.name, one.input, two.name) == ("I do.", "f", {"a": 1}, "Write")
    assert two.input == {"content": "é" * 10000}
    assert one.id.startswith("toolu_")
    assert message.stop_reason == "tool_use"


@pytest.mark.parametrize("arguments", ['{"city": "Par', "[1, 2]", "not json"])
def test_a_broken_call_does_not_break_the_client(arguments: str) -> None:
    (call,) = heard(told(calls("f", arguments))).content
    assert call.input["__unparsedToolInput"]["raw"] == arguments


@pytest.mark.parametrize("at", [0, 150, 200, 300])
def test_a_cut_answer_is_an_exception_for_the_client(at: int) -> None:
    with pytest.raises(anthropic.APIStatusError, match="local model failed"):
        heard(told(says("Hello", " there", " you")[:at], clean=False))


def test_an_error_of_the_server_is_an_exception_for_the_client() -> None:
    with pytest.raises(anthropic.APIStatusError, match="template failed"):
        heard(told(chunk({"content": "Half"}) + b'data: {"error": {"message": "template failed"}}\n\n'))
