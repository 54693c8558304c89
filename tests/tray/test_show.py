"""What commands print: never what a terminal obeys instead of showing it."""

import json

import pytest

from tray.cli.show import json_text, plain_lines

HOSTILE = "a\x1b[31m\x9b31m\x7f\u202e\u2066\ud800\U000e0001\n\t☃"


@pytest.mark.parametrize("indent", [None, 2])
def test_json_says_all_of_it_and_moves_no_terminal(indent: int | None) -> None:
    text = json_text({"name": HOSTILE, HOSTILE: ["größer", 1.5, None]}, indent)
    assert json.loads(text) == {"name": HOSTILE, HOSTILE: ["größer", 1.5, None]}
    assert all(line.isprintable() for line in text.split("\n"))
    assert "größer" in text
    text.encode()  # Half a surrogate can be printed, too.


def test_a_sentence_of_several_lines_keeps_them_and_nothing_else() -> None:
    assert plain_lines("one\ntwo\x1b[2J") == "one\ntwo�[2J"
