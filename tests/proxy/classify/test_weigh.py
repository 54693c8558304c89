"""What words weigh: restricted work is seen in any language, doubt goes to the safer tier, reasons tell no words."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.classify import Classifier, Restricted, classify
from proxy.classify.classifier import Seen
from proxy.classify.model import Caution
from proxy.classify.weigh import Words, by_words
from proxy.request import read
from proxy.task import TaskClass, Tier
from tests.bench.classify_folds import is_hard
from tests.bench.labelled import fresh
from tests.kit import bodies

DATA = Path(__file__).parent / "data"
CAUTIONS: tuple[Caution, ...] = get_args(Caution)
RESTRICTED = "Add a login page with password reset"


def prompts(name: str) -> list[tuple[Tier, str, str]]:
    """Read labelled prompts of our own: tier, language, text."""
    lines = [line for line in (DATA / name).read_text(encoding="utf-8").splitlines() if line.startswith("L")]
    split = [(line.split(" | ", 1)[0].split(), line.split(" | ", 1)[1]) for line in lines]
    return [(Tier[head[0].split("/")[0]], head[2], text) for head, text in split]


UNSEEN = prompts("prompts_unseen.txt")
OURS = prompts("prompts_ours.txt")


@pytest.mark.parametrize("text", [text for tier, _, text in UNSEEN + OURS if tier is Tier.L3])
def test_no_restricted_work_of_our_lists_is_missed(text: str) -> None:
    assert by_words(text).tier is Tier.L3


@pytest.mark.parametrize("language", sorted({language for _, language, _ in UNSEEN}))
def test_in_each_language_most_prompts_that_were_never_fitted_to_get_their_tier(language: str) -> None:
    verdicts = [by_words(text).tier is tier for tier, lang, text in UNSEEN if lang == language]
    assert sum(verdicts) / len(verdicts) >= 0.75


def test_of_prompts_that_were_never_fitted_to_few_are_dangerous_or_wasteful() -> None:
    found = [(tier, by_words(text).tier) for tier, _, text in UNSEEN]
    assert sum(tier >= Tier.L2 > said for tier, said in found) <= 0.03 * len(found)
    assert sum(tier < Tier.L2 <= said for tier, said in found) <= 0.03 * len(found)
    assert sum(tier is said for tier, said in found) >= 0.9 * len(found)


@pytest.mark.parametrize("writer", ["w1", "w2"])
def test_none_of_the_writers_restricted_prompts_is_missed_and_few_others_are_taken_for_one(writer: str) -> None:
    found = [(p.accepted, by_words(p.text, p.before).tier) for p in fresh(writer) if not is_hard(p.text)]
    assert not [accepted for accepted, said in found if accepted == {Tier.L3} and said is not Tier.L3]
    assert sum(said is Tier.L3 and Tier.L3 not in accepted for accepted, said in found) <= 0.035 * len(found)


@pytest.mark.parametrize("text", [text for _, _, text in OURS[::7] + UNSEEN])
def test_more_caution_never_means_a_lower_tier(text: str) -> None:
    strict, balanced, thrifty = (by_words(text, "", caution).tier for caution in ("strict", "balanced", "thrifty"))
    assert strict >= balanced >= thrifty


@pytest.mark.parametrize("caution", CAUTIONS)
def test_no_setting_lowers_what_is_restricted(caution: Caution) -> None:
    request = read(bodies.encode(bodies.main_turn(RESTRICTED)), bodies.headers())
    assert Classifier(caution=caution).classify(request).tier is Tier.L3


@pytest.mark.parametrize(
    ("before", "tier"),
    [
        (RESTRICTED, Tier.L3),
        ("Migrate the whole database to the new schema", Tier.L2),
        ("Rename the variable in utils.py", Tier.L1),
        ("What does this function do?", Tier.L1),
    ],
)
@pytest.mark.parametrize("yes", ["yes", "ok, go ahead", "sí, dale", "ja, mach weiter", "да, давай", "继续", "はい"])
def test_a_yes_in_any_language_goes_on_with_what_was_asked(yes: str, before: str, tier: Tier) -> None:
    found = by_words(yes, before)
    assert (found.task_class, found.tier) == (TaskClass.continuation, tier)


def test_a_short_word_after_heavy_work_is_not_taken_more_lightly_than_after_a_chat() -> None:
    heavy = by_words("and the second part?", "Design the architecture of the new sync service and plan the migration")
    light = by_words("and the second part?", "thanks, what is the weather like?")
    assert heavy.tier >= light.tier


def test_the_reasons_name_traits_and_the_place_they_stand_in() -> None:
    found = by_words("Find the root cause of the race condition in the scheduler")
    assert "words.concurrency in prompt" in {str(reason) for reason in found.reasons}
    assert {reason.where for reason in found.reasons} <= {"prompt", "previous prompt"}
    continued = by_words("yes", RESTRICTED)
    assert [reason.where for reason in continued.reasons] == ["prompt", "previous prompt"]


@given(st.text(max_size=300), st.text(max_size=100), st.sampled_from(CAUTIONS))
def test_any_words_are_weighed_the_same_way_twice(text: str, before: str, caution: Caution) -> None:
    first = by_words(text, before, caution)
    assert first == by_words(text, before, caution)
    assert 0 <= first.confidence <= 1
    assert all(str(reason).isascii() for reason in first.reasons)


@given(
    st.sampled_from([text for tier, _, text in OURS if tier is Tier.L3]),
    st.sampled_from(["https://example.com/docs/a?b=c", "```\nx = 1\nprint(x)\n```", "```py\ndef f(): ...\n```\n"]),
    st.booleans(),
)
def test_links_and_code_beside_it_do_not_lower_restricted_work(text: str, aside: str, before: bool) -> None:
    assert by_words(f"{aside}\n{text}" if before else f"{text}\n{aside}").tier is Tier.L3


@given(st.lists(st.sampled_from([text for _, _, text in OURS]), min_size=1, max_size=4))
def test_restricted_work_stays_so_whatever_is_asked_along_with_it(others: list[str]) -> None:
    assert by_words("\n".join([RESTRICTED, *others])).tier is Tier.L3


@pytest.mark.parametrize(
    "text",
    [
        "the audit log in the footer should be sorted by date",
        "Show the growing log in the sidebar",
        "count the output tokens of each answer",
        "sort the striped rows of the table",
        "add an autocomplete for the author field",
        "rename the smart contract's api contract test",
        "the SQL has two WHERE clauses, keep the first where clause",
        "add the cache key to the dict keys",
    ],
)
def test_phrases_that_only_sound_restricted_are_not(text: str) -> None:
    assert by_words(text).tier < Tier.L3


@pytest.mark.parametrize(
    "text",
    [
        "set OPENAI_API_KEY and run it",
        "what is ${{ secrets.DEPLOY_TOKEN }} for?",
        "users can't log in any more",
        "用户无法登录",
        "le jeton a expiré",
        "el cobro se hizo dos veces",
    ],
)
def test_names_of_variables_and_plain_words_of_any_language_are_seen(text: str) -> None:
    assert by_words(text).tier is Tier.L3


def test_a_scan_that_takes_too_long_makes_the_request_restricted_and_the_next_one_goes_on() -> None:
    ticks = iter(range(10_000))
    seen = Seen(longest_s=3, monotonic=lambda: float(next(ticks)))
    request = read(
        bodies.encode(bodies.main_turn("Rename it", *(bodies.said(f"text {n}") for n in range(6)))), bodies.headers()
    )
    first = classify(request, restricted=Restricted(), seen=seen)
    assert (first.tier, first.reasons[0].rule) == (Tier.L3, "scan.too_long")
    for _ in range(6):
        last = classify(request, restricted=Restricted(), seen=seen)
    assert last.tier is Tier.L1


def test_the_memory_of_weighed_turns_is_bounded() -> None:
    words = Words(most=5)
    for number in range(20):
        words.weigh(read(bodies.encode(bodies.main_turn(f"Rename it {number}")), bodies.headers()))
    assert len(words._tasks) == 5
