"""The gate: refuse what a web page could send, first on every path (FAULTS.md, T01–T03, T12)."""

from __future__ import annotations

from proxy.errors import dialect_of, error
from proxy.wire.answer import Whole
from proxy.wire.client import Gate
from proxy.wire.framing import WireRequest

WITH_BODY = {b"POST", b"PUT", b"PATCH", b"DELETE"}
METHODS = {b"GET", b"HEAD", b"POST"}
ALLOW = (b"allow", b"GET, HEAD, POST")
FORM = b"application/x-www-form-urlencoded"


def gate(port: int, *, has_forms: bool = False) -> Gate:
    """Make the check for a server on this port of 127.0.0.1; it gives the refusal, or None to let a request in.

    `has_forms`: pages of its own may send forms, to other paths than /api.
    """
    hosts = {f"127.0.0.1:{port}".encode(), f"localhost:{port}".encode()}
    origins = {b"http://" + host for host in hosts}

    def check(request: WireRequest) -> Whole | None:
        fault = _fault(request, hosts, origins, has_forms=has_forms)
        if fault is None:
            return None
        headers = [ALLOW] if fault[0] == 405 else []
        return error(fault[0], f"bursar: {fault[1]}", dialect_of(request.target), headers=headers)

    return check


def _fault(request: WireRequest, hosts: set[bytes], origins: set[bytes], *, has_forms: bool) -> tuple[int, str] | None:
    headers = request.lower
    if headers.get(b"host", b"").lower() not in hosts:
        return 403, f"the Host header must be {min(hosts).decode()}: requests for other names are refused"
    origin = headers.get(b"origin")
    if origin is not None and origin.lower() not in origins:
        return 403, "requests from web pages of other origins are refused"
    if headers.get(b"sec-fetch-site", b"none") not in (b"same-origin", b"none"):
        return 403, "requests from web pages of other sites are refused"
    if request.method not in METHODS:
        return 405, f"the method {request.method.decode('latin-1')[:20]} is not used here"
    if request.method in WITH_BODY:
        return _body_fault(request, may_be_form=has_forms)
    return None


def _body_fault(request: WireRequest, *, may_be_form: bool) -> tuple[int, str] | None:
    headers = request.lower
    kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    if kind != b"application/json" and not (may_be_form and kind == FORM and _is_own_form(request)):
        return 415, "the body must be sent as content-type: application/json"
    if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        return 415, "compressed request bodies are refused: what is metered must be what is forwarded"
    return None


def _is_own_form(request: WireRequest) -> bool:
    """Tell whether a form comes from a page of this very server: every browser names the origin of a form."""
    return request.lower.get(b"origin", b"").lower() == b"http://" + request.lower[b"host"].lower() and not (
        request.target.startswith(b"/api")
    )
