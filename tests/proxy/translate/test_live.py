"""Every wire in the product itself: an agent asks the proxy, a local server answers in its own dialect."""

import pytest

from budget.ledger import Mode
from proxy.upstream.local_model import LocalSetting
from tests.kit.llama.server import MODEL
from tests.kit.local_fake import local_fake
from tests.kit.raw import ask, message

TOOLS = [
    {
        "name": "get_weather",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }
]


def call_in(answer):
    """Return the one call of an answer that is no stream."""
    assert answer.status == 200, answer.body
    (block,) = answer.json["content"]
    return block["name"], block["input"]


@pytest.mark.slow
@pytest.mark.parametrize("own", [False, True], ids=["Chat Completions", "its own Messages API"])
@pytest.mark.parametrize("stream", [True, False])
def test_a_call_of_a_real_llama_cpp_server_reaches_the_agent(start, llama, own, stream):
    server = LocalSetting("box", llama.url, "llamacpp", (MODEL,), tools=True, messages_api=own)
    answer = ask(start(mode=Mode.local, servers=(server,)).url, message("[[weather]]", tools=TOOLS, stream=stream))
    if stream:
        assert answer.status == 200
        assert b'"stop_reason":"tool_use"' in answer.body
        assert rb"\"Paris\"" in answer.body
        return
    assert call_in(answer) == ("get_weather", {"city": "Paris"})
    assert answer.json["model"] != MODEL


def test_ollama_is_asked_in_its_own_dialect(start):
    asked = []

    def chat(body):
        asked.append(body)
        call = {"function": {"name": "get_weather", "arguments": {"city": "Paris"}}}
        said = {"role": "assistant", "content": "", "thinking": "hm", "tool_calls": [call]}
        return {"message": said, "done": True, "done_reason": "stop", "prompt_eval_count": 90, "eval_count": 7}

    pages = {
        "/api/version": (200, {"version": "0.40.2"}),
        "/api/ps": (200, {"models": [{"name": "qwen3:8b", "context_length": 32768}]}),
        "/api/tags": (200, {"models": [{"name": "qwen3:8b", "digest": "1"}]}),
        "/api/show": (200, {"capabilities": ["completion", "tools"]}),
        "/api/chat": (200, chat),
    }
    with local_fake(pages=pages) as local:
        servers = (LocalSetting("box", local.url, "ollama", ("qwen3:8b",), tools=True, keep_alive="30m"),)
        answer = ask(start(mode=Mode.local, servers=servers).url, message("Go.", tools=TOOLS))
    assert call_in(answer) == ("get_weather", {"city": "Paris"})
    assert answer.json["usage"]["output_tokens"] == 7
    assert asked[-1]["options"]["num_ctx"] == 32768
    assert (asked[-1]["keep_alive"], asked[-1]["truncate"]) == ("30m", False)
