"""A local server's troubles, put as the Messages API words errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

TEXT_LIMIT_CHARS = 500
_MODEL = "bursar: the local model"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no answer: a status and an error for the client, and `why` for records, free of prompt text.

    `retry` tells whether the same request may do better at the same server a little later. `lives` says that the server
    is there and works: what is bad is this answer, or this request for it.
    """

    status: int
    kind: str
    message: str
    why: str
    retry: bool = False
    lives: bool = False

    def body(self) -> dict[str, Any]:
        """Return the error in the API's shape, for a body or an `error` event."""
        return {"type": "error", "error": {"type": self.kind, "message": self.message}}

    def at(self, server: str) -> Trouble:
        """Name the server in the message, once."""
        named = f"{_MODEL} at {server}"
        is_told = not server or named in self.message
        return self if is_told else replace(self, message=self.message.replace(_MODEL, named, 1))


BAD_OUTPUT = ("grammar stack", "peg-native", "peg-simple", "parse input", "parsing tool call", "parse tool call")
"""How servers word that they cannot read the model's own output: llama.cpp, and newer Ollama, with a status of 500."""
BAD_PROMPT = ("jinja", "chat template", "system message must be at the beginning", "roles must alternate")
"""How they word that a model's template refuses the messages, some of them with a status of 500."""
NO_IMAGES = ("image input is not supported", "does not support multimodal")


def failure(why: str, *, retry: bool = True) -> Trouble:
    """Name a failure of the local server that we saw ourselves."""
    return Trouble(502, "api_error", f"{_MODEL} failed: {why}.", why, retry=retry)


def unusable(why: str, *, retry: bool = True) -> Trouble:
    """Name what makes an answer one that nobody can use, though its server lives.

    Not to hand it on is our decision, so it is no 5xx: agents ask a failing server again, up to eleven times.
    """
    message = f"{_MODEL} failed: its answer cannot be used: {why}."
    return Trouble(402, "billing_error", message, why, retry=retry, lives=True)


def from_local(status: int, body: bytes) -> Trouble:
    """Read the answer of a local server that is not a success."""
    try:
        parsed = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        parsed = body.decode("utf-8", "replace")
    return from_error(_error_of(parsed), status)


def from_error(error: Any, status: int | None = None) -> Trouble:
    """Read an error object, as it comes in a body or in an event of a stream that began well."""
    error = _unwrapped(error)
    text, kind, code = _text(error), _field(error, "type"), _number(error, "code")
    status = status or code or 500
    full = _context_full(error, text, kind)
    if full is not None:
        return full
    if status in (429, 503, 529) or "loading model" in text.lower():
        why = "it is loading its model" if "loading" in text.lower() else f"it is busy (status {status})"
        return Trouble(529, "overloaded_error", _told(why, text), why, retry=True)
    if status in (401, 403):
        return _own_fault("it refused our key", text)
    if status == 404:
        return _own_fault("it does not know the model or the path", text)
    if any(words in text.lower() for words in NO_IMAGES):
        return _own_fault("it takes no images", text)
    if any(words in text.lower() for words in BAD_OUTPUT):
        return unusable(f"its server could not read what it wrote (status {status})")
    if any(words in text.lower() for words in BAD_PROMPT):
        return _own_fault("its chat template does not take the request", text)
    if 400 <= status < 500:
        return _own_fault(f"it refused the request (status {status})", text)
    why = f"it answered with an error (status {status})"
    return Trouble(502, "api_error", _told(why, text), why, retry=True)


def _unwrapped(error: Any) -> Any:
    """Take an error out of a text: newer Ollama hands on what its llama.cpp server answered, as a string of JSON."""
    if not isinstance(error, str) or not error.lstrip().startswith("{"):
        return error
    try:
        inner = msgspec.json.decode(error.encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return error
    return _error_of(inner) if isinstance(inner, dict) else error


def _own_fault(why: str, text: str) -> Trouble:
    """A refusal that asking again would not change, of a server that lives."""
    return Trouble(402, "billing_error", _told(why, text), why, retry=False, lives=True)


def _told(why: str, text: str) -> str:
    said = " ".join(text.split())[:TEXT_LIMIT_CHARS]
    return f"{_MODEL} failed: {why}" + (f": {said}" if said else ".")


_FULL = re.compile(
    r"exceeds? the (available )?context|maximum context length|context (length|window|size) exceed"
    r"|exceed_context_size|prompt is too long|greater than the context length",
    re.IGNORECASE,
)
_MAXIMUM = re.compile(
    r"(?:maximum context length is|context (?:size|length|window)(?: of| is)?)\s*\(?(\d+)", re.IGNORECASE
)
_ASKED = re.compile(r"(?:requested|resulted in|request \(|prompt \(|has|contains)\s*\(?(\d+)", re.IGNORECASE)


def _context_full(error: Any, text: str, kind: str) -> Trouble | None:
    """Word a full context as the API does: clients then shorten the conversation instead of asking again."""
    if kind != "exceed_context_size_error" and not _FULL.search(text):
        return None
    asked = _number(error, "n_prompt_tokens") or _found(_ASKED, text)
    limit = _number(error, "n_ctx") or _found(_MAXIMUM, text)
    counted = f": {asked} tokens > {limit} maximum" if asked and limit else ""
    why = "the prompt does not fit its context"
    return Trouble(400, "invalid_request_error", f"prompt is too long{counted}", why, retry=False, lives=True)


def _found(pattern: re.Pattern[str], text: str) -> int | None:
    match = pattern.search(text)
    return int(match.group(1)[:12]) if match else None


def _error_of(parsed: Any) -> Any:
    """Find the error in a body: under `error`, under `detail`, or the body itself."""
    if isinstance(parsed, Mapping):
        return parsed.get("error") or parsed.get("detail") or parsed
    return parsed


def _text(error: Any) -> str:
    if isinstance(error, str):
        return error
    message = error.get("message") if isinstance(error, Mapping) else None
    return message if isinstance(message, str) else ""


def _field(error: Any, name: str) -> str:
    value = error.get(name) if isinstance(error, Mapping) else None
    return value if isinstance(value, str) else ""


def _number(error: Any, name: str) -> int | None:
    value = error.get(name) if isinstance(error, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
