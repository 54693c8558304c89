"""The fake Claude's endpoints: what a request is answered with, what it is billed, and what goes wrong on purpose."""

import hashlib
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from tests.kit.claude import answer, faults
from tests.kit.claude.answer import Beat, Reply, new_id
from tests.kit.claude.books import Books, Line
from tests.kit.claude.checks import RefusedError, check_count, check_message
from tests.kit.claude.log import RequestLog
from tests.kit.claude.prices import MODELS, ModelFacts, Tokens
from tests.kit.claude.promptcache import PromptCache, blocks_of, prompt_tokens
from tests.kit.claude.script import Plan, fault_of, plan
from tests.kit.claude.sink import CutError, Sink
from tests.kit.claude.wire import ClientGoneError, Connection, Request, head

ORGANIZATION = "0f4ae0c0-5fa1-4e3b-9d5c-fa6ec1a0de00"
KEY_PREFIXES = ("sk-ant-fake-", "sk-ant-oat-fake-")
VERSIONS = ("2023-06-01", "2026-10-21")
MOST_BODY = 32 << 20
BILL_CHANGED = {"usage", "start-usage", "delta-usage", "no-stop", "no-delta", "error-event", "gzip-cut", "bad-chunk"}

_Read = TypeVar("_Read")


class Service:
    """One fake organisation: its books, its prompt caches, its log of requests."""

    def __init__(self) -> None:
        self.books = Books()
        self.log = RequestLog()
        self._caches: dict[str, PromptCache] = {}
        self._next: deque[str] = deque()
        self._connections = 0
        self._now: float | None = None

    def connect(self) -> Connection:
        """Return the protocol for a new connection."""
        self._connections += 1
        return Connection(self._connections, self.answer)

    async def answer(self, request: Request, connection: Connection) -> None:
        """Answer one request, whatever it is."""
        if request.path.startswith("/_fake/"):
            return await self._control(request, connection)
        record = self.log.add(request)
        connection.sent.clear()
        try:
            await self._route(request, connection, record)
            record["end"] = "answered"
        except RefusedError as error:
            record["status"] = error.status
            await _send_json(connection, error.status, _error_body(error.kind, str(error)), [])
            record["end"] = "refused"
        except CutError:
            record["end"] = "cut"
        except ClientGoneError:
            record["end"] = "client left"
            raise
        finally:
            self.log.close(record, bytes(connection.sent))

    async def _route(self, request: Request, connection: Connection, record: dict[str, Any]) -> None:
        match request.method, request.path:
            case "POST", "/v1/messages":
                await self._message(request, connection, record)
            case "POST", "/v1/messages/count_tokens":
                body = _body(request)
                tokens = _shaped(lambda: (check_count(body), prompt_tokens(body))[1])
                record["status"] = 200
                await _send_json(connection, 200, {"input_tokens": tokens}, _limits())
            case "GET", "/v1/models":
                _authenticated(request)
                record["status"] = 200
                await _send_json(connection, 200, _models(), [])
            case "HEAD", "/" | "/api/hello":
                record["status"] = 200
                await connection.send(head(200, [("Content-Length", "0")]))
            case _:
                raise RefusedError("Not Found", 404, "not_found_error")

    async def _message(self, request: Request, connection: Connection, record: dict[str, Any]) -> None:
        queued = self._next.popleft() if self._next else ""
        body = _body(request)
        facts, wanted = _understood(body)
        fault = wanted.fault | fault_of(queued)
        record["status"] = int(fault.get("status", 200))
        if await _misbehaved_first(connection, fault):
            return
        reply, line = self._bill(request, body, facts, wanted)
        try:
            await connection.pause(wanted.ttft_ms / 1000)
            await _deliver(connection, body, reply, line, fault)
        except (ClientGoneError, CutError):
            line.state = "cancelled"
            raise
        line.state = "cancelled" if BILL_CHANGED & fault.keys() else "complete"

    def _bill(self, request: Request, body: dict[str, Any], facts: ModelFacts, wanted: Plan) -> tuple[Reply, Line]:
        """Take the prompt through the cache and open its line in the books."""
        key = hashlib.sha256(_authenticated(request).encode()).hexdigest()[:16]
        told = wanted.at if self._now is None else self._now
        now = time.time() if told is None else told
        cache = self._caches.setdefault(key, PromptCache())
        split = cache.split(blocks_of(body), facts.minimum, now, now + wanted.ttft_ms / 1000)
        whole = min(wanted.tokens, body["max_tokens"])
        tokens = Tokens(split.input, split.write_5m, split.write_1h, split.read, whole)
        geo = body.get("inference_geo", "global") if facts.geo else "not_available"
        speed = body.get("speed", "standard") if facts.fast else None
        hidden = (body.get("thinking") or {}).get("display") == "omitted"
        reply = Reply(body["model"], wanted, tokens, geo, speed, hidden, new_id("msg_01"))
        session = request.headers.get("x-claude-code-session-id", "")
        opened = Line("", reply.message_id, reply.model, replace(tokens, output=0), geo, speed or "", key, session)
        return reply, self.books.open(opened)

    async def _control(self, request: Request, connection: Connection) -> None:
        url = urlsplit(request.target)
        after = int(parse_qs(url.query).get("after", ["0"])[0])
        match url.path:
            case "/_fake/bill":
                found: Any = self.books.as_json(after)
            case "/_fake/requests":
                found = self.log.as_json(after, bodies="nobodies" not in url.query)
            case "/_fake/next":
                self._next.extend(json.loads(request.body))
                found = {"queued": len(self._next)}
            case "/_fake/clock":
                self._now = json.loads(request.body)["at"]
                found = {"at": self._now}
            case "/_fake/reset":
                self.books.clear()
                self.log.clear()
                self._next.clear()
                self._caches.clear()
                found = {}
            case _:
                found = {"connections": self._connections}
        await _send_json(connection, 200, found, [])


