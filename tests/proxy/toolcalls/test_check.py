"""One tool call → a verdict: every rung, name, shape and type."""

import json
from typing import Any

import pytest

from proxy.toolcalls.call import Call
from proxy.toolcalls.check import judge
from proxy.toolcalls.policy import as_it_came, pass_on
from proxy.toolcalls.toolbox import Toolbox
from proxy.toolcalls.verdict import AsIs, Failed, Repaired, Step, Why
from tests.proxy.toolcalls.kit import TOOLS, use_of, verdict, why

PARIS = ("get_weather", {"city": "Paris"})


@pytest.mark.parametrize(
    "arguments",
    ['{"city": "Paris"}', ' {"city":"Pa\\u0072is"}\n', '{"city": "Paris", "extra": null}', '{"city": "a\\nb\\\\n"}'],
)
def test_a_call_that_is_right_stays_as_it_came_to_the_letter(arguments: str) -> None:
    found = verdict("get_weather", arguments)
    assert isinstance(found, AsIs)
    assert found.use.arguments == arguments


@pytest.mark.parametrize(
    ("arguments", "city", "steps"),
    [
        ('{"city": "a\nb\tc"}', "a\nb\tc", [Step.NEWLINES]),
        ('```json\n{"city": "Paris"}\n```', "Paris", [Step.FENCE]),
        ('```\n{"city": "Paris"}\n```\n', "Paris", [Step.FENCE]),
        ('{"city": "Paris"', "Paris", [Step.CLOSED]),
        ('{"city": "Paris",}', "Paris", [Step.COMMAS]),
        ("{'city': 'Paris'}", "Paris", [Step.PYTHON]),
        ("{'city': \"it's\"}", "it's", [Step.PYTHON]),
        ("{'city': 'say \"x\" \\'y\\' \\x41\\u00e9\\n'}", "say \"x\" 'y' Aé\n", [Step.PYTHON]),
        ('"{\\"city\\": \\"Paris\\"}"', "Paris", [Step.UNWRAPPED]),
        ("```json\n{'city': 'a\nb',}", "a\nb", [Step.FENCE, Step.NEWLINES, Step.COMMAS, Step.PYTHON]),
    ],
)
def test_each_rung_of_the_ladder(arguments: str, city: str, steps: list[Step]) -> None:
    found = verdict("get_weather", arguments)
    assert isinstance(found, Repaired)
    assert (use_of(found), list(found.steps)) == (("get_weather", {"city": city}), steps)


@pytest.mark.parametrize(
    "arguments",
    [
        '{"city": "Par',
        '{"city": "Paris", "x": 1',
        '{"city": "Paris",',
        '{"city": "Paris", "x": {',
        '{"city":',
        '{"city"',
        "{",
        '{"city": "Paris"]',
        '{"city": "Paris"}}',
        '{"city": "Paris"} and more',
        '{"city": "say "hi" to me"}',
        '{"city": "C:\\Users\\new"}',
        "{'city': 'C:\\Users'}",
        "{'city': '\\d+'}",
        "{'city': 'it's'}",
        '{"city": "a" "b"}',
        "{'city': 'a' 'b'}",
        "{'city': f'a'}",
        "{'city': ('Paris',)}",
        "{'city': {1, 2}}",
        "{'city': 'a', \"city\": 'b'}",
        "{'city': 'a', 'city': 'b'}",
        '{"city": "a", "city": "b",}',
        '{"city": NaN}',
        '{"city": 1e999}',
        '{"city": "\\ud83d"}',
        "{,}",
        "hello",
        "[" * 5000,
        '{"a":' * 200 + "1" + "}" * 200,
        '{"city": "Paris" /* a comment */}',
        '{city: "Paris"}',
        '{"city": "a \\\nb"}',
    ],
)
def test_what_could_mean_two_things_or_is_not_whole_fails(arguments: str) -> None:
    assert why(verdict("get_weather", arguments)) == Why.NO_JSON


@pytest.mark.parametrize("arguments", ["[1]", '"Paris"', "7", "null", '"7"'])
def test_arguments_that_are_no_object_fail(arguments: str) -> None:
    assert why(verdict("get_weather", arguments)) in (Why.NO_OBJECT, Why.NO_JSON)


def test_no_arguments_are_none_for_a_tool_that_needs_none() -> None:
    found = verdict("list_files", "")
    assert isinstance(found, Repaired)
    assert (use_of(found), found.steps) == (("list_files", {}), (Step.EMPTY,))
    assert why(verdict("get_weather", " ")) == Why.SCHEMA


