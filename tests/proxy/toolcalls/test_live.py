"""Repair in the product itself: an agent asks the proxy, a local server answers badly, the agent gets a right call."""

import pytest

from budget.ledger import Mode
from proxy.upstream.local_model import LocalSetting
from tests.kit.local_fake import Act, calls, local_fake, says
from tests.kit.raw import ask, message
from tests.proxy.toolcalls.kit import SCHEMAS

TOOLS = [{"name": name, "input_schema": schema} for name, schema in SCHEMAS.items()]
TEXT = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>'


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("body", "made"),
    [
        (calls("Bash", "{'command': 'ls -l', 'timeout': '7',}"), ("Bash", {"command": "ls -l", "timeout": 7})),
        (calls("functions.get_weather", '{"city": "Paris"'), ("get_weather", {"city": "Paris"})),
        (says(TEXT[:7], TEXT[7:30], TEXT[30:]), ("get_weather", {"city": "Paris"})),
        (calls("get_wether", '{"city": "Paris"}'), ("get_wether", {"city": "Paris"})),
        (calls("Bash", '{"cmd": "ls"}'), ("Bash", {"cmd": "ls"})),
    ],
    ids=["Python and types", "name and brace", "in the text", "unknown, as it came", "unfit, as it came"],
)
def test_the_agent_gets_the_call_that_the_model_meant_or_the_one_it_made(start, body, made, stream):
    with local_fake(Act(body)) as local:
        servers = (LocalSetting("box", local.url, "openai", ("fake-model",), context=32768, tools=True),)
        answer = ask(start(mode=Mode.local, servers=servers).url, message("Go.", tools=TOOLS, stream=stream))
    assert answer.status == 200
    if stream:
        assert made[0].encode() in answer.body
        assert b'"stop_reason":"tool_use"' in answer.body
        return
    (block,) = answer.json["content"]
    assert ((block["name"], block["input"]), answer.json["stop_reason"]) == (made, "tool_use")
