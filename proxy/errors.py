"""Errors: which failure becomes which answer, in the caller's dialect."""

from __future__ import annotations

import json
from typing import Any

from proxy.wire.answer import Headers, Whole

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "request_too_large",
    415: "invalid_request_error",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""Anthropic's error types by status; any other status is an api_error."""

OPENAI_PATHS = ("/v1/chat/", "/v1/responses", "/v1/completions", "/v1/embeddings")

JSON_TYPE = (b"content-type", b"application/json")
NO_RETRY = (b"x-should-retry", b"false")
"""Ends the retries of Claude Code and of the SDKs (CLAUDE_CODE.md §6)."""


def error_body(status: int, message: str, dialect: str = "anthropic") -> bytes:
    """Word an error as the API would: its JSON body."""
    kind = TYPES.get(status, "invalid_request_error" if 400 <= status < 500 else "api_error")
    body: dict[str, Any]
    if dialect == "openai":
        body = {"error": {"message": message, "type": kind, "param": None, "code": kind}}
    else:
        body = {"type": "error", "error": {"type": kind, "message": message}}
    return json.dumps(body, ensure_ascii=False).encode()


def error(
    status: int, message: str, dialect: str = "anthropic", *, headers: Headers | None = None, final: bool = True
) -> Whole:
    """Make a whole answer of an error; a `final` one tells the client not to try again."""
    return Whole(
        status,
        [JSON_TYPE, *([NO_RETRY] if final else []), *(headers or [])],
        error_body(status, message, dialect),
    )


def stream_error(message: str, kind: str = "api_error") -> bytes:
    """Word an error inside an opened stream: one `error` event."""
    body = json.dumps({"type": "error", "error": {"type": kind, "message": message}}, ensure_ascii=False)
    return f"event: error\ndata: {body}\n\n".encode()


def dialect_of(target: bytes | str) -> str:
    """Tell the caller's dialect by the path it called."""
    text = target.decode("latin-1") if isinstance(target, bytes) else target
    return "openai" if text.startswith(OPENAI_PATHS) else "anthropic"


def refusal_in_dialect(status: int, message: str) -> Whole:
    """Word a refusal that came before the path was read."""
    return error(status, f"bursar: {message}")


def failure(target: bytes) -> Whole:
    """Word a fault of our own."""
    return error(500, "bursar: this request failed inside bursar; its log says why", dialect_of(target))