@pytest.mark.parametrize("finish", ["length", "max_tokens", "content_filter"])
@pytest.mark.parametrize("arguments", ['{"city": "Paris"', "{'city': 'Paris'}", "", '{"city": "Par', '{"city": "a",}'])
def test_a_call_at_the_length_limit_is_never_repaired(arguments: str, finish: str) -> None:
    found = verdict("get_weather", arguments, finish=finish)
    assert why(found) == Why.CUT
    assert pass_on((found,)) == ()


def test_a_whole_call_at_the_length_limit_is_right() -> None:
    assert use_of(verdict("get_weather", '{"city": "Paris"}', finish="length")) == PARIS


@pytest.mark.parametrize(
    "name", ["functions.get_weather", "default_api.get_weather", "GetWeather", "get-weather", " Get_Weather "]
)
def test_a_name_written_a_little_differently_is_understood(name: str) -> None:
    found = verdict(name, '{"city": "Paris"}')
    assert isinstance(found, Repaired)
    assert (use_of(found), found.steps) == (PARIS, (Step.NAME,))


@pytest.mark.parametrize("name", ["get_wether", "weather", "get_weather2", "tools.get_weather", "getweather()", "x"])
def test_a_name_spelt_wrong_is_not_guessed_at(name: str) -> None:
    assert why(verdict(name, '{"city": "Paris"}')) == Why.UNKNOWN_TOOL


def test_a_name_that_may_mean_two_tools_means_none() -> None:
    both = Toolbox([{"function": {"name": name, "parameters": {}}} for name in ("a_b", "aB")])
    assert why(verdict("ab", "{}", tools=both)) == Why.UNKNOWN_TOOL
    assert use_of(verdict("aB", "{}", tools=both)) == ("aB", {})


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("get_weather", '{"name": "get_weather", "arguments": {"city": "Paris"}}'),
        ("get_weather", '{"tool": "get_weather", "parameters": {"city": "Paris"}}'),
        ("get_weather", '{"tool_name": "get_weather", "input": {"city": "Paris"}, "id": "7"}'),
        ("get_weather", '{"function": {"name": "get_weather", "args": "{\\"city\\": \\"Paris\\"}"}, "type": "x"}'),
        ("get_weather", '{"kwargs": {"city": "Paris"}}'),
        ("", '{"name": "get_weather", "arguments": {"city": "Paris"}}'),
    ],
)
def test_a_call_within_the_arguments_is_taken_out(name: str, arguments: str) -> None:
    found = verdict(name, arguments)
    assert isinstance(found, Repaired)
    assert use_of(found) == PARIS
    assert Step.SHAPE in found.steps


@pytest.mark.parametrize(
    "arguments",
    [
        '{"name": "Write", "arguments": {"city": "Paris"}}',
        '{"name": "get_weather", "arguments": {"city": "Paris"}, "why": "x"}',
        '{"arguments": {"city": "Paris"}, "input": {"city": "Rome"}}',
        '{"arguments": [{"city": "Paris"}]}',
    ],
)
def test_a_shape_that_is_not_sure_is_not_straightened(arguments: str) -> None:
    assert why(verdict("get_weather", arguments)) == Why.SCHEMA


def test_a_parameter_called_input_or_name_is_no_shape() -> None:
    assert use_of(verdict("Search", '{"input": "x"}')) == ("Search", {"input": "x"})
    assert why(verdict("Search", '{"input": {"input": "x"}}')) == Why.SCHEMA


@pytest.mark.parametrize(
    ("given", "made", "step"),
    [
        ({"timeout": "7"}, {"timeout": 7}, Step.COERCED),
        ({"run_in_background": "true"}, {"run_in_background": True}, Step.COERCED),
        ({"run_in_background": "False"}, {"run_in_background": False}, Step.COERCED),
        ({"env": '{"A": "1"}'}, {"env": {"A": "1"}}, Step.COERCED),
        ({"paths": '["a", "b"]'}, {"paths": ["a", "b"]}, Step.COERCED),
        ({"paths": "['a']"}, {"paths": ["a"]}, Step.COERCED),
        ({"mode": "3"}, {"mode": 3}, Step.COERCED),
        ({"mode": "null"}, {"mode": None}, Step.COERCED),
        ({"why": None, "x": "", "y": [], "z": {}}, {}, Step.DROPPED),
        ({"timeout": None}, {}, Step.DROPPED),
    ],
)
def test_values_are_brought_to_the_types_that_the_schema_asks_for(
    given: dict[str, Any], made: dict[str, Any], step: Step
) -> None:
    found = verdict("Bash", json.dumps({"command": "ls 1", **given}))
    assert isinstance(found, Repaired)
    assert (use_of(found), found.steps) == (("Bash", {"command": "ls 1", **made}), (step,))


