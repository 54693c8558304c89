"""Calls inside a text, style by style, and texts that only look like calls."""

from typing import Any

import pytest

from proxy.toolcalls.held import HeldText
from proxy.toolcalls.intext import calls_in_text
from proxy.toolcalls.thought import Thoughtless
from proxy.toolcalls.toolbox import Toolbox
from proxy.toolcalls.verdict import Step
from tests.proxy.toolcalls.kit import TOOLS, use_of

PARIS = ("get_weather", {"city": "Paris"})
ROME = ("get_weather", {"city": "Rome"})
CALL = '{"name": "get_weather", "arguments": {"city": "Paris"}}'
CODE = 'if a < b:\n\tprint("<x>")\n# end\n'

STYLES: list[tuple[str, list[Any]]] = [
    # Hermes, Qwen
    (f"<tool_call>\n{CALL}\n</tool_call>", [PARIS]),
    (f"<tool_call>{CALL}", [PARIS]),
    (f"<tool_call>\n{CALL}\n</tool_call>\n<tool_call>\n{CALL.replace('Paris', 'Rome')}\n</tool_call>", [PARIS, ROME]),
    (f"I will look.\n<tool_call>\n{CALL}\n</tool_call><|im_end|>", ["I will look.\n", PARIS]),
    (f"<tool_call>\n{CALL[:-1]}\n</tool_call>", [PARIS]),
    ("<tool_call>\n{'name': 'get_weather', 'arguments': {'city': 'Paris'}}\n</tool_call>", [PARIS]),
    ('<tool_call>{"name": "get_weather", "arguments": "{\\"city\\": \\"Paris\\"}"}</tool_call>', [PARIS]),
    ('<tool_call>{"name": "list_files"}</tool_call>', [("list_files", {})]),
    ('<tool_call>{"name": "list_files", "arguments": null}</tool_call>', [("list_files", {})]),
    (
        '<tool_call>{"name": "Write", "arguments": {"file_path": "a", "content": "</tool_call> <tool_call>"}}'
        "</tool_call>",
        [("Write", {"file_path": "a", "content": "</tool_call> <tool_call>"})],
    ),
    # Qwen3-Coder, Nemotron
    (
        "<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n</function>\n</tool_call>",
        [PARIS],
    ),
    ("<function=get_weather>\n<parameter=city>Paris</parameter>\n</function>\n</tool_call>", [PARIS]),
    (
        "<tool_call>\n<function=Bash>\n<parameter=command>\n" + CODE + "\n</parameter>\n<parameter=timeout>\n7\n"
        "</parameter>\n<parameter=paths>\n['a']\n</parameter>\n</function>\n</tool_call>",
        [("Bash", {"command": CODE, "timeout": 7, "paths": ["a"]})],
    ),
    (
        "<tool_call><function=Write><parameter=file_path>7</parameter><parameter=content>\n\n{}\n\n</parameter>"
        "</function></tool_call><tool_call><function=list_files></function></tool_call>",
        [("Write", {"file_path": "7", "content": "\n{}\n"}), ("list_files", {})],
    ),
    # GLM
    ("<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n</tool_call>", [PARIS]),
    ("<tool_call>list_files</tool_call>", [("list_files", {})]),
    (
        "<tool_call>Bash<arg_key>command</arg_key><arg_value>ls  </arg_value><arg_key>timeout</arg_key>"
        "<arg_value>7</arg_value></tool_call>",
        [("Bash", {"command": "ls  ", "timeout": 7})],
    ),
    # Mistral
    (f"[TOOL_CALLS][{CALL}]", [PARIS]),
    (f"[TOOL_CALLS] [{CALL}, {CALL.replace('Paris', 'Rome')}]</s>", [PARIS, ROME]),
    ('[TOOL_CALLS]get_weather[ARGS]{"city": "Paris"}', [PARIS]),
    ('[TOOL_CALLS]get_weather[CALL_ID]a1b2c3d4e[ARGS]{"city": "[TOOL_CALLS]"}[TOOL_CALLS]list_files[ARGS]{}',
     [("get_weather", {"city": "[TOOL_CALLS]"}), ("list_files", {})]),
    # Llama 3
    ('{"name": "get_weather", "parameters": {"city": "Paris"}}', [PARIS]),
    ('<|python_tag|>{"name": "get_weather", "parameters": {"city": "Paris"}}<|eom_id|>', [PARIS]),
    ('<|python_tag|>{"type": "function", "name": "get_weather", "parameters": {"city": "Paris"}}; ' + CALL,
     [PARIS, PARIS]),
    ('<function=get_weather>{"city": "Paris"}</function>', [PARIS]),
    ("<function=get_weather>{'city': 'Paris'}</function><|eot_id|>", [PARIS]),
    ('[get_weather(city="Paris")]', [PARIS]),
    ("[get_weather(city='Paris'), Bash(command='a(b)=c', paths=['x',], run_in_background=True), list_files()]",
     [PARIS, ("Bash", {"command": "a(b)=c", "paths": ["x"], "run_in_background": True}), ("list_files", {})]),
    # DeepSeek
    (
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n"
        '{"city": "Paris"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜><｜end▁of▁sentence｜>',
        [PARIS],
    ),
    (
        '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Paris"}<｜tool▁call▁end｜>'
        '<｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Rome"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
        [PARIS, ROME],
    ),
    # gpt-oss
    (
        '<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city": "Paris"}<|call|>',
        [PARIS],
    ),
    (
        "<|channel|>analysis<|message|>I need the weather.<|end|><|start|>assistant<|channel|>commentary "
        'to=functions.get_weather<|message|>{"city": "Paris"}',
        [PARIS],
    ),
    # Kimi
    (
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>"
        '{"city": "Paris"}<|tool_call_end|><|tool_call_begin|>functions.get_weather:1<|tool_call_argument_begin|>'
        '{"city": "Rome"}<|tool_call_end|><|tool_calls_section_end|>',
        [PARIS, ROME],
    ),
    # a fence or bare JSON
    (f"Sure:\n```json\n{CALL}\n```", ["Sure:\n", PARIS]),
    (f"```\n{CALL}\n```\n", [PARIS]),
    (f"\n\n{CALL}\n", [PARIS]),
    (f"Checking.\n{CALL}", ["Checking.\n", PARIS]),
    (f"[{CALL}]", [PARIS]),
    ('{"function": {"name": "get_weather", "arguments": {"city": "Paris"}}}', [PARIS]),
    ('{"tool": "get_weather", "args": {"city": "Paris"}}', [PARIS]),
    # thoughts
    (f"<think>\nMaybe {CALL}?\n</think>\n\n<tool_call>{CALL}</tool_call>", [PARIS]),
    ("\n<think></think>\n\nHello.", ["Hello."]),
]  # fmt: skip

