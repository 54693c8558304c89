"""Requests and answers, translated to a real llama.cpp server and back."""

import http.client
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from proxy.toolcalls.signals import Signal, signals
from proxy.translate.errors import Trouble, from_local
from proxy.translate.request import Translated, to_chat
from proxy.translate.response import Folded, Unfinished
from proxy.translate.stream import AnthropicStream
from proxy.upstream.local_model import LocalModel
from tests.kit.llama.scripts import AFTER_TOOL, GOOD
from tests.kit.llama.server import MODEL, LlamaServer
from tests.proxy.translate.test_stream import answer, events, kinds

pytestmark = pytest.mark.slow

CAPS = LocalModel(MODEL, 65536, tools=True, kind="llamacpp")
TOOLS = [
    {
        "name": name,
        "description": name,
        "input_schema": {"type": "object", "properties": properties, "required": needed},
    }
    for name, properties, needed in [
        ("get_weather", {"city": {"type": "string"}}, ["city"]),
        ("Write", {"file_path": {"type": "string"}, "content": {"type": "string"}}, ["file_path", "content"]),
    ]
]
PARIS = ("get_weather", {"city": "Paris"})


def request(words: str, **fields: Any) -> dict[str, Any]:
    """Make a request as Claude Code does: blocks, cache marks, a billing header, an inline system message."""
    system = [
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.0ab;"},
        {"type": "text", "text": "You are a helper.", "cache_control": {"type": "ephemeral"}},
    ]
    given = [{"role": "user", "content": [{"type": "text", "text": words}]}, {"role": "system", "content": "Rules."}]
    return {"max_tokens": 400, "system": system, "messages": given, "tools": TOOLS, **fields}


def ask(
    server: LlamaServer,
    fields: dict[str, Any],
    carry: AnthropicStream | Folded | None = None,
    caps: LocalModel = CAPS,
    **form: bool,
) -> bytes:
    """Send a request through the translation; small pieces, as a socket may give them."""
    asked = to_chat(fields, model=MODEL, caps=caps, **form)
    carry = carry or AnthropicStream("claude-x", asked)
    status, pieces = post(server, asked)
    if status != 200:
        raise Refused(from_local(status, b"".join(pieces)))
    told = [carry.feed(piece) or b"" for piece in pieces]
    return b"".join([*told, carry.end(True) or b""])


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble


