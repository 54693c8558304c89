"""A plan as the bytes the API sends: server-sent events with what each has cost so far, or one JSON message."""

import base64
import hashlib
import hmac
import json
import secrets
import string
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.kit.claude.prices import Tokens
from tests.kit.claude.script import Content, Plan, piece_tokens

SIGNING_KEY = b"the fake's own"
ALPHABET = string.ascii_letters + string.digits
PADDINGS = (0, 3, 11, 1, 7, 0, 14, 5)  # The real API pads its events with blanks, so that sizes tell nothing.


@dataclass(frozen=True)
class Beat:
    """One event of a stream: its bytes, the output tokens generated when it is sent, the pause before it."""

    data: bytes
    generated: int
    pause_ms: float = 0


@dataclass(frozen=True)
class Reply:
    """What every form of one answer needs."""

    model: str
    plan: Plan
    tokens: Tokens  # `output` is what the whole answer comes to.
    geo: str
    speed: str | None
    hide_thinking: bool
    message_id: str


def new_id(prefix: str, length: int = 22) -> str:
    """Make an id like the API's: `msg_01…`, `toolu_01…`, `req_011…`."""
    return prefix + "".join(secrets.choice(ALPHABET) for _ in range(length))


def start_usage(reply: Reply) -> dict[str, Any]:
    """Return `message_start`'s usage: all of the input, one token of output."""
    return {**_input_usage(reply), "output_tokens": 1, **_about(reply)}


def delta_usage(reply: Reply) -> dict[str, Any]:
    """Return `message_delta`'s usage: cumulative, without split, tier and region."""
    tokens = reply.tokens
    return {
        "input_tokens": tokens.input,
        "cache_creation_input_tokens": tokens.write_5m + tokens.write_1h,
        "cache_read_input_tokens": tokens.read,
        "output_tokens": tokens.output,
    }


def whole_usage(reply: Reply) -> dict[str, Any]:
    """Return the usage of an answer that is not streamed."""
    return {**_input_usage(reply), "output_tokens": reply.tokens.output, **_about(reply)}


def _input_usage(reply: Reply) -> dict[str, Any]:
    tokens = reply.tokens
    return {
        "input_tokens": tokens.input,
        "cache_creation_input_tokens": tokens.write_5m + tokens.write_1h,
        "cache_read_input_tokens": tokens.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": tokens.write_5m,
            "ephemeral_1h_input_tokens": tokens.write_1h,
        },
    }


def _about(reply: Reply) -> dict[str, Any]:
    about = {"service_tier": "standard", "inference_geo": reply.geo}
    return about | ({"speed": reply.speed} if reply.speed else {})


def beats(reply: Reply, usages: tuple[dict[str, Any] | None, dict[str, Any] | None]) -> list[Beat]:
    """Lay the answer out as events; `usages` are those of the first and of the last one, None to leave them out."""
    first, last = usages
    shown = [content for content in reply.plan.contents if content.tokens or content.kind != "thinking"]
    found = [Beat(_event("message_start", {"message": _empty_message(reply, first)}), 0)]
    generated = 0
    for index, content in enumerate(shown):
        for beat in _content_beats(index, content, reply.hide_thinking):
            generated += beat.generated
            found.append(Beat(beat.data, generated, beat.pause_ms))
    delta = {"delta": {"stop_reason": reply.plan.stop_reason, "stop_sequence": None}}
    closing = delta if last is None else delta | {"usage": last}
    found.append(Beat(_event("message_delta", closing), reply.tokens.output))
    found.append(Beat(_event("message_stop", {}), reply.tokens.output))
    found.insert(2, Beat(_event("ping", {}), 0))
    return [Beat(_padded(beat.data, number), beat.generated, beat.pause_ms) for number, beat in enumerate(found)]


def _content_beats(index: int, content: Content, hide_thinking: bool) -> Iterator[Beat]:
    """Yield one block's events; `generated` is here what each adds."""
    yield Beat(_event("content_block_start", {"index": index, "content_block": _opening(content)}), 0)
    hidden = content.hidden or (content.kind == "thinking" and hide_thinking)
    for piece in content.pieces:
        # Hidden thinking takes its time and is billed; a ping shows that the stream lives.
        data = _event("ping", {}) if hidden else _delta(index, content.kind, piece)
        yield Beat(data, piece_tokens(piece), content.pause_ms)
    if content.kind == "thinking":
        yield Beat(_event("content_block_delta", {"index": index, "delta": _signature_delta()}), 0)
    yield Beat(_event("content_block_stop", {"index": index}), 0)


def message(reply: Reply, usage: dict[str, Any] | None) -> bytes:
    """Return the answer as one JSON message."""
    content = [_block(c, reply.hide_thinking) for c in reply.plan.contents]
    whole = _empty_message(reply, usage) | {"content": content, "stop_reason": reply.plan.stop_reason}
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()


def signature_holds(signature: str) -> bool:
    """Tell whether this fake made the signature of a thinking block."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except ValueError:
        return False
    return hmac.compare_digest(_sign(raw[:16]), raw)


def _sign(nonce: bytes) -> bytes:
    return nonce + hmac.digest(SIGNING_KEY, nonce, hashlib.sha256)


def _new_signature() -> str:
    return base64.b64encode(_sign(secrets.token_bytes(16))).decode()


def _signature_delta() -> dict[str, Any]:
    return {"type": "signature_delta", "signature": _new_signature()}


def _empty_message(reply: Reply, usage: dict[str, Any] | None) -> dict[str, Any]:
    made: dict[str, Any] = {"model": reply.model, "id": reply.message_id, "type": "message", "role": "assistant"}
    made |= {"content": [], "stop_reason": None, "stop_sequence": None}
    return made if usage is None else made | {"usage": usage}


def _opening(content: Content) -> dict[str, Any]:
    match content.kind:
        case "tool_use":
            return {"type": "tool_use", "id": new_id("toolu_01"), "name": content.name, "input": {}}
        case "thinking":
            return {"type": "thinking", "thinking": "", "signature": ""}
        case _:
            return {"type": "text", "text": ""}


def _block(content: Content, hide_thinking: bool) -> dict[str, Any]:
    text = "".join(content.pieces)
    match content.kind:
        case "tool_use":
            return _opening(content) | {"input": _parsed(text)}
        case "thinking":
            shown = "" if hide_thinking or content.hidden else text
            return {"type": "thinking", "thinking": shown, "signature": _new_signature()}
        case _:
            return {"type": "text", "text": text}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # An answer cut by `max_tokens` inside a tool's arguments.
        return {}


def _delta(index: int, kind: str, piece: str) -> bytes:
    name, key = {
        "text": ("text_delta", "text"),
        "thinking": ("thinking_delta", "thinking"),
        "tool_use": ("input_json_delta", "partial_json"),
    }[kind]
    return _event("content_block_delta", {"index": index, "delta": {"type": name, key: piece}})


def _event(name: str, data: dict[str, Any]) -> bytes:
    text = json.dumps({"type": name, **data}, separators=(",", ":"), ensure_ascii=False)
    return f"event: {name}\ndata: {text}\n\n".encode()


def _padded(event: bytes, number: int) -> bytes:
    return event[:-3] + b" " * PADDINGS[number % len(PADDINGS)] + b"}\n\n"
