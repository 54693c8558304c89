"""Strict JSON: what has one meaning is read, what has none or two is refused."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.strictjson import MOST_DEPTH, NotStrictJson, parse

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ['"', "\\", '\\"', '"x":', "\\\\", '\\\\"']
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


class Pairs(dict[str, Any]):
    """An object that is written with a key twice, as far as the standard encoder is concerned."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self._pairs = pairs

    def items(self) -> Any:
        return self._pairs


@given(VALUES, st.booleans(), st.sampled_from([None, 1]), st.sampled_from([(",", ":"), (", ", ": "), (" ,", "\t:\n")]))
def test_whatever_the_spelling_the_value_is_that_of_the_standard_reader(
    value: Any, escaped: bool, indent: int | None, separators: tuple[str, str]
) -> None:
    text = json.dumps(value, ensure_ascii=escaped, indent=indent, separators=separators).encode()
    assert parse(text).value == json.loads(text)


@given(VALUES, VALUES, TEXTS, st.booleans(), st.lists(st.sampled_from(["a", "b"]), max_size=5))
@example('"', "\\", "a", False, [])
@example({"a": "\\"}, ['"a":'], "\\", True, ["a"])
def test_a_key_that_comes_twice_is_found_at_any_depth_and_in_any_spelling(
    one: Any, other: Any, key: str, escaped: bool, path: list[str]
) -> None:
    value: Any = Pairs([(key, one), ("between", '\\"'), (key, other)])
    for step in path:
        value = {step: value, "next": ['"', "\\"]} if step == "a" else [value, '\\\\"']
    with pytest.raises(NotStrictJson, match="twice"):
        parse(json.dumps(value, ensure_ascii=escaped).encode())


def test_a_key_that_comes_twice_in_two_spellings_is_found() -> None:
    with pytest.raises(NotStrictJson, match="the key max_tokens twice"):
        parse(b'{"max_tokens":1,"max\\u005ftokens":100000}')


def test_quotes_spelled_as_escapes_do_not_hide_a_key_that_comes_twice() -> None:
    with pytest.raises(NotStrictJson, match="twice"):
        parse(b'{"a":"\\u0022:\\u0022","a":"\\u0022"}')


def test_only_a_key_of_the_api_is_named() -> None:
    with pytest.raises(NotStrictJson) as caught:
        parse(b'{"my private words":1,"my private words":2}')
    assert "private" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b" ", b"{", b'{"a":1} x', b"nul", b"{'a':1}", b'{"a":01}', b'["\x00"]', b'["a\nb"]'),
        *(b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":1e999}', b"[" + b"9" * 5000 + b"]"),
        *(b'["\\ud800"]', b'["\\udc00\\ud800"]', b'{"\\ud800":1}'),
        *(b'["\xff"]', b'["\xed\xa0\x80"]', b'{"\xc3":1}', b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00"),
        *(b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000),
    ],
)
def test_what_is_no_json_is_refused_in_a_short_sentence(text: bytes) -> None:
    with pytest.raises(NotStrictJson) as caught:
        parse(text)
    assert 5 < len(str(caught.value)) < 120


def test_nesting_is_allowed_to_the_limit_and_not_beyond() -> None:
    def nested(levels: int) -> bytes:
        return b"[" * levels + b"]" * levels

    parse(nested(MOST_DEPTH))
    with pytest.raises(NotStrictJson, match="128 levels"):
        parse(nested(MOST_DEPTH + 1))


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_of_bytes_nothing_but_a_value_or_a_refusal_comes(text: bytes) -> None:
    with suppress(NotStrictJson):
        parse(text)


@given(VALUES)
def test_the_canonical_text_holds_the_bytes_of_each_string(value: Any) -> None:
    def size(node: Any) -> int:
        if isinstance(node, str):
            return len(node.encode())
        if isinstance(node, dict):
            return sum(len(key.encode()) + size(child) for key, child in node.items())
        return sum(map(size, node)) if isinstance(node, list) else 0

    canonical = parse(json.dumps(value).encode()).canonical
    assert len(canonical) >= size(value)