def _understood(body: dict[str, Any]) -> tuple[ModelFacts, Plan]:
    """Read a body and lay out its answer; raises RefusedError."""
    facts, wanted, tokens = _shaped(lambda: (check_message(body), plan(body), prompt_tokens(body)))
    if tokens > facts.window:
        raise RefusedError(f"prompt is too long: {tokens} tokens > {facts.window} maximum")
    return facts, wanted


def _shaped(read: Callable[[], _Read]) -> _Read:
    """Read something of a body; whatever has not the API's shape is refused, as the API does."""
    try:
        return read()
    except (AttributeError, KeyError, TypeError) as error:
        raise RefusedError(f"The request has not the API's shape ({type(error).__name__})") from None


async def _misbehaved_first(connection: Connection, fault: dict[str, str]) -> bool:
    """Do what a fault does instead of an answer and say whether that was all; raises CutError if it closed."""
    if "silent" in fault:
        await connection.pause(float(fault["silent"] or 3600))
    if "early" in fault:
        await connection.send(head(103, [("link", "</style.css>; rel=preload")]))
    if "drop" in fault or "reset" in fault:
        connection.drop(rudely="reset" in fault)
        raise CutError
    if "redirect" in fault:
        await connection.send(head(307, [("Location", fault["redirect"]), ("Content-Length", "0")]))
        return True
    if "status" in fault:
        status = int(fault["status"])
        kind = fault.get("type", faults.ERROR_TYPES.get(status, "api_error"))
        extra = [("retry-after", fault["retry-after"])] if "retry-after" in fault else []
        extra += [("x-should-retry", fault["should-retry"])] if "should-retry" in fault else []
        body = _error_body(kind, faults.MESSAGES.get(kind, "The fake was asked to fail"))
        await _send_json(connection, status, body, extra + _limits())
        return True
    return False


async def _deliver(
    connection: Connection, body: dict[str, Any], reply: Reply, line: Line, fault: dict[str, str]
) -> None:
    starts = faults.with_usage(answer.start_usage(reply), fault, "start")
    ends = faults.with_usage(answer.delta_usage(reply), fault, "delta")
    beats = answer.beats(reply, (starts, ends))
    if body.get("stream"):
        await _stream(connection, beats, line, fault)
    else:
        await _whole(connection, beats, reply, line, fault)


async def _stream(connection: Connection, beats: list[Beat], line: Line, fault: dict[str, str]) -> None:
    beats = faults.reshape(beats, fault)
    sink = Sink(connection, fault)
    headers = [*_headers(line), ("Content-Type", "text/event-stream; charset=utf-8"), ("Cache-Control", "no-cache")]
    if {"length", "gzip", "gzip-cut", "bomb"} & fault.keys():
        return await _as_one_body(connection, beats, headers, line, fault)
    version = "HTTP/1.0" if "http10" in fault else "HTTP/1.1"
    many = [(f"x-extra-{n}", "x" * 40) for n in range(int(fault.get("many-headers", 0)))]
    await connection.send(head(200, headers + many + sink.framing, version))
    for beat in beats:
        if beat.pause_ms:
            await connection.pause(beat.pause_ms / 1000)
        line.generated(beat.generated)
        await sink.event(beat.data)
    await sink.end()
    return None


