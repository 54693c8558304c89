"""Errors in OpenAI's shape, from the Messages API's own shape or from anything else that stands in an error's place."""

from __future__ import annotations

from typing import Any

import msgspec

MOST_QUOTED = 2000


def error_of(body: bytes, status: int) -> bytes:
    """Put the body of an error answer into the caller's shape; one that has that shape already stays as it is."""
    try:
        told = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        told = None
    if isinstance(told, dict) and isinstance(told.get("error"), dict):
        if told.get("type") != "error":
            return body
        return msgspec.json.encode(error_object(told["error"]))
    text = body[:MOST_QUOTED].decode("utf-8", "replace").strip()
    kind = "invalid_request_error" if 400 <= status < 500 else "api_error"
    return msgspec.json.encode(error_object({"type": kind, "message": text or f"the answer was an empty {status}"}))


def error_object(error: Any) -> dict[str, Any]:
    """Make the object that stands in an error answer, and in a stream that broke."""
    error = error if isinstance(error, dict) else {}
    kind, message = error.get("type"), error.get("message")
    kind = kind if isinstance(kind, str) and kind else "api_error"
    message = message if isinstance(message, str) and message else "the answer failed and did not say why"
    return {"error": {"message": message, "type": kind, "param": None, "code": kind}}
