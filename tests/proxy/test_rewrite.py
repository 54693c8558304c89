"""One top-level value is changed and not one other byte."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.rewrite import with_value

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def test_spaces_escapes_and_the_same_key_further_in_stay():
    body = b'{ "a" : [1,{"max_tokens":3}], "max_tokens" :  32000 , "z":"\\u00e9 \xc3\xa9" }'
    assert with_value(body, "max_tokens", 99) == body.replace(b"32000", b"99")


def test_a_key_that_is_not_there_is_an_error():
    with pytest.raises(KeyError):
        with_value(b'{"a": {"max_tokens": 1}}', "max_tokens", 99)


@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=6), st.integers(0, 10**9), st.sampled_from([None, 1]))
def test_the_rest_of_any_body_is_the_same(fields, value, indent):
    fields["max_tokens"] = 7
    body = json.dumps(fields, indent=indent, ensure_ascii=bool(indent)).encode("utf-8", "surrogatepass")
    try:
        body.decode()
    except UnicodeDecodeError:
        return
    assert json.loads(with_value(body, "max_tokens", value)) == {**json.loads(body), "max_tokens": value}
