"""Headers on their way through: the API's cross unchanged, one hop's do not."""

from __future__ import annotations

from proxy.wire.answer import Headers

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"expect",
        b"host",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"content-length",
    }
)
"""Of one connection only (RFC 9110 §7.6.1), or written anew with it."""
READABLE = (b"gzip", b"deflate", b"identity")
"""The codings that the meter can read; an agent is never offered more than it asked for."""


def to_upstream(headers: Headers) -> Headers:
    """Take an agent's headers to Claude: names, values and order as they came, less what was for bursar."""
    return [
        (name, _readable(value) if lower == b"accept-encoding" else value) for lower, name, value in _passing(headers)
    ]


def to_agent(headers: Headers, own: Headers) -> Headers:
    """Take an upstream's headers to the agent, with our own beside them."""
    return [(name, value) for _, name, value in _passing(headers)] + own


def as_text(headers: Headers) -> dict[str, str]:
    """Give names in lower case and values; what came more than once is one list (RFC 9110 §5.3)."""
    text: dict[str, str] = {}
    for name, value in headers:
        key, said = name.decode("latin-1").lower(), value.decode("latin-1")
        text[key] = f"{text[key]}, {said}" if key in text else said
    return text


def value_of(headers: Headers, name: bytes) -> str:
    """Give a header's last value as text, or nothing."""
    found = [value for key, value in headers if key.lower() == name]
    return found[-1].decode("latin-1") if found else ""


def _passing(headers: Headers) -> list[tuple[bytes, bytes, bytes]]:
    """Give the headers that are not of one hop and not for bursar, each with its name in lower case before it."""
    lowered = [(name.lower(), name, value) for name, value in headers]
    named = {
        token.strip().lower() for lower, _, value in lowered if lower == b"connection" for token in value.split(b",")
    }
    return [
        each
        for each in lowered
        if each[0] not in HOP_BY_HOP and each[0] not in named and not each[0].startswith(b"x-bursar-")
    ]


def _readable(value: bytes) -> bytes:
    asked = [token.strip() for token in value.split(b",")]
    kept = [token for token in asked if token.split(b";")[0].strip().lower() in READABLE]
    return b", ".join(kept) or b"identity"
