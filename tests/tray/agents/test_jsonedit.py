"""An edit changes what it is for and nothing else, and can be taken back to the last byte."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tray.agents.jsonedit import Edit, Wish, apply, undo
from tray.agents.jsontext import NotJson, parse

URL = Wish(("env", "ANTHROPIC_BASE_URL"), "http://127.0.0.1:2877")
HOOK = Wish(("hooks", "SessionStart"), {"hooks": [{"type": "command", "command": "x"}]}, is_listed=True)

TEXTS = {
    "missing": "",
    "blank": "\n\n",
    "only a comment": "// mine\n",
    "a comment without an end of line": "// mine",
    "empty": "{}",
    "empty, and a line": "{ }\n",
    "empty over lines": "{\n}\n",
    "a comment inside": "{\n  // nothing yet\n}\n",
    "one line": '{"model": "opus"}',
    "tight": '{"model":"opus","a":[1,2]}\n',
    "usual": '{\n  "model": "opus",\n  "env": {\n    "A": "1"\n  }\n}\n',
    "tabs": '{\n\t"model": "opus",\n\t"env": {}\n}\n',
    "four, CRLF": '{\r\n    "model": "opus",\r\n    "env": {\r\n        "A": "1"\r\n    }\r\n}\r\n',
    "comments": '{\n  // one\n  "model": "opus", // two\n  "env": { /* three */ }, // four\n  /* five */\n}',
    "comma at the end": '{\n  "model": "opus",\n  "env": {\n    "A": "1", // why\n  },\n}\n',
    "a comment behind the last": '{ "a": 1 // why\n}',
    "ours was there": '{"env": {"ANTHROPIC_BASE_URL" : "https://gw.example" , "B": ""}}',
    "hooks of theirs": '{"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "mine"}]}]}}\n',
    "an empty list": '{\n  "hooks": {\n    "SessionStart": []\n  }\n}\n',
}


def connected(text: str, *wishes: Wish) -> tuple[str, list[Edit]]:
    """Apply wishes one after the other."""
    edits = []
    for wish in wishes:
        text, edit = apply(text, wish)
        edits += [edit] if edit else []
    return text, edits


def disconnected(text: str, edits: list[Edit]) -> tuple[str, list[str]]:
    """Undo edits, the last first."""
    outcomes = []
    for edit in reversed(edits):
        text, outcome = undo(text, Edit.from_json(json.loads(json.dumps(edit.as_json()))))
        outcomes.append(outcome)
    return text, outcomes


def value_of(text: str) -> Any:
    """Read the text by our parser; nothing is an empty object."""
    root = parse(text)
    return root.value if root else {}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_was_put_in_is_taken_out_to_the_last_byte(text: str):
    done, edits = connected(text, URL, HOOK)
    found = value_of(done)
    assert found["env"]["ANTHROPIC_BASE_URL"] == URL.value
    assert found["hooks"]["SessionStart"][-1] == HOOK.value
    assert value_of(text) == value_of(disconnected(done, edits)[0])
    assert disconnected(done, edits) == (text, ["undone", "undone"])


def test_a_new_key_stands_as_its_neighbours_do():
    assert connected(TEXTS["usual"], URL)[0] == (
        '{\n  "model": "opus",\n  "env": {\n    "A": "1",\n    "ANTHROPIC_BASE_URL": "http://127.0.0.1:2877"\n  }\n}\n'
    )
    assert connected(TEXTS["tight"], URL)[0] == (
        '{"model":"opus","a":[1,2],"env":{"ANTHROPIC_BASE_URL": "http://127.0.0.1:2877"}}\n'
    )
    assert connected(TEXTS["tabs"], URL)[0] == (
        '{\n\t"model": "opus",\n\t"env": {\n\t\t"ANTHROPIC_BASE_URL": "http://127.0.0.1:2877"\n\t}\n}\n'
    )
    assert connected(TEXTS["comma at the end"], URL)[0] == (
        '{\n  "model": "opus",\n  "env": {\n    "A": "1", // why\n'
        '    "ANTHROPIC_BASE_URL": "http://127.0.0.1:2877",\n  },\n}\n'
    )


def test_what_stood_there_before_comes_back_as_it_was_written():
    done, edits = connected('{"env": {"ANTHROPIC_BASE_URL":   "https:\\/\\/gw"}}', URL)
    assert edits[0].was == '"https:\\/\\/gw"'
    assert disconnected(done, edits)[0] == '{"env": {"ANTHROPIC_BASE_URL":   "https:\\/\\/gw"}}'


def test_what_is_so_already_is_not_touched_and_not_ours():
    done, _ = connected("{}", URL, HOOK)
    assert connected(done, URL, HOOK) == (done, [])


def test_a_later_edit_by_hand_is_left_alone():
    done, edits = connected('{"a": 1}', URL, HOOK)
    by_hand = done.replace("127.0.0.1:2877", "127.0.0.1:9999").replace('"command": "x"', '"command": "y"')
    assert disconnected(by_hand, edits) == (by_hand, ["gone", "changed"])
    assert disconnected('{"a": 1}', edits) == ('{"a": 1}', ["gone", "gone"])


def test_what_was_made_around_it_stays_if_something_else_is_in_there():
    done, edits = connected("{}", URL)
    by_hand = done.replace('2877"', '2877", "MINE": "1"')
    assert value_of(disconnected(by_hand, edits)[0]) == {"env": {"MINE": "1"}}
    commented = done.replace('"env": {', '"env": { // keep')
    assert "// keep" in disconnected(commented, edits)[0]


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ('{\n  "a": 1\n  "b": 2\n}', 3, "a comma is missing"),
        ('{"a": }', 1, "a value is missing"),
        ('{"a": 1', 1, '"}" is missing'),
        ("{'a': 1}", 1, "double quotes"),
        ('{\r\n"a": 1,\r\n"a": 2}', 3, '"a" stands twice'),
        ('{"a": "\\x"}', 1, "wrong escape"),
        ("{} x", 1, "after the end"),
        ("[" * 300, 1, "levels deep"),
        ('{"env": []}', 1, '"env" is no object'),
        ("[]", 1, "the whole is no object"),
        ('{"a": ' + "9" * 5000 + "}", 1, "this number is too long"),
        ('{"\\u001b": 1, "\\u001b": 2}', 1, '"\\x1b" stands twice'),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(text: str, line: int, why: str):
    with pytest.raises(NotJson) as refused:
        apply(text, URL)
    assert refused.value.line == line
    assert why in str(refused.value)


KEYS = st.sampled_from(["a", "env", "hooks", "SessionStart", "ANTHROPIC_BASE_URL", "é", "with space", '"', ""])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
SPACE = st.sampled_from(["", "", " ", "\n", "\r\n", "\t", "\n  ", "/* c */", " // c\n", "\n// canary\r\n\t"])


@st.composite
def laid_out(draw: Any, value: Any) -> str:
    """Write a value as JSON with spaces, comments and trailing commas in it."""
    if isinstance(value, dict | list):
        is_object = isinstance(value, dict)
        parts = []
        for item in value.items() if is_object else value:
            if is_object:
                name = json.dumps(item[0], ensure_ascii=draw(st.booleans()))
                parts.append(f"{draw(SPACE)}{name}{draw(SPACE)}:{draw(SPACE)}{draw(laid_out(item[1]))}{draw(SPACE)}")
            else:
                parts.append(f"{draw(SPACE)}{draw(laid_out(item))}{draw(SPACE)}")
        trailing = "," + draw(SPACE) if parts and draw(st.booleans()) else ""
        inner = ",".join(parts) + trailing if parts else draw(SPACE)
        return f"{{{inner}}}" if is_object else f"[{inner}]"
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


TREES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))


@st.composite
def files(draw: Any) -> str:
    """Write a settings file: any object, but `env` and `hooks` are what they have to be."""
    value = draw(st.dictionaries(KEYS, TREES, max_size=4))
    if "env" in value:
        value["env"] = draw(st.dictionaries(KEYS, st.text(max_size=5), max_size=3))
    if "hooks" in value:
        value["hooks"] = draw(st.dictionaries(st.just("SessionStart"), st.lists(TREES, max_size=3), max_size=1))
    return f"{draw(SPACE)}{draw(laid_out(value))}{draw(SPACE)}"


@settings(max_examples=200, deadline=None)
@given(files())
def test_of_any_file_only_what_is_meant_changes_and_undoing_gives_every_byte_back(text: str):
    before = value_of(text)
    done, edits = connected(text, URL, HOOK)
    wanted = {**before, "env": {**before.get("env", {}), URL.path[1]: URL.value}}
    listed = [*before.get("hooks", {}).get("SessionStart", []), HOOK.value]
    assert value_of(done) == {**wanted, "hooks": {**before.get("hooks", {}), "SessionStart": listed}}
    assert list(value_of(done))[: len(before)] == list(before)
    assert disconnected(done, edits)[0] == text


@settings(max_examples=200, deadline=None)
@given(files(), st.sampled_from(["canary", "// c", "/* c */"]), st.text("xyz", max_size=5))
def test_a_hand_edit_elsewhere_is_kept_as_if_bursar_had_never_been(text: str, old: str, new: str):
    done, edits = connected(text, URL, HOOK)
    by_hand = {"canary": new, "// c": f"// {new}", "/* c */": f"/* {new} */"}[old]
    assert disconnected(done.replace(old, by_hand), edits)[0] == text.replace(old, by_hand)


def test_a_file_of_a_hundred_thousand_names_is_read_in_one_go():
    text = "{" + ",".join(f'"{number}": 1' for number in range(100_000)) + "}"
    assert value_of(connected(text, URL)[0])["env"] == {URL.path[1]: URL.value}
