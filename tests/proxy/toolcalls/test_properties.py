"""What must hold for every call, every string and every cut of a stream."""

import itertools
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.sse import SseParser
from proxy.toolcalls.call import Call
from proxy.toolcalls.check import judge
from proxy.toolcalls.ladder import parse
from proxy.toolcalls.policy import pass_on
from proxy.toolcalls.signals import signals
from proxy.toolcalls.strict import is_object
from proxy.toolcalls.styles import MARKERS
from proxy.toolcalls.toolbox import Toolbox
from proxy.toolcalls.verdict import AsIs, Failed, Repaired
from proxy.translate.request import Translated
from proxy.translate.response import Folded
from proxy.translate.stream import AnthropicStream
from tests.kit.local_fake import chunk, ending, says
from tests.proxy.toolcalls.kit import FUNCTIONS, SCHEMAS, TOOLS, verdict
from tests.proxy.toolcalls.test_intext import STYLES, TEXTS

FREE = Toolbox([{"function": {"name": "free", "parameters": {"type": "object"}}}])
ASKED = Translated(b"", 100, 50, tuple(SCHEMAS), functions=FUNCTIONS)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.text("'\"\\{}[],:\n\tn`<>/= ", max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, values, max_size=4)


def strings(value: Any) -> list[str]:
    """Return all strings in a value, keys included, in order."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, inner in value.items() for text in [key, *strings(inner)]]
    return [text for inner in value for text in strings(inner)] if isinstance(value, list) else []


@settings(max_examples=300)
@given(objects, st.booleans(), st.sampled_from([None, 1]), st.sampled_from(["stop", "tool_calls", "length"]))
def test_a_call_in_strict_json_is_never_changed(value: dict[str, Any], plain: bool, indent: int, finish: str) -> None:
    arguments = json.dumps(value, ensure_ascii=plain, indent=indent)
    found = verdict("free", arguments, finish=finish, tools=FREE)
    assert isinstance(found, AsIs)
    assert found.use.arguments == arguments


@settings(max_examples=300)
@given(st.fixed_dictionaries({"file_path": texts, "content": texts}))
def test_a_call_that_fits_its_schema_is_never_changed(value: dict[str, str]) -> None:
    arguments = json.dumps(value)
    found = verdict("Write", arguments)
    assert isinstance(found, AsIs)
    assert found.use.arguments == arguments


def damaged(value: dict[str, Any], kind: str) -> str:
    """Write an object as a careless model does."""
    match kind:
        case "python":
            return repr(value)
        case "open":
            return json.dumps(value)[:-1]
        case "comma":
            return json.dumps(value)[:-1] + ",}"
        case "fence":
            return f"```json\n{json.dumps(value)}\n```"
        case "string":
            return json.dumps(json.dumps(value))
        case "twice":
            return json.dumps(json.dumps(json.dumps(value)))
        case "raw":
            return json.dumps(value).replace("\\n", "\n").replace("\\t", "\t")
        case "shape":
            return json.dumps({"name": "free", "arguments": value})
    raise AssertionError(kind)


KINDS = ("python", "open", "comma", "fence", "string", "twice", "raw", "shape")


@settings(max_examples=600)
@given(objects, st.sampled_from(KINDS))
def test_no_repair_changes_what_a_string_says(value: dict[str, Any], kind: str) -> None:
    found = parse(damaged(value, kind))
    if kind == "shape":
        assert found is not None
        assert found.value["arguments"] == value
    elif found is not None:
        assert strings(found.value) == strings(value)
        assert json.loads(found.text) == found.value


@settings(max_examples=300)
@given(st.fixed_dictionaries({"command": texts}, optional={"timeout": st.integers(), "run_in_background": st.booleans(),
                              "env": objects, "paths": st.lists(texts, max_size=3)}),
       st.sets(st.sampled_from(["timeout", "run_in_background", "env", "paths"])))  # fmt: skip
def test_a_value_written_as_a_string_becomes_the_value_again(value: dict[str, Any], as_text: set[str]) -> None:
    sent = {key: json.dumps(inner) if key in as_text else inner for key, inner in value.items()}
    found = verdict("Bash", json.dumps(sent))
    assert isinstance(found, AsIs | Repaired)
    assert json.loads(found.use.arguments) == value


@settings(max_examples=300)
@given(st.sampled_from([*SCHEMAS, "nope", ""]), st.text(max_size=40) | st.text("{}[]\"':,\\ntruefalsN1 `", max_size=40),
       st.sampled_from(["stop", "tool_calls", "length", "x"]))  # fmt: skip
def test_rubbish_never_raises_and_what_goes_to_the_client_is_an_object(name: str, text: str, finish: str) -> None:
    for call in (text, '{"command": ' + text, '{"city": "' + text, json.dumps({"city": text})):
        found = judge((Call("", name, [call]),), finish, TOOLS)
        for use in pass_on(found):
            assert is_object(use.arguments)
            assert use.name


@given(objects, st.integers(0, 400))
def test_a_cut_call_is_never_completed_at_the_length_limit_nor_inside_a_string(value: dict[str, Any], at: int) -> None:
    whole = json.dumps(value)
    cut = whole[: at % len(whole)]
    assert isinstance(verdict("free", cut, finish="length", tools=FREE), Failed)
    found = verdict("free", cut, tools=FREE)
    if isinstance(found, Repaired) and cut.strip():
        kept = strings(json.loads(found.use.arguments))
        assert kept == strings(value)[: len(kept)]


# Streams


def told(text: str, places: list[int], *, finish: str = "stop") -> tuple[list[Any], str | None]:
    """Translate a text that comes in these pieces, and return the blocks, with the pieces of text joined."""
    marks = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    pieces = [text[start:end] for start, end in itertools.pairwise(marks)]
    stream = AnthropicStream("claude-x", ASKED)
    folded = Folded("claude-x", ASKED)
    body = b"".join(chunk({"content": piece}) for piece in pieces) + ending(finish)
    raw = stream.feed(body) + stream.end(True)
    folded.feed(body)
    folded.end(True)
    blocks = blocks_of(raw)
    said = [block.get("text") or [block["name"], block["input"]] for block in folded.message()["content"]]
    assert said == blocks
    signals(stream.heard)
    return blocks, stream.stop_reason


def blocks_of(raw: bytes) -> list[Any]:
    """Return the blocks of a stream."""
    blocks: list[Any] = []
    for event in (json.loads(event.data) for event in SseParser().feed(raw)):
        if event["type"] == "content_block_start":
            blocks.append([event["content_block"], ""])
        elif event["type"] == "content_block_delta":
            blocks[-1][1] += event["delta"].get("text", "") + event["delta"].get("partial_json", "")
    return [text if block["type"] == "text" else [block["name"], json.loads(text)] for block, text in blocks]


PARTS = [*MARKERS, "</tool_call>", "<think>", "</think>", "```json\n", "```", "\n", " ", "{", "}", "[", "Sure:", "`",
         '{"name": "get_weather", "arguments": {"city": "Paris"}}', "</function>", "<parameter=city>", "</parameter>",
         "get_weather",
    '[get_weather(city="Paris")]', '"', "Hello. ", "<function=get_weather>", "[ARGS]", "<", "|"]  # fmt: skip
likely = st.sampled_from([text for text, _ in STYLES] + TEXTS) | st.lists(
    st.sampled_from(PARTS) | st.text(max_size=3), max_size=12
).map("".join)


@settings(max_examples=500)
@given(likely, st.lists(st.integers(0, 2000), max_size=10), st.sampled_from(["stop", "length"]))
def test_the_pieces_of_a_text_never_change_the_answer(text: str, places: list[int], finish: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    assert told(text, places, finish=finish) == told(text, [], finish=finish)


@settings(max_examples=200)
@given(likely)
def test_a_text_is_told_whole_unless_it_was_a_call_a_thought_or_blank(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    blocks, reason = told(text, [])
    if reason == "end_turn" and not text.lstrip().startswith("<think>"):
        assert "".join(blocks) == (text if text.strip() else "")


def test_letter_by_letter_every_style_is_the_same_answer() -> None:
    for text, blocks in STYLES:
        expected = [list(block) if isinstance(block, tuple) else block for block in blocks]
        assert told(text, list(range(len(text))))[0] == expected


def test_a_thought_cut_by_the_limit_and_a_held_call_are_told_as_the_text_they_are() -> None:
    assert told("<think>hm", [], finish="length") == (["<think>hm"], "max_tokens")
    call = '<tool_call>{"name": "list_files", "arguments": {}}</tool_call>'
    assert told(call, [], finish="length") == ([call], "max_tokens")


def test_a_native_call_leaves_the_text_alone() -> None:
    stream = AnthropicStream("claude-x", ASKED)
    native = {"index": 0, "id": "x", "function": {"name": "list_files", "arguments": "{}"}}
    text = '<tool_call>{"name": "list_files"}</tool_call>'
    raw = stream.feed(chunk({"content": text}) + chunk({"tool_calls": [native]}) + ending("tool_calls"))
    assert blocks_of(raw) == [text, ["list_files", {}]]


def test_one_call_is_one_call_in_a_text_too() -> None:
    asked = Translated(b"", 100, 50, tuple(SCHEMAS), one_call=True, functions=FUNCTIONS)
    stream = AnthropicStream("claude-x", asked)
    raw = stream.feed(says("[TOOL_CALLS]list_files[ARGS]{}[TOOL_CALLS]list_files[ARGS]{}"))
    assert blocks_of(raw) == [["list_files", {}]]
    assert len(stream.verdicts) == 2


def test_without_tools_a_call_in_a_text_is_text() -> None:
    stream = AnthropicStream("claude-x", Translated(b"", 100, 50))
    text = '<tool_call>{"name": "list_files"}</tool_call>'
    assert blocks_of(stream.feed(says(text))) == [text]


# Calls in texts


def tagged(value: dict[str, str]) -> str:
    """Write a call as Hermes does."""
    return f"<tool_call>\n{json.dumps({'name': 'Write', 'arguments': value}, ensure_ascii=False)}\n</tool_call>"


def coder(value: dict[str, str]) -> str:
    """Write a call as Qwen3-Coder does."""
    pairs = "".join(f"<parameter={key}>\n{inner}\n</parameter>\n" for key, inner in value.items())
    return f"<tool_call>\n<function=Write>\n{pairs}</function>\n</tool_call>"


def glm(value: dict[str, str]) -> str:
    """Write a call as GLM does."""
    pairs = "".join(f"<arg_key>{key}</arg_key>\n<arg_value>{inner}</arg_value>\n" for key, inner in value.items())
    return f"<tool_call>Write\n{pairs}</tool_call>"


def pythonic(value: dict[str, str]) -> str:
    """Write a call as Llama does in its Python form."""
    return f"[Write({', '.join(f'{key}={inner!r}' for key, inner in value.items())})]"


def harmony(value: dict[str, str]) -> str:
    """Write a call as gpt-oss does."""
    return f"<|channel|>commentary to=functions.Write <|constrain|>json<|message|>{json.dumps(value)}<|call|>"


def kimi(value: dict[str, str]) -> str:
    """Write a call as Kimi does."""
    call = f"<|tool_call_begin|>functions.Write:0<|tool_call_argument_begin|>{json.dumps(value)}<|tool_call_end|>"
    return f"<|tool_calls_section_begin|>{call}<|tool_calls_section_end|>"


def deepseek(value: dict[str, str]) -> str:
    """Write a call as DeepSeek does."""
    call = f"<｜tool▁call▁begin｜>function<｜tool▁sep｜>Write\n```json\n{json.dumps(value)}\n```<｜tool▁call▁end｜>"
    return f"<｜tool▁calls▁begin｜>{call}<｜tool▁calls▁end｜>"


def careless(value: dict[str, str]) -> str:
    """Write a call as Hermes does, as a Python literal and without its last brace."""
    return f"<tool_call>\n{repr({'name': 'Write', 'arguments': value})[:-1]}\n</tool_call>"


WRITERS = [
    tagged, coder, glm, pythonic, harmony, kimi, deepseek, careless,
    lambda value: f"[TOOL_CALLS]Write[ARGS]{json.dumps(value)}",
    lambda value: f"[TOOL_CALLS][{json.dumps({'name': 'Write', 'arguments': value})}]",
    lambda value: f"<|python_tag|>{json.dumps({'name': 'Write', 'parameters': value})}",
    lambda value: f"<function=Write>{json.dumps(value)}</function>",
    lambda value: f"Sure:\n```json\n{json.dumps({'name': 'Write', 'arguments': value})}\n```",
    lambda value: json.dumps({"name": "Write", "arguments": value}),
]  # fmt: skip
MARKS = [*PARTS, "</arg_value>", "<arg_key>", "<arg_value>", "</arg_key>", "\n</parameter>\n<parameter=content>\n",
         "<|call|>", "<|end|>", "</s>", "<|tool_call_end|>", "<｜tool▁call▁end｜>", "\\", "\\n", "'", "\n```\n",
         "x"]  # fmt: skip
tricky = st.lists(st.sampled_from(MARKS) | texts, max_size=6).map("".join)


@settings(max_examples=800)
@given(st.sampled_from(WRITERS), st.fixed_dictionaries({"file_path": tricky, "content": tricky}))
def test_a_call_in_a_text_is_the_call_that_was_written_or_none(writer: Any, value: dict[str, str]) -> None:
    blocks, _ = told(writer(value), [])
    made = [block for block in blocks if not isinstance(block, str)]
    assert made in ([], [["Write", value]])


@given(st.sampled_from(WRITERS), st.fixed_dictionaries({"file_path": st.text("abc/._-", min_size=1),
                                                        "content": st.text("abc \n=()+*#", min_size=1)}))  # fmt: skip
def test_a_call_in_a_text_without_marks_in_its_strings_is_always_found(writer: Any, value: dict[str, str]) -> None:
    blocks, _ = told(writer(value), [])
    assert blocks[-1] == ["Write", value]
