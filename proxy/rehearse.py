"""Rehearse: what would become of a request at this moment, without sending, holding or remembering anything."""

from __future__ import annotations

from dataclasses import replace

from proxy.chat import as_messages, read_chat
from proxy.headers import as_text
from proxy.lookback import was_restricted
from proxy.request import AgentRequest, Dialect, read
from proxy.router import decide
from proxy.services import Services
from proxy.taken import take, traced
from proxy.task import Tier
from proxy.trace import Trace
from proxy.view import fit_of, names_local, override_of, view_of
from proxy.wire.framing import WireRequest

REHEARSED = ""
"""The id of a request that was never made."""


def rehearse(services: Services, wire: WireRequest, dialect: Dialect) -> Trace:
    """Classify and decide a request as if an agent had sent it now; raises BadRequest."""
    asked = read_as(wire, dialect)
    if dialect == "openai":
        wire = as_messages(wire)
    headers = as_text(wire.headers)
    word = override_of(headers, asked)
    taken = take(services, asked, headers, is_directed=word is not None)
    override = word or ("local" if names_local(services, asked) else None)
    view = view_of(services, asked, override, taken.ruling, task=taken.task, counts=False)
    if was_restricted(services, asked, headers):
        view = replace(view, session_tier=Tier.L3)
    return traced(services, asked, taken, view, decide(view, taken.task, fit_of(asked)), REHEARSED)


def read_as(wire: WireRequest, dialect: Dialect) -> AgentRequest:
    """Read a request of either API; raises BadRequest."""
    return read_chat(wire)[0] if dialect == "openai" else read(wire.body, as_text(wire.headers))