async def _as_one_body(
    connection: Connection, beats: list[Beat], headers: list[tuple[str, str]], line: Line, fault: dict[str, str]
) -> None:
    """Send a stream as one body of known length, packed if the fault says so."""
    line.generated(beats[-1].generated)
    body = b"".join(beat.data for beat in beats)
    if "length" not in fault:
        body = faults.encoded(body, fault)
        headers = [*headers, ("Content-Encoding", "gzip")]
    await connection.send(head(200, [*headers, ("Content-Length", str(len(body)))]) + body)


async def _whole(connection: Connection, beats: list[Beat], reply: Reply, line: Line, fault: dict[str, str]) -> None:
    """Take the time a stream would have taken, then answer in one message."""
    for beat in beats:
        line.generated(beat.generated)
        if beat.pause_ms:
            await connection.pause(beat.pause_ms / 1000)
    body = answer.message(reply, faults.with_usage(answer.whole_usage(reply), fault, "start"))
    headers = [*_headers(line), ("Content-Type", "application/json")]
    if {"gzip", "gzip-cut", "bomb"} & fault.keys():
        body = faults.encoded(body, fault)
        headers.append(("Content-Encoding", "gzip"))
    if int(fault.get("cut", len(body) + 1)) > len(body):
        return await connection.send(head(200, [*headers, ("Content-Length", str(len(body)))]) + body)
    sink = Sink(connection, fault | {"until-close": ""})
    await connection.send(head(200, [*headers, ("Content-Length", str(len(body)))]))
    await sink.event(body)
    return await sink.end()


def _body(request: Request) -> dict[str, Any]:
    """Check what stands in the headers and parse the body; raises RefusedError."""
    _authenticated(request)
    if request.headers.get("anthropic-version") not in VERSIONS:
        raise RefusedError("anthropic-version: header is required")
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise RefusedError("content-type: must be application/json")
    if len(request.body) > MOST_BODY:
        raise RefusedError("Request exceeds the maximum size", 413, "request_too_large")
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise RefusedError(f"The request body is not valid JSON: {error}") from None
    if not isinstance(body, dict):
        raise RefusedError("Input should be a valid dictionary or object to extract fields from")
    return body


def _authenticated(request: Request) -> str:
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    key = request.headers.get("x-api-key") or bearer
    if not key:
        raise RefusedError("x-api-key header is required", 401, "authentication_error")
    if not key.startswith(KEY_PREFIXES):
        raise RefusedError("invalid x-api-key", 401, "authentication_error")
    return key


def _headers(line: Line) -> list[tuple[str, str]]:
    line.request_id = new_id("req_011C", 20)
    return [("Date", _date()), ("request-id", line.request_id), *_common(), *_limits()]


def _common() -> list[tuple[str, str]]:
    return [
        ("anthropic-organization-id", ORGANIZATION),
        ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
        ("Server", "fake"),
        ("X-Robots-Tag", "none"),
    ]


def _limits() -> list[tuple[str, str]]:
    reset = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
    found = []
    for what, most in (("requests", 4000), ("input-tokens", 2_000_000), ("output-tokens", 400_000)):
        name = f"anthropic-ratelimit-{what}"
        found += [(f"{name}-limit", str(most)), (f"{name}-remaining", str(most - 1)), (f"{name}-reset", reset)]
    return found


def _date() -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())


def _error_body(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": new_id("req_011C", 20)}


def _models() -> dict[str, Any]:
    data = [
        {
            "type": "model",
            "id": name,
            "display_name": name.replace("-", " ").title(),
            "created_at": "2026-01-01T00:00:00Z",
        }
        | {"lifecycle": "active", "max_input_tokens": facts.window, "max_tokens": facts.most_output}
        for name, facts in MODELS.items()
    ]
    return {"data": data, "has_more": False, "first_id": data[0]["id"], "last_id": data[-1]["id"]}


async def _send_json(connection: Connection, status: int, value: Any, extra: list[tuple[str, str]]) -> None:
    body = json.dumps(value, separators=(",", ":")).encode()
    request_id = value.get("request_id") if isinstance(value, dict) else None
    headers = [("Date", _date()), ("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    headers += [("request-id", request_id or new_id("req_011C", 20)), *_common(), *extra]
    await connection.send(head(status, headers) + body)
