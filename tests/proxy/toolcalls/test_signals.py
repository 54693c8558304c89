"""Signs of a bad answer, and good answers that show none."""

from typing import Any

import pytest

from proxy.toolcalls.signals import Heard, Signal, signals
from proxy.toolcalls.verdict import Verdict
from tests.proxy.toolcalls.kit import verdict

TOOLS = ("get_weather", "Read", "Bash")
LS: Verdict = verdict("Bash", '{"command": "ls"}')


def seen(text: str, *verdicts: Verdict, finish: str | None = "stop", **more: Any) -> set[Signal]:
    """Return the signs of an answer that had tools."""
    return set(signals(Heard(text, verdicts, finish, TOOLS), **more))


@pytest.mark.parametrize(
    "text",
    [
        "Hello.",
        "The file has three functions. All tests pass now.",
        "I have run the tests, and they pass. Let me know if you want more.",
        "Which file shall I read?",
        "I will read the file if you want.",
        "Done: I used the Read tool and fixed the bug.",
        "Write it like this:\n```\n<tool_call>x</tool_call>\n```",
        "The tag is `</think>`, as in `<|im_start|>`.",
        "| a | b |\n|---|---|\n" + "-" * 400 + "\n" + "=" * 3000 + "x" + "\n" * 5,
        "".join(
            f"{number}. Point number {number} says something else about {number * 7919}.\n" for number in range(60)
        ),
        "```\n" + "".join(f"    self.assert_equal(answer.status, {n})\n" for n in range(20)) + "```\nDone.",
        "Il fait beau à Paris. 世界! 🙂",
    ],
)
def test_a_good_answer_shows_no_sign(text: str) -> None:
    assert seen(text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "I would now call the get_weather tool with city Paris.",
        "I will now read the file.",
        "That is clear. Let me check the tests first.",
        "I'll run the tests.",
        "The next step is to use Read on it.",
        "Here is what I do next:",
        "I'm going to look at the code…",
    ],
)
def test_a_deed_that_is_announced_and_not_done_is_seen(text: str) -> None:
    assert seen(text) == {Signal.NOT_CALLED}
    assert seen(text, LS) == set()
    assert seen(text, wants_action=False) == set()
    assert signals(Heard(text, (), "stop", ())) == ()


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_answer_is_seen(text: str) -> None:
    assert seen(text) == {Signal.EMPTY}
    assert seen(text, LS) == set()


def test_an_answer_without_a_reason_to_stop_is_seen() -> None:
    assert seen("Hello", finish=None) == {Signal.NO_FINISH}


def test_the_limit_inside_a_call_is_seen_natively_and_in_text() -> None:
    cut = verdict("Bash", '{"command": "l', finish="length")
    assert seen("", cut, finish="length") == {Signal.CUT_IN_CALL}
    assert Signal.CUT_IN_CALL in seen('Now.\n<tool_call>\n{"name": "Wri', finish="length")
    assert seen("A long tale", finish="length") == set()


def test_a_wrong_call_is_seen() -> None:
    assert seen("", verdict("Bush", "{}")) == {Signal.WRONG_CALL}
    assert seen("", LS, verdict("Bash", "{}")) == {Signal.WRONG_CALL}


@pytest.mark.parametrize("marker", ["<tool_call>", "</tool_call>", "<|im_start|>", "</think>", "[TOOL_CALLS]"])
def test_a_models_own_marks_in_the_text_are_seen(marker: str) -> None:
    assert seen(f"Hello {marker} there.") == {Signal.RAW_MARKERS}


@pytest.mark.parametrize(
    "text",
    [
        "I will try again" + " and again" * 60,
        "I try" + " again and again and once more" * 8,
        "The answer is found in the file that I have read before.\n" * 4,
        "```\n" + "x = compute(x)\n" * 200,
    ],
)
def test_an_answer_that_goes_round_in_circles_is_seen(text: str) -> None:
    assert seen(text) == {Signal.REPETITION}


def turn(number: int, command: str, result: str) -> list[dict[str, Any]]:
    """Make a turn of one call and its result."""
    call = {"type": "tool_use", "id": f"t{number}", "name": "Bash", "input": {"command": command}}
    answer = {"type": "tool_result", "tool_use_id": f"t{number}", "content": [{"type": "text", "text": result}]}
    return [{"role": "assistant", "content": [call]}, {"role": "user", "content": [answer]}]


@pytest.mark.parametrize(
    ("messages", "is_seen"),
    [
        (turn(1, "ls", "a") + turn(2, "ls", "a"), True),
        (turn(0, "pwd", "/") + turn(1, "ls", "a") + [{"role": "user", "content": "x"}] + turn(2, "ls", "a"), True),
        (turn(1, "ls", "a") + turn(2, "ls", "b"), False),
        (turn(1, "ls", "a") + turn(2, "pwd", "a"), False),
        (turn(1, "ls", "a"), False),
        (turn(1, "ls", "a") + turn(2, "ls", "a") + turn(3, "pwd", "a"), False),
        ([], False),
        ([{"role": "assistant", "content": "x"}, {"role": "assistant", "content": [7, {"type": "tool_use"}]}], False),
    ],
)
def test_the_same_call_a_third_time_after_the_same_result_is_seen(messages: list[Any], is_seen: bool) -> None:
    assert (Signal.SAME_CALL in seen("", LS, messages=messages)) == is_seen


def test_signs_are_named_without_a_word_of_the_answer() -> None:
    assert all(signal.isascii() and len(signal) < 50 for signal in Signal)


def essay(chars: int) -> str:
    """Write plain words that go on for so long."""
    return "".join(f"Point {n} says something else about {n * 7919}, and so on. " for n in range(chars // 45))


MARK = "<tool_call>x"


@pytest.mark.parametrize(
    ("text", "is_seen"),
    [
        (MARK + essay(60_000), True),
        (essay(60_000) + MARK, True),
        (essay(60_000) + f"\n```\n{MARK}\n```\nThat is how it looks.", False),
        # The fence opens far before what is looked at of the end, and closes in it.
        ("So:\n```\n" + essay(60_000) + f"{MARK}\n```\nThat is how it looks.", False),
        ("So:\n```\n" + essay(60_000) + f"\n```\nThat is how it looks. {MARK}", True),
        ("```\na\n```\n" + essay(60_000) + f"\n```\n{MARK}\n```\nDone.", False),
    ],
)
def test_of_a_long_answer_head_and_tail_are_looked_at_and_code_is_still_known_as_code(text: str, is_seen: bool) -> None:
    assert (Signal.RAW_MARKERS in seen(text, LS)) == is_seen


def test_a_long_answer_that_ends_in_a_promise_or_in_circles_is_seen() -> None:
    assert seen(essay(60_000) + "I will now read the file.") == {Signal.NOT_CALLED}
    assert Signal.REPETITION in seen(essay(60_000) + "So I will say the very same thing again, as before. " * 200)


def test_an_answer_in_another_script_is_seen_by_its_beginning_and_its_end() -> None:
    asked = [{"role": "user", "content": "Explain the parser, please."}]
    assert Signal.LANGUAGE in seen("这个解析器逐行读取输入并返回一个列表。" * 3000, messages=asked)
    assert Signal.LANGUAGE not in seen(essay(60_000), messages=asked)
