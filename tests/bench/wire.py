"""What the upstream of the measurements says, in both dialects: bytes with a moment in every event.

An event's text begins with `@ARRIVED;SENT;`, two moments of `time.perf_counter_ns()`, one clock for all processes of a
machine: when the request was whole at the upstream, and when the event left it.
"""

import re
from dataclasses import dataclass

MARK = b"@%019d;%019d;%b"
MARKED = re.compile(rb"@(\d{19});(\d{19});")
MARK_BYTES = 41
MODEL = b"claude-haiku-4-5"
"""The model that is asked for, and that answers."""

_USAGE = b'"usage":{"input_tokens":100,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":%d}'
_MESSAGE = (
    b'{"id":"msg_bench","type":"message","role":"assistant","model":"' + MODEL + b'","content":[%b],'
    b'"stop_reason":%b,"stop_sequence":null,' + _USAGE + b"}"
)
_CHUNK = (
    b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1790000000,"model":"bench-local",%b}\n\n'
)
_COUNTS = b'"usage":{"prompt_tokens":100,"completion_tokens":%d,"total_tokens":200}'
MODELS = (
    b'{"object":"list","has_more":false,"data":[{"id":"bench-local","type":"model","object":"model",'
    b'"display_name":"bench-local","created_at":"2026-01-01T00:00:00Z","created":1790000000}]}'
)


@dataclass(frozen=True)
class Dialect:
    """An answer in pieces: `delta` takes a marked text, `end` and `whole` also how many deltas there were."""

    start: bytes
    delta: bytes
    end: bytes
    whole: bytes


MESSAGES = Dialect(
    start=b'event: message_start\ndata: {"type":"message_start","message":'
    + _MESSAGE % (b"", b"null", 1)
    + b'}\n\nevent: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}}\n\n',
    delta=b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"%b"}}\n\n',
    end=b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},'
    + _USAGE
    + b'}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n',
    whole=_MESSAGE.replace(b"[%b]", b'[{"type":"text","text":"%b"}]').replace(b":%b,", b':"end_turn",'),
)
CHAT = Dialect(
    start=_CHUNK % b'"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]',
    delta=_CHUNK % b'"choices":[{"index":0,"delta":{"content":"%b"},"finish_reason":null}]',
    end=_CHUNK % b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]'
    + (_CHUNK % (b'"choices":[],' + _COUNTS))
    + b"data: [DONE]\n\n",
    whole=b'{"id":"chatcmpl-bench","object":"chat.completion","created":1790000000,"model":"bench-local","choices":'
    b'[{"index":0,"message":{"role":"assistant","content":"%b"},"finish_reason":"stop"}],' + _COUNTS + b"}",
)


def mark(arrived: int, sent: int, padding: bytes) -> bytes:
    """Write an event's text; moments in ns."""
    return MARK % (arrived, sent, padding)
