"""Traces: the last requests' reasons, kept for a while and without a word of what was asked."""

import json
from datetime import UTC, datetime

from budget.bands import Band
from budget.state import Mode
from proxy.classify import Classifier
from proxy.decision import View
from proxy.request import AgentRequest, read
from proxy.route import CloudRoute
from proxy.router import decide
from proxy.trace import Trace, Traces, trace_of
from proxy.upstream.local_model import LocalUpstream
from proxy.view import fit_of

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CANARY = "the vermilion otter sings at noon"
VIEW = View(Mode.auto, Band.normal, False, "claude-only", (), CloudRoute("anthropic", "claude-opus-5-5"))
OFF = LocalUpstream("ollama", "http://127.0.0.1:11434", "ollama", (), healthy=False, why="nobody answers there")


def asked(*messages: object) -> AgentRequest:
    """Read a request of these messages."""
    body = {"model": "claude-opus-5-5", "max_tokens": 100, "messages": messages}
    return read(json.dumps(body).encode(), {"x-claude-code-session-id": "s1"})


def traced(request: AgentRequest, request_id: str = "req_1") -> Trace:
    """Trace a request as it is decided with nothing but Claude there."""
    task, fit = Classifier().classify(request), fit_of(request)
    return trace_of(request_id, NOON, request, task, VIEW, fit, decide(VIEW, task, fit), servers=(OFF,))


def test_a_trace_tells_how_long_the_request_was_and_not_what_it_said():
    trace = traced(asked({"role": "user", "content": f"Rename this: {CANARY}"}))
    assert (trace.request_words, trace.turn, trace.session) == (8, "new", "s1")  # "Rename this:" and six words
    assert trace.off == (("ollama", "nobody answers there"),)
    assert not [word for word in CANARY.split() if len(word) > 3 and word in repr(trace)]


def test_a_trace_tells_a_continuation_and_keeps_its_turns_key():
    first = {"role": "user", "content": "Rename it."}
    called = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "Read", "input": {}}]}
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": CANARY}]}
    begun, goes_on = traced(asked(first)), traced(asked(first, called, result))
    assert (goes_on.turn, goes_on.request_words) == ("continuation", 2)
    assert goes_on.turn_key == begun.turn_key
    assert "vermilion" not in repr(goes_on)


def test_of_many_traces_the_last_are_kept():
    traces = Traces(most=2)
    assert traces.last is None
    request = asked({"role": "user", "content": "Rename it."})
    for number in range(3):
        traces.add(traced(request, f"req_{number}"))
    assert traces.find("req_0") is None
    assert [traces.find("req_1"), traces.last] == [traced(request, "req_1"), traced(request, "req_2")]


def test_what_is_decided_anew_takes_the_place_of_what_was_decided_before():
    traces = Traces()
    traces.add(traced(asked({"role": "user", "content": "One."})))
    traces.add(traced(asked({"role": "user", "content": "One two."})))
    found = traces.find("req_1")
    assert found is not None
    assert found.request_words == 2
