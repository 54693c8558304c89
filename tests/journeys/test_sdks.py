"""The official SDKs, the newest and an old one, notice no difference between Claude and bursar."""

from typing import Any

import openai
import pytest

from tests.journeys.conftest import StartBursar
from tests.kit.bursar import Bursar
from tests.kit.fake_claude import KEY, FakeClaude
from tests.kit.sdks import NEW_SDK, OLD_SDK, Sdk

TOOL = {"name": "Read", "description": "Reads", "input_schema": {"type": "object", "properties": {}}}
VARYING = {"date", "request-id", "transfer-encoding", "connection", "content-length"}


def _asked(text: str, **fields: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    return {"model": "claude-sonnet-5-5", "max_tokens": 500, "messages": messages, **fields}


CALLS = (
    {"do": "stream", **_asked("[[text:Streamed answer]]")},
    {"do": "whole", **_asked("[[text:Whole answer]]")},
    {"do": "stream", **_asked("[[read:/a]]", tools=[TOOL])},
    {"do": "whole", **_asked("[[read:/a]]&[[text:and text]]", tools=[TOOL])},
    {"do": "stream", **_asked("[[out:600]]")},  # Ends at max_tokens.
    {"do": "count", "model": "claude-sonnet-5-5", "messages": [{"role": "user", "content": "count"}]},
    {"do": "whole", **_asked("[[fault:status=400]]")},
    {"do": "stream", **_asked("[[fault:status=529 should-retry=false]]")},
    {"do": "stream", **_asked("[[text:some more words than one]] [[fault:error-event=5]]")},
    {"do": "whole", **_asked("")},  # Refused by Claude itself.
)


@pytest.fixture(params=[NEW_SDK, OLD_SDK], ids=["newest", "old"])
def sdk(request: pytest.FixtureRequest) -> Sdk:
    """One of the SDKs."""
    found: Sdk = request.param
    if not found.is_installed:
        pytest.skip("the old anthropic SDK is not there: `python tests/run.py` fetches it")
    return found


def _comparable(result: dict[str, Any]) -> dict[str, Any]:
    """Leave out what differs from call to call, and what bursar adds."""
    kept = {key: value for key, value in result.items() if key not in ("headers", "text", "body")}
    if "body" in result and isinstance(result["body"], dict):
        kept["error_body"] = result["body"].get("error")
    if "headers" in result:
        kept["header_names"] = sorted(n for n in result["headers"] if n not in VARYING and not n.startswith("x-bursar"))
    return kept


def test_every_call_gives_the_same_with_and_without_bursar(sdk: Sdk, shared_bursar: Bursar, fake: FakeClaude) -> None:
    direct = sdk.calls(fake.url, *CALLS)
    sent_directly = [(request.target, request.body) for request in fake.requests()]
    fake.reset()
    through = sdk.calls(shared_bursar.url, *CALLS)
    assert [_comparable(result) for result in through] == [_comparable(result) for result in direct]
    assert [(request.target, request.body) for request in fake.requests()] == sent_directly


def test_the_models_are_listed(sdk: Sdk, shared_bursar: Bursar) -> None:
    (listed,) = sdk.calls(shared_bursar.url, {"do": "models"})
    assert "claude-opus-5-5" in listed["ids"]


def test_a_refusal_is_payment_required_and_tried_once(sdk: Sdk, start: StartBursar, fake: FakeClaude) -> None:
    bursar = start(budget="0.01", cutoff="0.01")
    (result,) = sdk.calls(bursar.url, {"do": "stream", **_asked("[[text:x]]") | {"max_tokens": 32_000}}, retries=5)
    assert result["status"] == 402
    assert result["body"]["error"]["type"] == "billing_error"
    assert "today's cutoff of $0.01 is reached" in result["text"]
    assert fake.requests(path="/v1/messages") == []
    assert len({line["request_id"] for line in bursar.log()}) == 1


def test_the_bill_of_every_complete_answer_is_in_the_ledger(sdk: Sdk, start: StartBursar, fake: FakeClaude) -> None:
    bursar = start(budget="100.00")
    sdk.calls(bursar.url, *CALLS[:5])
    bursar.settled()
    billed = {line["request_id"]: line["picos"] for line in fake.bill()["lines"]}
    assert {entry.upstream_id: entry.charged for entry in bursar.entries()} == billed


def test_the_openai_sdk_lists_the_models_and_works_with_each_of_claude_s(
    shared_bursar: Bursar, fake: FakeClaude
) -> None:
    with openai.OpenAI(base_url=f"{shared_bursar.url}/v1", api_key=KEY, max_retries=2) as client:
        listed = {model.id for model in client.models.list()}
        for model in sorted(listed & {"claude-opus-5-5", "claude-haiku-4-5-20251001", "claude-sonnet-4-6"}):
            asked = [{"role": "user", "content": f"[[text:I am {model}]]"}]
            with client.chat.completions.create(model=model, messages=asked, stream=True) as stream:
                said = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
            assert said == f"I am {model}"
    shared_bursar.settled()
    billed = {line["request_id"]: line["picos"] for line in fake.bill()["lines"]}
    assert len(billed) == 3
    charged = {entry.upstream_id: entry.charged for entry in shared_bursar.entries()}
    assert {name: charged[name] for name in billed} == billed
