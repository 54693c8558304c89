"""How an answer of the fake Claude goes wrong: settings of a `[[fault:…]]` directive or of `POST /_fake/next`.

Separated by blanks, as many as wanted:

    before the answer    status=529 [type=overloaded_error] [retry-after=3] [should-retry=false]   redirect=URL
                         drop (close without a word)  reset (the same, rudely)  silent=SECONDS  early (a 103 first)
    in the stream        cut=N (after N bytes)  cut-event=N (before event N)  how=fin|rst|clean    stall=N,SECONDS
                         error-event=N[,TYPE]  no-stop  no-delta  bytes=N (written N at a time)
    what it says         usage=JSON (replaces fields of both usages, null removes)  start-usage=JSON  delta-usage=JSON
                         garbage  big-line=N  bom  cr  crlf  comments  unknown-event
    how it is framed     length  until-close  gzip  gzip-cut  bomb=N  bad-chunk  http10  trailers  many-headers=N
"""

import gzip
import json
from dataclasses import replace
from typing import Any

from tests.kit.claude.answer import Beat

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
MESSAGES = {"overloaded_error": "Overloaded", "api_error": "Internal server error"}


def with_usage(usage: dict[str, Any], fault: dict[str, str], place: str) -> dict[str, Any] | None:
    """Return the usage object to send at `place` ("start" or "delta"), or None to leave it out."""
    changed = dict(usage)
    for key in ("usage", f"{place}-usage"):
        text = fault.get(key)
        if text == "none":
            return None
        if text:
            changed |= json.loads(text)
    return {key: value for key, value in changed.items() if value is not None} if changed != usage else usage


def reshape(beats: list[Beat], fault: dict[str, str]) -> list[Beat]:
    """Return the stream's events with what the fault adds, removes or spells differently."""
    if "error-event" in fault:
        beats = _with_error(beats, fault["error-event"])
    for name, event in (("no-stop", b"event: message_stop"), ("no-delta", b"event: message_delta")):
        if name in fault:
            beats = [beat for beat in beats if not beat.data.startswith(event)]
    return _spelled(_with_rubbish(beats, fault), fault)


def _with_error(beats: list[Beat], setting: str) -> list[Beat]:
    number, _, kind = setting.partition(",")
    kind = kind or "overloaded_error"
    error = {"type": kind, "message": MESSAGES.get(kind, "Something went wrong")}
    data = json.dumps({"type": "error", "error": error}, separators=(",", ":"))
    kept = beats[: int(number)]
    return [*kept, Beat(f"event: error\ndata: {data}\n\n".encode(), kept[-1].generated if kept else 0)]


def _with_rubbish(beats: list[Beat], fault: dict[str, str]) -> list[Beat]:
    rubbish: list[bytes] = []
    if "garbage" in fault:
        rubbish += [b"event: content_block_delta\ndata: {not json\n\n", b"data: \xff\xfe\n\n", b"nonsense\n\n", b"\n\n"]
    if "big-line" in fault:
        rubbish.append(b"event: huge\ndata: " + b"x" * int(fault["big-line"]) + b"\n\n")
    if "unknown-event" in fault:
        rubbish.append(b'event: tomorrow\ndata: {"type":"tomorrow"}\n\n')
    if "comments" in fault:
        beats = [replace(beat, data=b": a comment\n\n" + beat.data) for beat in beats]
    return beats[:2] + [Beat(data, 0) for data in rubbish] + beats[2:]


def _spelled(beats: list[Beat], fault: dict[str, str]) -> list[Beat]:
    if "crlf" in fault or "cr" in fault:
        end = b"\r\n" if "crlf" in fault else b"\r"
        beats = [replace(beat, data=beat.data.replace(b"\n", end)) for beat in beats]
    return [replace(beats[0], data=b"\xef\xbb\xbf" + beats[0].data), *beats[1:]] if "bom" in fault else beats


def encoded(body: bytes, fault: dict[str, str]) -> bytes:
    """Return the body as a compressed one, whole, cut short or exploding."""
    if "bomb" in fault:
        return gzip.compress(b"0" * int(fault["bomb"]))
    packed = gzip.compress(body)
    return packed[: len(packed) // 2] if "gzip-cut" in fault else packed
