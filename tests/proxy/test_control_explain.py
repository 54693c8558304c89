"""Explanations at the control server: by id, of the last, of a body – and never a word of a prompt."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from budget.bands import Limits
from budget.ledger import Mode
from pricing.money import Money
from proxy.coldcache import Warm
from proxy.control import create_control
from proxy.rules.rule import Rule
from proxy.server import Server
from proxy.services import ProxyOptions
from proxy.task import Tier
from tests.kit.boxed import TOOLS, begun, box
from tests.kit.fake_claude import KEY, FakeClaude
from tests.kit.inproc import InProcess
from tests.kit.local_fake import Act, says
from tests.proxy.conftest import Start
from tests.proxy.test_control import TOKEN, OneDesk

CANARY = "the vermilion otter sings at noon"


@dataclass
class Both:
    """A proxy before the fake Claude, and its control server."""

    proxy: InProcess
    control: int

    def send(self, body: dict[str, Any], path: str = "/v1/messages", **headers: str) -> str:
        """Send a request as an agent would; gives its id."""
        _, _, head = _call(int(self.proxy.url.rpartition(":")[2]), "POST", path, json.dumps(body).encode(), headers)
        assert self.proxy.entries() is not None
        return head["x-bursar-request"]

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
        """Ask the control server."""
        status, text, _ = _call(self.control, method, path, body, {"authorization": f"Bearer {TOKEN}"} | headers)
        return status, json.loads(text)


@pytest.fixture
def both(one_fake: FakeClaude, tmp_path: Path) -> Iterator[Both]:
    with InProcess(tmp_path, one_fake.url, mode=Mode.auto) as proxy, controlled(proxy) as both:
        yield both


@contextmanager
def controlled(proxy: InProcess) -> Iterator[Both]:
    """Serve a proxy's control API."""
    server = Server(create_control(proxy.services, TOKEN, OneDesk()), 0, name="control", workers=2)
    server.start()
    yield Both(proxy, server.port)
    server.drain(1)
    server.stop()


def body(text: str = f"Rename this: {CANARY}", **fields: Any) -> dict[str, Any]:
    """Make a request of one message."""
    message = {"role": "user", "content": text}
    return {"model": "claude-sonnet-5-5", "max_tokens": 64, "messages": [message]} | fields


def test_a_request_is_explained_with_what_was_read_why_and_what_followed(both: Both):
    request_id = both.send(body())
    status, found = both.ask("GET", f"/api/explain/{request_id}")
    assert (status, found["request"]) == (200, request_id)
    assert (found["read"]["turn"], found["read"]["words"]) == ("new", 8)
    assert found["task"]["reasons"][0].keys() == {"rule", "where"}
    assert (found["mode"], found["band"]) == ("auto", "normal")
    assert found["decision"]["routes"] == [
        {"upstream": "anthropic", "model": "claude-sonnet-5-5", "is_local": False}
    ]  # No local model is there.
    assert "in mode local it would have been refused" in found["changes"]
    assert [entry["request"] for entry in found["followed"]["entries"]] == [request_id]
    assert found["followed"]["log"]["outcome"] == "complete"


def test_an_escalated_request_is_explained_with_its_local_attempt(start: Start):
    with box(Act(says("I will now call the get_weather tool."))) as (_, settings):
        proxy = begun(start, settings)
        with controlled(proxy) as both:
            request_id = both.send(body(**TOOLS))
            assert proxy.entries(2)
            _, found = both.ask("GET", f"/api/explain/{request_id}")
    assert found["locals"] == [{"upstream": "box", "model": "fake-model", "ok": True, "why": ""}]
    assert [route["upstream"] for route in found["decision"]["routes"]] == ["box", "anthropic"]
    assert "in mode cloud it would have gone to Claude (claude-sonnet-5-5)" in found["changes"]
    *attempts, claude = found["followed"]["entries"]
    assert attempts[-1]["is_local"]
    assert [flag for flag in attempts[-1]["flags"] if flag.startswith("escalated: ")]
    assert (claude["upstream"], claude["outcome"]) == ("anthropic", "complete")


def test_a_request_that_the_cutoff_refused_is_explained_with_the_amounts(both: Both):
    both.proxy.ledger.set_limits(Limits(Money.usd("0.0001"), Money.usd("0.0001")))
    request_id = both.send(body())
    _, found = both.ask("GET", f"/api/explain/{request_id}")
    assert found["decision"]["refusal"] is None  # The router let it go; the ledger had no money for it.
    assert "today's cutoff of" in found["followed"]["said"]
    assert found["followed"]["entries"] == []


