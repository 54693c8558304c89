"""POST /v1/chat/completions: the same life of a request, for agents that speak OpenAI's dialect.

A request is put as one to the Messages API once, here at the edge, and the answer is told in the caller's dialect here
too; all that lies between knows one dialect. What goes to Claude is then written by us: always the same bytes for the
same beginning of a conversation, so that its prompt cache works.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

import msgspec
from flask import Blueprint, Response, current_app, request

from proxy.chat_carrier import ChatCarrier, chat_head, chat_whole
from proxy.conversation import with_conversation
from proxy.errors import error
from proxy.headers import as_text
from proxy.identity import session_named
from proxy.messages import respond, serve
from proxy.reader import Fields
from proxy.request import AgentRequest, BadRequest, read_fields
from proxy.services import Services
from proxy.translate.chat.ask import Asked, ask
from proxy.translate.chat.tell import PING, ChatStream
from proxy.translate.chat.told import Told
from proxy.wellformed import parsed_object
from proxy.wire.answer import Answer, Forward, Headers, Later, Ready, Whole
from proxy.wire.framing import WireRequest
from proxy.wire.wsgi import WIRE

chat = Blueprint("chat", __name__)

KEPT = frozenset({b"authorization", b"x-api-key", b"user-agent", b"x-stainless-retry-count"})
"""The agent's own headers that go on: who asks, with what key, and whether again."""
SPOKEN: Headers = [
    (b"anthropic-version", b"2023-06-01"),
    (b"content-type", b"application/json"),
    # We have to read the answer to tell it.
    (b"accept-encoding", b"identity"),
]


@chat.post("/v1/chat/completions")
def create() -> Response:
    """Answer one request of an agent in OpenAI's dialect."""
    return respond(answer(current_app.extensions["bursar"], request.environ[WIRE]))


def answer(services: Services, wire: WireRequest) -> Answer:
    """Put the request as one to the Messages API, serve it, and tell the answer in the caller's dialect."""
    try:
        asked, wish = read_chat(wire)
    except BadRequest as bad:
        return error(400, f"bursar: {bad}", "openai")
    created = int(services.clock().timestamp())
    told = Told(f"chatcmpl-{secrets.token_hex(12)}", created, asked.model, wish.include_usage)
    sent = as_messages(wire)
    return in_chat(serve(services, sent, asked, as_text(sent.headers)), told)


def read_chat(wire: WireRequest) -> tuple[AgentRequest, Asked]:
    """Read a chat request; raises BadRequest and nothing else.

    Its `fields` are for a local model; its bytes, and so what it may cost, are those that Claude would be sent.
    """
    headers = as_text(wire.headers)
    wish = ask(parsed_object(wire.body).value)
    body = msgspec.json.encode(wish.sent)
    session = session_named(headers, wish.key)
    asked = read_fields(body, Fields.of(wish.sent, body), headers, dialect="openai", session=session)
    return replace(asked, fields=with_conversation(wish.fields)), wish


def as_messages(wire: WireRequest) -> WireRequest:
    """Put the request line and the headers as those of a request to the Messages API."""
    kept = [
        (name, value)
        for name, value in wire.headers
        if (lower := name.lower()) in KEPT or lower.startswith(b"x-bursar-")
    ]
    return replace(wire, target=b"/v1/messages", headers=[*kept, *SPOKEN])


def in_chat(found: Answer, told: Told) -> Answer:
    """Put any answer, and every one that may follow it, in the caller's dialect."""
    match found:
        case Whole():
            return chat_whole(found, told)
        case Forward():
            return replace(found, carrier=ChatCarrier(found.carrier, told, _following(told)))
        case Later():
            resume = found.resume
            return replace(found, resume=lambda woken: in_chat(resume(woken), told), ping=PING)
        case Ready():
            stream = ChatStream(told)
            data = stream.feed(found.data)
            clean = found.clean and stream.has_ended
            last = stream.end() if clean else stream.cut()
            return replace(found, head=chat_head(found.head), data=data + last, clean=clean)


def _following(told: Told) -> Callable[[Answer], Answer]:
    return lambda found: in_chat(found, told)
