"""Signs that a server's counts and clock give, and those of script and characters."""

from typing import Any

import pytest

from proxy.toolcalls.signals import Heard, Signal, signals
from proxy.translate.usage import Speed


def seen(text: str = "Fine.", messages: Any = (), **more: Any) -> set[Signal]:
    """Return the signs of an answer."""
    return set(signals(Heard(text, finish="stop", **more), messages))


# The prompt


@pytest.mark.parametrize(
    ("counted", "words", "context", "is_cut"),
    [
        (4096, 10_000, 32768, True),  # Fewer tokens than words.
        (9100, 10_000, 32768, False),  # Few, but not too few for a tokenizer that joins words now and then.
        (13_000, 10_000, 32768, False),  # English in any tokenizer of today.
        (60, 100, 32768, False),  # Too short to tell.
        (512, 400, 512, True),  # Ollama 0.12.5: cut to the whole of the context.
        (511, 400, 512, False),
        (None, 10_000, 4096, False),
        (100, 10_000, None, True),
    ],
)
def test_a_prompt_that_was_cut_is_seen_by_its_count(
    counted: int | None, words: int, context: int | None, is_cut: bool
) -> None:
    found = seen(prompt_tokens=counted, prompt_words=words, context=context)
    assert (Signal.PROMPT_CUT in found) == is_cut


@pytest.mark.parametrize(
    ("counted", "is_cut"), [(16384, True), (16200, True), (32768, True), (300, False), (9000, False)]
)
def test_a_count_that_may_leave_out_cached_tokens_has_to_look_like_a_window(counted: int, is_cut: bool) -> None:
    found = seen(prompt_tokens=counted, prompt_words=30_000, context=32768, counts_all=False)
    assert (Signal.PROMPT_CUT in found) == is_cut


@pytest.mark.parametrize(
    ("prompt", "output", "is_full"), [(900, 90, True), (900, 1, True), (890, 10, False), (901, None, True)]
)
def test_a_context_that_is_nearly_full_is_seen(prompt: int, output: int | None, is_full: bool) -> None:
    assert (Signal.NEARLY_FULL in seen(prompt_tokens=prompt, output_tokens=output, context=1000)) == is_full
    assert Signal.NEARLY_FULL not in seen(prompt_tokens=prompt, output_tokens=output)


# The clock


@pytest.mark.parametrize(
    ("speed", "is_slow"),
    [
        (Speed(1000, 900.0, 100, 2000.0, 0), False),
        (Speed(30_000, 130_000.0, 100, 2000.0, 0), True),  # Two minutes before the first word.
        (Speed(1000, 900.0, 100, 26_000.0, 0), True),  # 3.8 tokens a second.
        (Speed(1000, 900.0, 100, 25_000.0, 0), False),  # 4.
        (Speed(1000, 900.0, 5, 10_000.0, 0), False),  # Too few tokens to tell.
        (None, False),
    ],
)
def test_a_machine_that_is_too_slow_is_seen_by_its_own_clock(speed: Speed | None, is_slow: bool) -> None:
    assert (Signal.SLOW in seen(speed=speed)) == is_slow


# Script and characters


def asked(text: str, *more: Any) -> list[dict[str, Any]]:
    """Make a conversation."""
    return [{"role": "user", "content": [{"type": "text", "text": text}]}, *more]


FIX = "Please fix the failing test in this folder."
CHINESE = "我已经修复了这个文件中的错误，所有测试现在都通过了。"
RUSSIAN = "Я исправил ошибку в этом файле, и все тесты теперь проходят."
ENGLISH = "I fixed the bug in this file; the parser dropped its last line. All the tests of the folder pass again now."


@pytest.mark.parametrize(
    ("answer", "messages"),
    [
        (CHINESE, asked(FIX)),
        (RUSSIAN, asked(FIX)),
        (f"Done. {CHINESE * 3}", asked(FIX)),
        (ENGLISH, asked("Исправь, пожалуйста, ошибку в этом файле.")),
        (RUSSIAN, asked("请修复这个文件夹中失败的测试，并确保其他测试仍然通过。谢谢。")),
    ],
)
def test_an_answer_in_another_script_is_seen(answer: str, messages: Any) -> None:
    assert seen(answer, messages) == {Signal.LANGUAGE}


@pytest.mark.parametrize(
    ("answer", "messages"),
    [
        (ENGLISH, asked(FIX)),
        (RUSSIAN, asked("Исправь, пожалуйста, ошибку.")),
        (CHINESE, asked("修复这个错误")),
        ("これで、すべてのテストが通るようになりました。", asked("テストを修正してください")),
        ("ファイルを修正しました。テストはすべて成功です。", asked("修正")),
        ("Done, all tests pass.", asked("Исправь, пожалуйста, ошибку в этом файле.")),
        (RUSSIAN, asked("Translate this to Russian: I fixed the bug.")),
        ("Das ist behoben; die Prüfung läuft wieder, und alle anderen Tests sind ebenso grün wie zuvor.", asked(FIX)),
        (f"The file says:\n```\n{CHINESE * 5}\n```\nThat is all it holds, and nothing refers to it.", asked(FIX)),
        ("The greeting is `世界` and `мир`, as the test wants.", asked(FIX)),
        (
            RUSSIAN,
            asked(FIX, {"role": "user", "content": [{"type": "tool_result", "content": [{"text": RUSSIAN}]}]}),
        ),
        (CHINESE, []),
        ("42", asked(FIX)),
    ],
)
def test_an_answer_in_a_script_of_the_conversation_shows_no_sign(answer: str, messages: Any) -> None:
    assert seen(answer, messages) == set()


def test_bytes_that_are_no_characters_are_seen_unless_they_are_what_it_is_about() -> None:
    assert seen("The name is Gr\ufffd\ufffde.", asked(FIX)) == {Signal.BROKEN_TEXT}
    assert seen("The name is Gr\ufffd\ufffde.", asked("Why does it print Gr\ufffd\ufffde?")) == set()


@pytest.mark.parametrize(
    "messages",
    [[{}], [{"role": "user"}], [{"role": "user", "content": 7}], [{"role": "user", "content": [7, {"content": 7}]}]],
)
def test_messages_of_any_shape_do_no_harm(messages: Any) -> None:
    seen(CHINESE + "\ufffd", messages)
