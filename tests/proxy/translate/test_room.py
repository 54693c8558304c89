"""How many tokens a prompt may come to, and what that leaves."""

import json
from dataclasses import replace
from typing import Any

import pytest

from proxy.toolcalls.signals import Heard
from proxy.translate.room import learned_from, tokens_in
from tests.proxy.translate.words import CAPS, HI, WEATHER, translated

# Tokens that Qwen's and Mistral's (Tekken) tokenizers make of these texts, counted once with the files of the packages
# dashscope 2.0.2 and mistral-common 1.13.1.
COUNTED = [
    ('def add(a: int, b: int) -> int:\n    """Return the sum of two numbers."""\n    return a + b\n\n\n', 28, 28),
    ("A local model reads what an agent sends, and answers in the words that it was taught.", 19, 19),
    (
        '{"name": "Read", "input_schema": {"type": "object", "properties": {"file_path": {"type": "strin'
        'g"}, "limit": {"type": "integer"}}, "required": ["file_path"]}}',
        47,
        47,
    ),
    (
        "diff --git a/proxy/sse.py b/proxy/sse.py\nindex 3f2a9c1..77b01de 100644\n--- a/proxy/sse.py\n++"
        "+ b/proxy/sse.py\n@@ -12,7 +12,7 @@ class Event:\n-    data: str\n+    data: bytes\n",
        83,
        83,
    ),
    (
        "-rw-r--r-- 1 root root   4587 Nov 21 05:40 package-lock.json\n-rw-r--r-- 1 root root  12004 Nov"
        " 21 05:41 server.py\n",
        60,
        60,
    ),
    ("1749203 88120 5520391 7718 20391\n-12.5042,881.2039,0.0017,-553.1180\n", 67, 67),
    ("e3b0c442-98fc-1c14-9afb-f4c8996fb924\n27ae41e4-649b-934c-a495-991b7852b855\n", 67, 68),
    ("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU47DEQpj8HBSa==\n", 42, 44),
    ("人工智能是计算机科学的一个分支，请帮我修复这个函数中的错误，并添加测试。", 17, 34),
    ("このプログラムは、ファイルを読み込んで、その内容を解析します。", 15, 22),
    ("Эта программа читает файл, разбирает его содержимое и сохраняет результат.", 22, 21),
    ("Dieses Programm liest eine Datei und speichert das Ergebnis; Überprüfungsmöglichkeiten fehlen.", 25, 24),
    ("이 프로그램은 파일을 읽고 내용을 분석하여 결과를 저장합니다.", 20, 14),
]


@pytest.mark.parametrize(("text", "qwen", "tekken"), COUNTED)
def test_the_estimate_is_high_rather_than_low(text: str, qwen: int, tekken: int) -> None:
    for counted in (qwen, tekken):
        assert 0.9 * counted <= tokens_in(text.encode()) <= 3 * counted


def test_code_is_not_taken_for_much_longer_than_it_is() -> None:
    text, qwen, _ = COUNTED[0]
    assert tokens_in(text.encode()) < 1.4 * qwen


def test_tools_calls_and_images_count() -> None:
    plain = translated().prompt_tokens
    assert translated(tools=[WEATHER]).prompt_tokens > plain + 30
    asked = translated(tools=[WEATHER])
    assert asked.prompt_bytes > len("Hi")
    assert (asked.prompt_words, asked.context) == (1, CAPS.context)


def test_what_was_learned_of_a_model_corrects_the_estimate_within_bounds() -> None:
    said = [{**HI[0], "content": "The quick brown fox jumps over the lazy dog. " * 300}]
    plain = translated(messages=said).prompt_tokens

    def learned(bytes_per_token: float) -> int:
        return translated(replace(CAPS, bytes_per_token=bytes_per_token), messages=said).prompt_tokens

    size = translated(messages=said).prompt_bytes
    assert 0.89 * plain < learned(4.6) < plain  # 4.6 bytes a token and a twentieth more: less.
    assert learned(100.0) == pytest.approx(0.9 * plain, rel=0.02)  # It may not lead far below.
    assert learned(2.0) == pytest.approx(1.05 * size / 2, rel=0.02)  # A tokenizer for other languages: above it.
    assert learned(0.0) == plain


@pytest.mark.parametrize(
    ("tokens", "size", "more", "ratio"),
    [
        (10_000, 40_000, {}, 4.0),
        (1000, 4000, {}, None),  # Too short.
        (None, 40_000, {}, None),
        (0, 40_000, {}, None),
        (10_000, 40_000, {"counts_all": False}, None),
        (2048, 40_000, {"prompt_words": 6000}, None),  # Cut.
    ],
)
def test_an_answer_teaches_what_the_models_tokenizer_makes_of_text(
    tokens: int | None, size: int, more: Any, ratio: float | None
) -> None:
    assert learned_from(Heard("", prompt_tokens=tokens, prompt_bytes=size, **more)) == ratio


def test_a_prompt_that_would_have_been_refused_at_three_bytes_a_token_fits() -> None:
    prose = "A local model reads what an agent sends, and answers in the words that it was taught. " * 300
    room = replace(CAPS, context=len(prose) // 3)
    assert json.loads(translated(room, messages=[{"role": "user", "content": prose}]).body)["max_tokens"] == 100