@pytest.mark.parametrize(
    ("given", "keyword"),
    [
        ({}, "required"),
        ({"command": None}, "required"),
        ({"command": 7}, "type"),
        ({"command": ["ls"]}, "type"),
        ({"command": "ls", "timeout": "soon"}, "type"),
        ({"command": "ls", "timeout": "007"}, "type"),
        ({"command": "ls", "timeout": 1.5}, "type"),
        ({"command": "ls", "timeout": True}, "type"),
        ({"command": "ls", "run_in_background": "yes"}, "type"),
        ({"command": "ls", "run_in_background": 1}, "type"),
        ({"command": "ls", "paths": [1]}, "type"),
        ({"command": "ls", "cwd": "/"}, "additionalProperties"),
        ({"command": "ls", "cwd": 0}, "additionalProperties"),
        ({"command": "ls", "cwd": False}, "additionalProperties"),
    ],
)
def test_what_does_not_fit_is_neither_bent_nor_filled_in(given: dict[str, Any], keyword: str) -> None:
    found = verdict("Bash", json.dumps(given))
    assert isinstance(found, Failed)
    assert (found.why, found.detail) == (Why.SCHEMA, keyword)
    assert pass_on((found,)) == (as_it_came(found.call),)


def test_a_string_is_left_a_string_where_one_is_wanted() -> None:
    arguments = '{"file_path": "7", "content": "[1, 2"}'
    assert use_of(verdict("Write", arguments)) == ("Write", {"file_path": "7", "content": "[1, 2"})
    assert isinstance(verdict("Write", arguments), AsIs)


BROKEN_SCHEMAS: list[Any] = [
    {"type": 7},
    {"type": "object", "properties": []},
    {"$ref": "https://example.invalid/schema.json"},
    {"$ref": "#/nowhere"},
    {"$ref": "#"},
    {"properties": {"a": {"pattern": "(a+)+$"}}},
    {"patternProperties": {"(": {}}},
    {"properties": {"a": {"pattern": "\\p{L}"}}},
    {"properties": {"a": {"$schema": "http://json-schema.org/draft-07/schema#", "pattern": "("}}},
    {"items": [{"type": "string"}]},
    {"multipleOf": 0},
    None,
    [],
]


@pytest.mark.parametrize("schema", BROKEN_SCHEMAS)
def test_a_schema_that_cannot_be_used_stops_no_call_fetches_nothing_and_takes_no_time(schema: Any) -> None:
    tools = Toolbox([{"function": {"name": "f", "parameters": schema}}])
    assert use_of(verdict("f", '{"a": "' + "a" * 40 + '!"}', tools=tools))[0] == "f"


def test_a_schema_with_references_of_its_own_is_kept() -> None:
    schema = {"properties": {"a": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"type": "integer"}}}
    tools = Toolbox([{"function": {"name": "f", "parameters": schema}}])
    assert use_of(verdict("f", '{"a": "1"}', tools=tools)) == ("f", {"a": 1})
    assert why(verdict("f", '{"a": "x"}', tools=tools)) == Why.SCHEMA


def test_a_string_that_fits_twice_is_not_taken_for_a_number() -> None:
    branches = [{"type": "string"}, {"maxLength": 5}, {"type": "integer"}]
    tools = Toolbox([{"function": {"name": "f", "parameters": {"properties": {"a": {"oneOf": branches}}}}}])
    assert why(verdict("f", '{"a": "7"}', tools=tools)) == Why.SCHEMA


def test_wrong_calls_are_passed_on_as_they_came_in_a_form_that_clients_survive() -> None:
    calls = (Call("1", "nope", ["{}"]), Call("2", "Bash", ['{"comm']), Call("3", "get_weather", ['{"city": "Paris"}']))
    first, second, third = pass_on(judge(calls, "tool_calls", TOOLS))
    assert (first.name, first.arguments) == ("nope", "{}")
    assert json.loads(second.arguments) == {"__unparsedToolInput": {"raw": '{"comm', "len": 6}}
    assert (third.name, json.loads(third.arguments)) == PARIS


def test_a_failure_is_told_without_a_word_of_the_call() -> None:
    for arguments in ("secret", '{"secret": 1}', '["secret"]', '{"city": {"secret": 1}}'):
        found = verdict("get_weather", arguments)
        assert isinstance(found, Failed)
        assert "secret" not in found.why + found.detail
