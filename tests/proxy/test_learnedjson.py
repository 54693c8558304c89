"""What the conversion of local tokens rests on is told with its samples, and as a range where they are few."""

from pricing.learned import ENOUGH
from pricing.tokens import Kind, Ratios
from proxy.learnedjson import learned_json, learned_words


def taught(times: int, *, local: int = 0) -> Ratios:
    ratios = Ratios()
    for _ in range(times):
        ratios.teach("pre-4.7", {Kind.prose: 10_000}, 2_500)
    for _ in range(local):
        ratios.teach_local("pre-4.7", "qwen3-8b", 1_000, 1_100)
    return ratios


def test_nothing_learned_is_nothing_said():
    assert learned_json(Ratios()) == []
    assert learned_words([]) == ""


def test_samples_are_told_by_what_they_are_of_and_few_ones_apart():
    found = learned_json(taught(ENOUGH, local=3))
    assert [(one["of"], one["samples"], one["is_thin"]) for one in found] == [
        ("local/qwen3-8b", 3, True),
        ("prose", ENOUGH, False),
    ]
    assert learned_words(found) == (
        "Local tokens are converted by what Claude counted of samples: prose 30; "
        "of fewer than 30, and so as a range: qwen3-8b 3."
    )


def test_where_all_are_few_that_is_all_that_is_said():
    assert learned_words(learned_json(taught(2))) == (
        "Local tokens are converted by what Claude counted of fewer than 30, and so as a range: prose 2."
    )


def test_two_tokenizers_are_told_apart():
    ratios = taught(ENOUGH)
    ratios.teach("4.7", {Kind.prose: 10_000}, 3_000)
    assert "prose of 4.7 1" in learned_words(learned_json(ratios))
    assert "prose of pre-4.7 30" in learned_words(learned_json(ratios))