def test_a_request_that_the_router_refused_is_explained_with_its_sentence(both: Both):
    both.proxy.ledger.stop("person")
    request_id = both.send(body())
    _, found = both.ask("GET", f"/api/explain/{request_id}")
    assert found["decision"]["refusal"]["kind"] == "stopped"
    assert found["followed"]["said"].startswith("bursar: all cloud traffic is stopped since")
    assert "without the emergency stop it would have gone to Claude (claude-sonnet-5-5)" in found["changes"]


def test_a_local_model_that_could_not_take_it_is_told_with_the_reason(start: Start):
    with box(Act(says("Yes."))) as (_, settings):
        proxy = begun(start, settings)
        with controlled(proxy) as both:
            long = body("word " * 50_000)
            _, found = both.ask("POST", "/api/explain", json.dumps(long).encode())
    (one,) = found["locals"]
    assert not one["ok"]
    assert "more than the context of 32,768" in one["why"]
    assert "had box/fake-model a longer context it would have gone to box/fake-model" in found["changes"]


def test_last_is_the_newest_request(both: Both):
    both.send(body("One."))
    newest = both.send(body("One two."))
    assert both.ask("GET", "/api/explain/last")[1]["request"] == newest


def test_before_any_request_there_is_no_last_one(both: Both):
    status, found = both.ask("GET", "/api/explain/last")
    assert (status, list(found)) == (404, ["error"])
    assert both.ask("GET", "/api/explain/req_0")[0] == 404


def test_a_request_older_than_the_traces_is_told_by_its_labels_and_the_rest_is_said_to_be_gone(both: Both):
    request_id = both.send(body())
    kept = both.proxy.services.traces.find(request_id)
    assert kept is not None
    both.proxy.services.traces = type(both.proxy.services.traces)()
    _, found = both.ask("GET", f"/api/explain/{request_id}")
    assert found["task"] == {"class": kept.task_class.value, "tier": kept.tier.name}
    assert found["decision"] == {"reason": kept.decision.reason}
    assert "not known any more" in found["forgotten"]
    assert len(found["followed"]["entries"]) == 1
    assert both.ask("GET", "/api/explain/last")[1]["request"] == request_id


def test_a_body_is_decided_as_the_live_request_then_is(both: Both):
    sent = body("Add a test for the parser, then run it.", tools=[{"name": "Read", "input_schema": {"type": "object"}}])
    _, told = both.ask("POST", "/api/explain", json.dumps(sent).encode(), **{"x-claude-code-session-id": "s1"})
    both.send(sent, **{"x-claude-code-session-id": "s1"})
    _, live = both.ask("GET", "/api/explain/last")
    assert told["request"] is None
    for part in ("read", "task", "override", "mode", "band", "locals", "decision", "changes", "rule", "gate"):
        assert told[part] == live[part], part


@pytest.mark.parametrize(
    "rule", [None, Rule("docs", route="local"), Rule("no", route="block"), Rule("up", tier=Tier.L3)]
)
@pytest.mark.parametrize("is_warm", [True, False])
def test_a_body_is_decided_as_live_with_rules_and_a_warm_cache(start: Start, rule: Rule | None, is_warm: bool):
    sent = body(system="x " * 20_000)
    with box(Act(says("It is done."))) as (_, settings):
        proxy = begun(start, settings, options=ProxyOptions(rules=(rule,) if rule else ()))
        if is_warm:
            until = proxy.now() + timedelta(minutes=50)
            proxy.services.warmth.heard("s1//claude-sonnet-5-5", Warm(1_000_000, until, True))
        with controlled(proxy) as both:
            _, told = both.ask("POST", "/api/explain", json.dumps(sent).encode(), **{"x-claude-code-session-id": "s1"})
            both.send(sent, **{"x-claude-code-session-id": "s1"})
            _, live = both.ask("GET", "/api/explain/last")
    assert (told["gate"] is not None) == (is_warm and (rule is None or not rule.route) and told["task"]["tier"] == "L1")
    for part in ("read", "task", "mode", "band", "locals", "decision", "changes", "rule", "gate"):
        assert told[part] == live[part], part