TEXTS = [
    "",
    "Hello.",
    "a < b and [x] and {y}",
    "<",
    "Use the `<tool_call>` tag.",
    f"To call it, write `<tool_call>{CALL}</tool_call>`.",
    f"```\n<tool_call>{CALL}</tool_call>\n```",
    f"> <tool_call>{CALL}</tool_call>",
    f"<tool_call>{CALL}</tool_call> is how a call looks.",
    f"<tool_call>{CALL}</tool_call>\nThe weather in Paris is fine.",
    f"<tool_call>{CALL.replace('get_weather', 'get_wether')}</tool_call>",
    f"<tool_call>{CALL.replace('city', 'town')}</tool_call>",
    f"<tool_call>{CALL.replace('Paris', 'Par')[:-3]}</tool_call>",
    f"<tool_call>{CALL}</tool_call><tool_call>{CALL[:20]}</tool_call>",
    f"For example:\n```json\n{CALL}\n```",
    f"You could write:\n{CALL}",
    f"Sure:\n```json\n{CALL}\n```\nThat is all.",
    f"Sure:\n```json\n{CALL}\n```\n```json\n{CALL}\n```",
    f"{'A long explanation of what the call is. ' * 8}\n```json\n{CALL}\n```",
    f"{'A long explanation of what the call is. ' * 8}\n{CALL}",
    f"The JSON is {CALL}",
    '{"title": "A title"}',
    '{"name": "get_weather"}',
    '{"name": "Paris", "arguments": {}}',
    '{"name": "get_weather", "arguments": {"city": "Paris"}, "comment": "x"}',
    '```python\nprint("hi")\n```',
    '```json\n{"name": "bursar", "version": "1"}\n```',
    "[link](https://example.invalid) and [get_weather](x)",
    '[get_weather("Paris")]',
    '[get_weather(city=get_weather(city="Paris"))]',
    '[get_weather(city="Paris"), nope()]',
    '[get_weather(city="a" "b")]',
    "<function=get_weather>\n<parameter=city>\nPa</parameter>ris\n</parameter>\n</function>",
    "<function=Write><parameter=file_path>a</parameter><parameter=content>x</parameter>\n<parameter=content>y"
    "</parameter></function>",
    "<function=get_weather><parameter=city>Paris</parameter><parameter=country>F</parameter></function>",
    "<function=get_weather><parameter=city>Paris",
    "<function=get_weather>\n<parameter=city>\na\n</function>\nb\n</parameter>\n</function>",
    "<tool_call>get_weather<arg_key>city</arg_key><arg_value>a</arg_value> b</arg_value></tool_call>",
    "<tool_call>I am not a call</tool_call>",
    "[TOOL_CALLS]",
    "[TOOL_CALLS]nope[ARGS]{}",
    "<|channel|>final<|message|>Hello.",
    "<｜tool▁calls▁begin｜><｜tool▁calls▁end｜>",
    "<|tool_calls_section_begin|>functions.get_weather",
    "<think>never ends",
    "Look: <think>inside</think> a text",
    "</think>",
    "{" * 400,
    "```" + "x" * 400,
    "[" * 50 + "]" * 50,
    "<tool_call>" * 300,
    '<|python_tag|>' + '{"name": "list_files", "arguments": {}};' * 200,
]  # fmt: skip