def post(server: LlamaServer, asked: Translated) -> tuple[int, list[bytes]]:
    """Send a body over a plain connection."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    try:
        connection.request("POST", asked.path, asked.body, {"content-type": "application/json"})
        response = connection.getresponse()
        return response.status, list(iter(lambda: response.read1(97), b""))
    finally:
        connection.close()


FORMS: dict[str, tuple[LocalModel, dict[str, bool]]] = {
    "streamed": (CAPS, {}),
    "judged": (CAPS, {"judged": True}),
    "its own Messages API": (replace(CAPS, messages_api=True), {"judged": True}),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("marker", "blocks"),
    [
        ("Hello?", [GOOD["text"]]),
        ("[[unicode]]", [GOOD["unicode"]]),
        ("[[long]]", [GOOD["long"]]),
        ("[[weather]]", [PARIS]),
        ("[[two]]", [PARIS, ("get_weather", {"city": "Rome"})]),
        ("[[think]]", ["The answer is 42."]),
        ("[[think_tool]]", [PARIS]),
        ("[[empty]]", []),
        ("[[missing_brace]]", [PARIS]),
        ("[[truncated]]", [("get_weather", {"city": "Par"})]),
        ("[[text_only]]", ["I would now call the get_weather tool with city Paris."]),
    ],
)
def test_what_the_model_says_reaches_the_client_streamed_and_whole_on_every_wire(
    llama: LlamaServer, marker: str, blocks: list[Any], form: str
) -> None:
    caps, how = FORMS[form]
    stream = AnthropicStream("claude-x", to_chat(request(marker), model=MODEL, caps=caps, **how))
    found = events(ask(llama, request(marker), stream, caps, **how))
    assert [block for block in answer(found) if block != "\n"] == blocks
    assert found[-2]["delta"]["stop_reason"] == (
        "tool_use" if PARIS[0] in str(blocks) and marker != "[[text_only]]" else "end_turn"
    )
    assert found[-2]["usage"]["output_tokens"] > 0

    assert stream.usage["output_tokens"] == found[-2]["usage"]["output_tokens"]
    if form != "its own Messages API":
        assert stream.speed is not None
        assert stream.speed.prompt_tokens + stream.speed.cached_tokens == stream.heard.prompt_tokens

    whole = Folded("claude-x", to_chat(request(marker), model=MODEL, caps=caps, **how))
    ask(llama, request(marker), whole, caps, **how)
    assert [block.get("text") or (block["name"], block["input"]) for block in whole.message()["content"]] == blocks


def test_a_second_attempt_that_is_held_to_a_call_makes_the_one_that_the_model_means(llama: LlamaServer) -> None:
    folded = Folded("claude-x", to_chat(request("[[bare_json]]"), model=MODEL, caps=CAPS, constrained=True))
    ask(llama, request("[[bare_json]]"), folded, constrained=True)
    assert [(block["name"], block["input"]) for block in folded.message()["content"]] == [PARIS]
    assert signals(folded.heard) == ()


@pytest.mark.parametrize("marker", ["text", "empty", "read", "weather", "unknown_tool"])
def test_a_call_that_a_model_is_held_to_and_does_not_mean_is_seen_by_its_logprobs(
    llama: LlamaServer, marker: str
) -> None:
    folded = Folded("claude-x", to_chat(request(f"[[{marker}]]"), model=MODEL, caps=CAPS, constrained=True))
    ask(llama, request(f"[[{marker}]]"), folded, constrained=True)
    assert Signal.FORCED in signals(folded.heard)


def test_a_conversation_that_grows_is_read_by_the_server_once(llama: LlamaServer) -> None:
    """Six turns as Claude Code makes them: a new billing header each time, reminders after results, results late."""
    history: list[dict[str, Any]] = [
        {"role": "user", "content": [{"type": "text", "text": "Look around. [[weather]]"}]},
        {"role": "system", "content": "Rules. " * 400},
    ]
    shares = []
    for number in range(6):
        system = [{"type": "text", "text": f"x-anthropic-billing-header: cc_version=2.1.{number:03x};"},
                  {"type": "text", "text": "You are a helper. " * 100}]  # fmt: skip
        folded = Folded("claude-x", to_chat(request("", messages=history), model=MODEL, caps=CAPS, judged=True))
        ask(llama, request("", messages=history, system=system), folded, judged=True)
        said = folded.message()["content"]
        result = {"type": "tool_result", "tool_use_id": said[-1]["id"], "content": f"{number} degrees. [[weather]]"}
        history += [{"role": "assistant", "content": said}, {"role": "user", "content": [result]},
                    {"role": "system", "content": f"Used {number} of 9 tokens."}]  # fmt: skip
        assert folded.speed is not None
        shares.append((folded.speed.cached_tokens, folded.speed.prompt_tokens))
    print(f"\ncached and computed prompt tokens, turn by turn: {shares}")
    for cached, computed in shares[1:]:
        assert cached > 10 * computed


def test_a_call_its_result_and_the_answer_to_it_make_a_round_trip(llama: LlamaServer) -> None:
    first = Folded("claude-x")
    ask(llama, request("Weather? [[two]]"), first)
    said = first.message()["content"]
    results = [{"type": "tool_result", "tool_use_id": block["id"], "content": "sunny"} for block in reversed(said)]
    history = [*request("Weather? [[two]]")["messages"], {"role": "assistant", "content": said},
               {"role": "user", "content": results}, {"role": "system", "content": "Later rules."}]  # fmt: skip
    found = events(ask(llama, request("", messages=history)))
    assert answer(found) == [GOOD[AFTER_TOOL]]


def test_the_next_turn_finds_the_prompt_in_the_servers_cache_though_the_billing_header_changed(
    llama: LlamaServer,
) -> None:
    long_system = "You are a helper. " * 200
    first = request(
        "Hello?",
        system=[{"type": "text", "text": "x-anthropic-billing-header: 1"}, {"type": "text", "text": long_system}],
    )
    ask(llama, first)
    second = {**first, "system": [{"type": "text", "text": "x-anthropic-billing-header: 2"}, *first["system"][1:]]}
    stream = AnthropicStream("claude-x")
    ask(llama, second, stream)
    assert stream.usage["cache_read_input_tokens"] > 10 * stream.usage["input_tokens"]
    assert stream.timings is not None


def test_a_call_that_the_limit_cuts_off_is_not_told(llama: LlamaServer) -> None:
    found = events(ask(llama, request("[[length]]", max_tokens=60)))
    assert answer(found) == []
    assert found[-2]["delta"]["stop_reason"] == "max_tokens"


def test_endless_text_ends_at_the_limit(llama: LlamaServer) -> None:
    found = events(ask(llama, request("[[loop]]", max_tokens=40)))
    assert found[-2]["delta"]["stop_reason"] == "max_tokens"
    assert found[-2]["usage"]["output_tokens"] == 40


def test_an_error_in_the_middle_of_an_answer_is_an_error_for_the_client(llama: LlamaServer) -> None:
    assert kinds(events(ask(llama, request("[[xml_coder]]"))))[-1] == "error"
    whole = Folded("claude-x")
    ask(llama, request("[[xml_coder]]"), whole)
    with pytest.raises(Unfinished):
        whole.message()


def test_a_prompt_that_is_too_long_after_all_is_told_as_the_api_would(llama: LlamaServer) -> None:
    roomy = LocalModel(MODEL, 1_000_000, tools=True, kind="llamacpp")
    asked = to_chat(request("hi there " * 40000), model=MODEL, caps=roomy)
    status, pieces = post(llama, asked)
    trouble = from_local(status, b"".join(pieces))
    assert trouble.status == 400
    assert trouble.message.startswith("prompt is too long: ")
    assert trouble.message.endswith(" tokens > 65536 maximum")


def test_no_tools_are_sent_when_none_may_be_called_so_nothing_leaks(llama: LlamaServer) -> None:
    found = events(ask(llama, request("Hello?", tool_choice={"type": "none"})))
    assert answer(found) == [GOOD["text"]]


def test_a_schema_for_the_answer_is_honoured(llama: LlamaServer) -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    wanted = {"format": {"type": "json_schema", "schema": schema}}
    (text,) = answer(events(ask(llama, request("[[weather]]", tools=[], output_config=wanted))))
    assert set(json.loads(text)) == {"title"}


def test_disabled_thinking_and_a_begun_answer_are_accepted(llama: LlamaServer) -> None:
    assert answer(events(ask(llama, request("Hello?", thinking={"type": "disabled"})))) == [GOOD["text"]]
    begun = [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Well: [[go]]"}]
    (text,) = answer(events(ask(llama, request("", messages=begun, tools=[]))))
    assert text == GOOD["text"]


def test_of_two_calls_the_client_hears_one_when_it_asked_for_one_at_a_time(llama: LlamaServer) -> None:
    one = request("[[two]]", tool_choice={"type": "auto", "disable_parallel_tool_use": True})
    assert answer(events(ask(llama, one))) == [PARIS]
