"""The agents' side: the app that decides about each request."""

from __future__ import annotations

import os
from functools import partial

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, NotFound

from proxy.chat import answer as answer_chat
from proxy.chat import chat
from proxy.counting import counting
from proxy.errors import dialect_of, error
from proxy.messages import answer as answer_message
from proxy.messages import messages, respond
from proxy.models import models
from proxy.server import Shortcuts
from proxy.services import Services
from proxy.wire.framing import WireRequest
from proxy.wire.wsgi import WIRE

NO_RESPONSES = (
    "bursar: the Responses API is not served here; set the agent to Chat Completions (POST /v1/chat/completions) or to "
    "the Messages API (POST /v1/messages). codex speaks nothing but Responses, so it cannot be used through bursar"
)


def create_app(services: Services) -> Flask:
    """Make the app that serves agents: the Messages API, and nothing that could spend money by another path."""
    app = Flask("bursar-proxy", static_folder=None)
    app.extensions["bursar"] = services
    # Flask would log a fault with its message, which may quote a prompt; the server logs it without.
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.before_request(_refuse_other_spellings)
    app.url_map.merge_slashes = False
    for part in (messages, chat, counting, models):
        app.register_blueprint(part)
    app.add_url_rule("/", "root", _hello)
    app.add_url_rule("/api/hello", "hello", _hello)
    app.add_url_rule("/health", "health", _health)
    app.register_error_handler(HTTPException, _refuse)
    return app


def shortcuts(services: Services) -> Shortcuts:
    """Name what answers the two paths that agents ask all day without the app's routing and contexts.

    Those are a tenth of a small request's work. The app answers the same there, for whoever serves it by WSGI alone.
    """
    return {
        (b"POST", b"/v1/messages"): partial(answer_message, services),
        (b"POST", b"/v1/chat/completions"): partial(answer_chat, services),
    }


def _refuse_other_spellings() -> None:
    """Refuse `//v1/messages` or `/%761/messages`: what is served here must be what Claude is asked for."""
    asked: WireRequest = request.environ[WIRE]
    if asked.target.partition(b"?")[0] != request.path.encode("latin-1", "replace"):
        raise NotFound


def _hello() -> Response:
    """Answer Claude Code's question whether anybody is there (`HEAD /`, `HEAD /api/hello`)."""
    return Response(b"bursar\n", 200, content_type="text/plain; charset=utf-8")


def _health() -> Response:
    # Others answer "ok" too, llama.cpp for one; an agent's hook has to know that it is us, and with which ledger.
    return jsonify(status="ok", server="bursar", pid=os.getpid())


def _refuse(why: HTTPException) -> Response:
    status = why.code or 500
    if request.path == "/v1/responses":
        return respond(error(404, NO_RESPONSES, "openai"))
    message = f"bursar: {request.method} {request.path[:200]} is not served here"
    if status == 405:
        message = f"bursar: {request.path[:200]} does not take {request.method}"
    return respond(error(status, message, dialect_of(request.path)))