def heard(pieces: list[str]) -> list[Any]:
    """Take a text in pieces as an answer does, and return what was told, then the calls."""
    thought, held = Thoughtless(), HeldText(tools=True)
    told = "".join(held.feed(thought.feed(piece)) for piece in pieces) + held.feed(thought.rest())
    rest = held.rest()
    calls = calls_in_text(told, rest, TOOLS)
    told += "" if calls else rest
    return ([told] if told else []) + [use_of(call) for call in calls]


@pytest.mark.parametrize(("text", "blocks"), STYLES, ids=range(len(STYLES)))
def test_every_style_is_understood(text: str, blocks: list[Any]) -> None:
    assert heard([text]) == blocks


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_what_is_no_call_stays_text_to_the_letter(text: str) -> None:
    assert heard([text]) == ([text] if text else [])


@pytest.mark.parametrize("text", [text for text, _ in STYLES] + TEXTS, ids=range(len(STYLES) + len(TEXTS)))
def test_the_pieces_in_which_a_text_comes_change_nothing(text: str) -> None:
    whole = heard([text])
    for size in (1, 2, 3, 5, 7, 11, 64):
        assert heard([text[at : at + size] for at in range(0, len(text), size)]) == whole


@pytest.mark.parametrize(("text", "_blocks"), STYLES, ids=range(len(STYLES)))
def test_nothing_of_a_call_is_told_before_it_is_judged(text: str, _blocks: list[Any]) -> None:
    thought, held = Thoughtless(), HeldText(tools=True)
    told = "".join(held.feed(thought.feed(letter)) for letter in text)
    assert "get_weather" not in told
    assert "<" not in told
    assert "[" not in told


@pytest.mark.parametrize("text", ["Hello ", "a < b ", "[x] ", "`code` ", "{}\n"])
def test_text_goes_out_as_it_comes(text: str) -> None:
    held = HeldText(tools=True)
    assert held.feed("Well. ") + held.feed(text) == f"Well. {text}"


def test_what_begins_like_a_call_and_goes_on_otherwise_is_released_at_once() -> None:
    held = HeldText(tools=True)
    assert held.feed('{"tit') == ""
    assert held.feed('le": ') == '{"title": '
    assert held.feed('"x"') == '"x"'
    held = HeldText(tools=True)
    assert held.feed("Well: <tool") == "Well: "
    assert held.feed("s>") == "<tools>"


def test_without_tools_nothing_is_held_but_a_thought() -> None:
    held = HeldText(tools=False)
    assert held.feed(f"<tool_call>{CALL}") == f"<tool_call>{CALL}"


def test_the_style_and_the_repairs_are_named() -> None:
    (call,) = calls_in_text("", "<tool_call>{'name': 'get-weather', 'arguments': {'city': 'x'}}</tool_call>", TOOLS)
    assert call.style == "tool_call tags"
    assert call.steps == (Step.TEXT, Step.PYTHON, Step.NAME)


def test_a_tool_whose_schema_is_no_use_is_not_called_from_a_text() -> None:
    tools = Toolbox([{"function": {"name": "f", "parameters": {"type": 7}}}])
    assert calls_in_text("", '<tool_call>{"name": "f", "arguments": {}}</tool_call>', tools) == ()


def test_a_huge_text_that_only_looks_like_calls_is_dealt_with_all_the_same() -> None:
    for text in ("<tool_call>" + "{" * 380_000, "<tool_call>" * 36_000, "[TOOL_CALLS]" + "{}" * 190_000,
                 "<function=Write>" + "<parameter=a>" * 30_000, "{" + '"name": "x", ' * 27_000,
                 "<tool_call>Bash<arg_key>a</arg_key><arg_value>" + "</arg_value>" * 30_000, "[f(" + "a=1," * 90_000,
                 "<function=Write><parameter=content>" + "</parameter>" + " " * 380_000):  # fmt: skip
        assert heard([text]) == [text]


def test_blanks_without_end_before_the_first_word_are_looked_at_once():
    thought = Thoughtless()
    assert all(thought.feed(" " * 1000) == "" for _ in range(20_000))
    assert thought.feed("<think>well</think> Yes.") == "Yes."


def test_blanks_before_words_stay_there():
    thought = Thoughtless()
    assert [thought.feed(text) for text in ("", " ", "\n", "<", "b>")] == ["", "", "", "", " \n<b>"]
