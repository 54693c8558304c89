"""A question about a concept is free; an order that stands behind it is not."""

import pytest

from proxy.classify.restricted_words import restricted_words


@pytest.mark.parametrize(
    "asked",
    [
        "What is OAuth? Then rotate the API key and change the admin password",
        "Explain JWT. Rotate the API key and change the password of the admin account",
        "What does the retry helper do?\nRotate the API key and change the password of the admin account",
        "什么是OAuth？请修改管理员的密码",
    ],
)
def test_an_order_behind_a_question_is_restricted(asked: str) -> None:
    assert restricted_words(asked.lower())


@pytest.mark.parametrize("asked", ["What is OAuth?", "Explain OAuth. Thanks a lot!", "What is a JWT? What is a JWK?"])
def test_questions_about_concepts_are_not(asked: str) -> None:
    assert restricted_words(asked.lower()) is None
