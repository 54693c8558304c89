"""The turn: what the user asks for now, whatever came after and around it."""

from typing import Any

import pytest

from proxy.ownwords import MOST_TEXT, own_words
from proxy.request import read
from proxy.turn import Turn
from tests.kit import bodies


def turn(fields: dict[str, Any], agent: str = "") -> Turn:
    return read(bodies.encode(fields), bodies.headers(agent=agent)).turn


def continued(times: int) -> dict[str, Any]:
    """Give a turn after so many tool calls."""
    rest = [
        part
        for n in range(times)
        for part in (bodies.call("Read", f"t{n}", file_path="a.py"), bodies.result(f"line {n}", f"t{n}"))
    ]
    return bodies.main_turn("Fix the importer", *rest)


def test_the_request_is_found_behind_its_tool_results() -> None:
    found = turn(continued(5))
    assert (found.text, found.continuation) == ("Fix the importer", True)


def test_the_request_itself_is_no_continuation() -> None:
    assert turn(continued(0)).continuation is False


def test_the_key_of_a_turn_stays_while_tools_run() -> None:
    assert len({turn(continued(times)).key for times in range(6)}) == 1


def test_the_next_request_is_another_turn_even_in_the_same_words() -> None:
    first = bodies.main_turn("continue")
    second = bodies.main_turn("continue", bodies.said("Done."), bodies.user("continue"))
    assert turn(first).key != turn(second).key


def test_an_inline_system_message_that_comes_and_goes_leaves_the_key() -> None:
    rest = (bodies.said("Done."), bodies.user("Now the tests"))
    assert turn(bodies.main_turn("x", *rest, inline=True)).key == turn(bodies.main_turn("x", *rest, inline=False)).key


def test_the_same_words_of_another_agent_are_another_turn() -> None:
    fields = bodies.main_turn("Look around")
    assert turn(fields, "a1").key != turn(fields, "a2").key


def test_words_beside_a_tool_result_are_a_new_request() -> None:
    interjected = bodies.result("ok", reminder=False)
    interjected["content"].append(bodies.text("Stop, use the other file"))
    found = turn(bodies.main_turn("Fix it", bodies.call("Read", file_path="a"), interjected))
    assert (found.text, found.previous, found.continuation) == ("Stop, use the other file", "Fix it", False)


def test_the_request_before_is_kept_for_those_that_only_say_yes() -> None:
    found = turn(bodies.main_turn("Migrate the tables", bodies.said("Shall I?"), bodies.user("yes")))
    assert (found.text, found.previous) == ("yes", "Migrate the tables")


@pytest.mark.parametrize(
    "content",
    [
        "<system-reminder>\nRead this\n</system-reminder>\nAdd a test",
        "<ide_opened_file>The user opened /a/auth/login.py</ide_opened_file>Add a test",
        "<command-name>/do</command-name><command-message>do</command-message><command-args>Add a test</command-args>",
        "<local-command-stdout>secret stuff</local-command-stdout>\nAdd a test\n<system-reminder>x</system-reminder>",
        "<bash-input>cat .env</bash-input><bash-stdout>A=1</bash-stdout>Add a test",
    ],
)
def test_what_the_client_puts_in_is_not_the_users(content: str) -> None:
    assert own_words(content) == "Add a test"


def test_a_tag_that_is_never_closed_is_the_users_own() -> None:
    assert own_words("Why is <system-reminder> shown?") == "Why is <system-reminder> shown?"


@pytest.mark.parametrize(
    "words",
    ["[Request interrupted by user]", "This session is being continued from a previous conversation"],
)
def test_a_message_of_the_client_in_the_users_place_is_passed_over(words: str) -> None:
    assert turn(bodies.main_turn("Sort the list", bodies.said("…"), bodies.user(words))).text == "Sort the list"


def test_a_conversation_without_words_has_an_empty_turn() -> None:
    fields = bodies.main_turn("", inline=False)
    assert turn({**fields, "messages": [{"role": "assistant", "content": "Hello"}]}).text == ""


def test_a_very_long_text_keeps_its_head_and_its_tail() -> None:
    kept = own_words("begin " + "x" * 2_000_000 + " end")
    assert kept.startswith("begin")
    assert kept.endswith("end")
    assert len(kept) <= MOST_TEXT + 1


@pytest.mark.parametrize(("words", "tag", "rest"), [
    ("@local Add a test", "local", "Add a test"),
    ("@cloud\nAdd a test", "cloud", "Add a test"),
    ("@local/readme.md Add a test", None, "@local/readme.md Add a test"),
    ("Add a test @local", None, "Add a test @local"),
])  # fmt: skip
def test_the_first_word_can_say_where_to_go(words: str, tag: str | None, rest: str) -> None:
    found = turn(bodies.main_turn(words, bodies.call("Read", file_path="a"), bodies.result("x")))
    assert (found.tag, found.text) == (tag, rest)
