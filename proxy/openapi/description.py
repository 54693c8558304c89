"""The description of the control server's API, made of its routes, their docstrings and `OPERATIONS`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from proxy.openapi.operations import OPERATIONS, Operation
from proxy.openapi.schema import TEXT, Schema, ref
from proxy.openapi.shapes import COMPONENTS

PATH = "/api/openapi.json"
BLUEPRINTS = ("control", "history", "keeper")
"""Those of the API; the dashboard's pages are for people."""
ABOUT = (
    "What the bursar of this machine tells its own commands, and does for them, on 127.0.0.1 only. Every path "
    "but /health needs the token of the file control.token; requests that come from web pages are refused. Amounts are "
    "dollars as text, exact to the last digit; moments are in ISO 8601 with their zone. GET changes nothing."
)
_SAID = {
    400: "the request makes no sense, and the answer says why",
    401: "the token is missing or wrong",
    403: "it comes from a web page, or names another host",
    404: "nothing of this name is known",
    405: "this path takes another method",
    413: "the body is too long",
    415: "the body is not sent as application/json, or is compressed",
    503: "the ledger cannot be read or written now",
}
_BY_THE_GATE = (400, 403, 405, 413, 415)


def description(app: Flask, version: str) -> dict[str, Any]:
    """Describe every route of the API; KeyError for one that `OPERATIONS` does not know."""
    paths: dict[str, dict[str, Any]] = {}
    for rule, method in api_routes(app):
        view = app.view_functions[rule.endpoint]
        operation = _described(OPERATIONS[rule.endpoint], rule, method, view.__doc__ or "")
        paths.setdefault(_templated(rule), {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "bursar", "version": version, "description": ABOUT},
        "paths": paths,
        "components": {
            "schemas": COMPONENTS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def api_routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Give the API's routes with their methods; HEAD goes with each GET, and OPTIONS the gate refuses."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in BLUEPRINTS:
            yield from ((rule, method) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))


def _described(operation: Operation, rule: Rule, method: str, docstring: str) -> dict[str, Any]:
    summary, _, more = docstring.partition("\n")
    statuses = {400, 403, 405, 503, *operation.statuses}
    statuses |= {401} if operation.needs_token else set()
    statuses |= {413, 415} if method == "POST" else set()
    found: dict[str, Any] = {
        "operationId": rule.endpoint.replace(".", "_"),
        "summary": summary.strip(),
        "parameters": [*_parameters(operation, rule)],
        "responses": {"200": _answer("done", operation.tells, operation.media)}
        | {str(status): _refusal(status) for status in sorted(statuses)},
        "security": [{"token": []}] if operation.needs_token else [],
    }
    if more.strip():
        found["description"] = re.sub(r"\s+", " ", more).strip()
    if operation.body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": operation.body}}}
    return found


def _parameters(operation: Operation, rule: Rule) -> Iterator[Schema]:
    for name in sorted(rule.arguments):
        yield {"name": name, "in": "path", "required": True, "schema": {**TEXT, "minLength": 1}}
    for name, schema in operation.query.items():
        yield {"name": name, "in": "query", "required": False, "schema": schema}


def _refusal(status: int) -> Schema:
    """Describe a refusal: what comes before the path is read is worded as for agents."""
    schema = {"anyOf": [ref("Error"), ref("Refusal")]} if status in _BY_THE_GATE else ref("Error")
    return _answer(_SAID[status], schema)


def _answer(said: str, schema: Schema, media: str = "application/json") -> Schema:
    return {"description": said, "content": {media: {"schema": schema}}}


def _templated(rule: Rule) -> str:
    """Write a path as OpenAPI does: `/api/prices/{model}`."""
    return re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", rule.rule)