def test_what_is_said_of_a_persons_word_is_what_really_happens(start: Start):
    blocked = Rule("no", route="block")
    with box(Act(says("It is done."))) as (_, settings):
        proxy = begun(start, settings, options=ProxyOptions(rules=(blocked,)))
        with controlled(proxy) as both:
            both.send(body("Go."))
            _, without = both.ask("GET", "/api/explain/last")
            both.send(body("@cloud Go."))
            _, said = both.ask("GET", "/api/explain/last")
    assert without["decision"]["routes"] == []
    assert "with @cloud it would have gone to Claude (claude-sonnet-5-5)" in without["changes"]
    assert said["decision"]["routes"][0]["upstream"] == "anthropic"
    assert "without the word for cloud it would have been refused" in said["changes"]


def test_a_chat_body_is_decided_as_the_live_request_then_is(both: Both):
    sent = {"model": "claude-sonnet-5-5", "messages": [{"role": "user", "content": "@cloud Rename this."}]}
    _, told = both.ask("POST", "/api/explain?dialect=openai", json.dumps(sent).encode())
    both.send(sent, "/v1/chat/completions")
    _, live = both.ask("GET", "/api/explain/last")
    assert (live["read"]["dialect"], live["override"]) == ("openai", "cloud")
    assert {key: told[key] for key in ("read", "task", "decision")} == {
        key: live[key] for key in ("read", "task", "decision")
    }


def test_explaining_a_body_sends_holds_and_keeps_nothing(both: Both, one_fake: FakeClaude):
    secret = body("the key is AKIAIOSFODNN7EXAMPL2, use it")
    before = len(one_fake.requests())
    status, found = both.ask("POST", "/api/explain", json.dumps(secret).encode(), **{"x-claude-code-session-id": "s1"})
    assert (status, found["task"]["tier"]) == (200, "L3")
    services = both.proxy.services
    assert (services.traces.last, services.log.after(0), both.proxy.entries()) == (None, [], [])
    assert len(one_fake.requests()) == before
    both.send(body("Rename this."), **{"x-claude-code-session-id": "s1"})
    assert both.ask("GET", "/api/explain/last")[1]["task"]["session_tier"] == "L0"  # The session was not marked.


def test_a_large_body_is_taken_and_one_that_is_none_is_refused_with_the_reason(both: Both):
    large = json.dumps(body("word " * 100_000)).encode()
    assert both.ask("POST", "/api/explain", large)[0] == 200
    assert both.ask("POST", "/api/explain", b"{}") == (
        400,
        {"error": "messages is missing or empty; a request needs a list of at least one message"},
    )
    assert both.ask("POST", "/api/explain?dialect=latin", b"{}")[0] == 400


def test_explanations_need_the_token(both: Both):
    for method, path in (("GET", "/api/explain/last"), ("POST", "/api/explain")):
        assert both.ask(method, path, b"{}" if method == "POST" else None, authorization="Bearer no")[0] == 401


def test_no_word_of_a_prompt_is_in_an_explanation_a_trace_or_the_log(both: Both):
    result = {"type": "tool_result", "tool_use_id": "t1", "content": CANARY}
    call = {"type": "tool_use", "id": "t1", "name": "Read", "input": {"file_path": CANARY}}
    messages = [
        {"role": "user", "content": f"Rename this: {CANARY}"},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result]},
    ]
    sent = body(messages=messages, system=CANARY)
    _, told = both.ask("POST", "/api/explain", json.dumps(sent).encode())
    request_id = both.send(sent)
    services = both.proxy.services
    _, live = both.ask("GET", f"/api/explain/{request_id}")
    kept = repr((services.traces.last, services.log.after(0), both.proxy.entries()))
    services.traces = type(services.traces)()
    _, old = both.ask("GET", f"/api/explain/{request_id}")
    for text in (json.dumps(told), json.dumps(live), json.dumps(old), kept):
        assert not [word for word in ("vermilion", "otter", "sings") if word in text]


def _call(
    port: int, method: str, path: str, body: bytes | None, headers: dict[str, str]
) -> tuple[int, str, dict[str, str]]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    kind = {"content-type": "application/json"} if method == "POST" else {}
    connection.request(method, path, body, kind | {"x-api-key": KEY, "anthropic-version": "2023-06-01"} | headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text, {name.lower(): value for name, value in answer.getheaders()}
