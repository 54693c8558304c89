"""How fast a local model is taken to be: by answers that passed, by the bench, by what is usual; and how that fades."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.speed import LEAST_ANSWERS, LEAST_PROMPT, RECENT_S, Passed, Speed, Usual, measured, speed_of
from proxy.speeds import CACHE_LASTS_S, KEPT_EVERY, MOST_SEEN, OUTPUT_TOKENS, Speeds
from proxy.translate.usage import Speed as ServersClock
from proxy.upstream.knowledge import Knowledge
from proxy.upstream.local_model import LocalModel, LocalUpstream, identity
from tests.kit.metered import Clock
from tests.proxy.bench.test_result import RESULT

QWEN = LocalModel("qwen", 100_000)
BOX = LocalUpstream("box", "http://127.0.0.1:1", "openai", (QWEN,), healthy=True)
STEADY = Passed(14.0, 1.0, 10_000, 10.0, 150, 3.0)
"""A second's wait, 1,000 tokens read a second, 50 written."""
COUNTS = {"input_tokens": 10_000, "cache_read_input_tokens": 0, "output_tokens": 150}


def speeds(knowledge: Knowledge | None = None) -> tuple[Speeds, Clock]:
    clock, known = Clock(), knowledge or Knowledge(None)
    return Speeds(lambda: known, clock), clock


def test_the_server_s_own_clock_tells_waiting_reading_and_writing_apart() -> None:
    clock = ServersClock(10_000, 10_000.0, 150, 3_000.0, 0)
    assert measured(clock, COUNTS, 11_000, 14_000, streams=True) == STEADY
    assert measured(clock, COUNTS, None, 14_000, streams=False) == STEADY


def test_a_server_s_clock_that_goes_longer_than_ours_is_not_believed() -> None:
    absurd = ServersClock(10_000, 900_000.0, 150, 3_000.0, 0)
    found = measured(absurd, COUNTS, 11_000, 14_000, streams=True)
    assert (found.read_s, found.write_s) == (11.0, 3.0)


def test_without_a_clock_of_the_server_s_a_long_prompt_is_read_until_the_first_byte() -> None:
    found = measured(None, COUNTS, 10_000, 13_000, streams=True)
    assert (found.wait_s, found.read_s, found.write_s) == (None, 10.0, 3.0)


def test_the_first_byte_after_a_short_prompt_tells_of_the_wait() -> None:
    found = measured(None, {"input_tokens": 100, "output_tokens": 150}, 10_000, 13_000, streams=True)
    assert (found.wait_s, speed_of([(0.0, found)], None).reads) == (10.0, None)


def test_an_answer_in_one_piece_is_shared_out_as_models_usually_work() -> None:
    found = measured(None, {"input_tokens": 20_000, "output_tokens": 1000}, None, 20_000, streams=False)
    # 20,000 read twenty times as fast as 1,000 are written: half of 20 s each.
    assert (found.read_s, found.write_s) == (10.0, 10.0)
    assert measured(None, {"input_tokens": 9, "output_tokens": 2}, None, 20_000, streams=False).wait_s == 20.0


def test_how_long_an_answer_takes_is_its_wait_its_reading_and_its_writing() -> None:
    assert speed_of([(0.0, STEADY)], None).seconds(20_000, 100) == 1.0 + 20.0 + 2.0
    assert Speed(5.0).seconds(20_000, 100) == 5.0


def test_what_is_recent_outweighs_what_was_known_and_fades() -> None:
    bench = Speed(0.0, 4000.0, 100.0)
    # 10,000 tokens in 10 s beside 8,192 in 2.048 s.
    assert speed_of([(0.0, STEADY)], bench).reads == pytest.approx(18_192 / 12.048)
    later = [speed_of([(age, STEADY)], bench).reads or 0.0 for age in (0.0, 150.0, 300.0, 599.0)]
    assert later == sorted(later)
    assert speed_of([(RECENT_S, STEADY)], bench) == bench


def test_one_long_wait_among_several_is_not_what_is_expected() -> None:
    loading = Passed(60.0, 59.0)
    assert speed_of([(9.0, STEADY), (5.0, loading), (1.0, STEADY)], None).wait_s == 1.0
    assert speed_of([(1.0, loading)], None).wait_s == 59.0


def test_the_bench_is_what_is_known_of_a_model_that_has_not_answered_yet() -> None:
    knowledge = Knowledge(None)
    knowledge.keep_bench(identity(BOX, QWEN), RESULT.as_json())
    found, _ = speeds(knowledge)
    assert found.speed(BOX, QWEN, 1000).reads
    knowledge.keep_bench(identity(BOX, QWEN), {"version": 99})
    assert not found.speed(BOX, QWEN, 1000).is_known


def test_nothing_is_known_of_a_model_that_nobody_has_seen() -> None:
    found, _ = speeds()
    assert not found.speed(BOX, QWEN, 50_000).is_known
    assert found.typical(BOX, QWEN) == (OUTPUT_TOKENS, 0.0)


def test_what_is_usual_outlives_a_restart_and_one_bad_hour(tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    found, _ = speeds(Knowledge(path))
    for _ in range(LEAST_ANSWERS):
        found.answered(BOX, QWEN, STEADY)
    again, clock = speeds(Knowledge(path))
    assert again.speed(BOX, QWEN, 1000) == Speed(0.0, 1000.0, 50.0)
    again.answered(BOX, QWEN, Passed(200.0, None, 10_000, 200.0))
    assert (again.speed(BOX, QWEN, 1000).reads or 0.0) < 100.0
    clock.seconds += RECENT_S
    # 60,000 tokens in 250 s.
    assert again.speed(BOX, QWEN, 1000).reads == pytest.approx(240.0)


def test_what_is_usual_is_not_written_down_after_every_answer(tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    found, _ = speeds(Knowledge(path))
    stamps = set()
    for _ in range(300):
        found.answered(BOX, QWEN, STEADY)
        stamps.add((path.stat().st_ino, path.stat().st_mtime_ns) if path.exists() else None)
    # After five, and after every twenty more.
    assert len(stamps - {None}) == 1 + (300 - LEAST_ANSWERS) // KEPT_EVERY


@pytest.mark.parametrize("raw", [None, {}, {"answers": "x"}, {**Usual().as_json(), "read_s": -1}, {"answers": 1e400}])
def test_knowledge_that_cannot_be_is_none(raw: Any) -> None:
    assert Usual.from_json(raw) == Usual()
    assert Usual.from_json(Usual().after(STEADY).as_json()) == Usual().after(STEADY)


def test_a_conversation_is_in_the_cache_of_the_server_that_had_it_last_for_a_while() -> None:
    found, clock = speeds()
    other = LocalUpstream("other", "http://127.0.0.1:2", "openai", (QWEN,), healthy=True)
    found.holds("c", BOX, QWEN, 9000)
    assert (found.held("c", BOX, QWEN), found.held("d", BOX, QWEN), found.held("c", other, QWEN)) == (9000, 0, 0)
    clock.seconds += CACHE_LASTS_S
    assert found.held("c", BOX, QWEN) == 0


def test_what_new_conversations_have_in_common_is_read_once() -> None:
    found, clock = speeds()
    found.holds("first", BOX, QWEN, 21_000, cached=0)
    assert found.held("another", BOX, QWEN) == 0
    found.holds("another", BOX, QWEN, 22_000, cached=18_000)
    found.holds("another", BOX, QWEN, 23_000, cached=22_000)  # That is its own.
    assert (found.held("third", BOX, QWEN), found.held("another", BOX, QWEN)) == (18_000, 23_000)
    clock.seconds += CACHE_LASTS_S
    assert found.held("third", BOX, QWEN) == 0


def test_a_typical_answer_is_learned_from_a_few_and_one_long_one_is_not_typical() -> None:
    found, _ = speeds()
    for output in (100, 300, 6000):
        found.answered(BOX, QWEN, Passed(10.0, None, 0, None, output, 10.0))
    assert found.typical(BOX, QWEN) == (300, 10.0)


seconds = st.floats(0, 1e4)
answers = st.builds(Passed, seconds, st.none() | seconds, st.integers(0, 10**6), st.none() | seconds,
                    st.integers(0, 10**5), st.none() | seconds)  # fmt: skip


@given(
    st.lists(st.tuples(st.floats(0, 2000), answers), max_size=MOST_SEEN), st.integers(0, 10**6), st.integers(0, 10**5)
)
def test_an_estimate_is_a_number_of_seconds_and_longer_prompts_never_take_less(
    seen: list[tuple[float, Passed]], new: int, output: int
) -> None:
    found = speed_of(seen, Speed(0.0, 500.0, 20.0))
    assert 0 <= found.seconds(new, output) <= found.seconds(new + LEAST_PROMPT, output) < float("inf")


def test_many_threads_may_measure() -> None:
    found, _ = speeds()

    def use() -> None:
        for number in range(200):
            found.answered(BOX, QWEN, STEADY)
            found.holds(f"c{number}", BOX, QWEN, number)
            found.speed(BOX, QWEN, number)
            found.typical(BOX, QWEN)

    threads = [threading.Thread(target=use) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.speed(BOX, QWEN, 1).reads == pytest.approx(1000.0)


def test_of_two_first_answers_at_once_both_count(tmp_path: Path) -> None:
    known, both = Knowledge(tmp_path / "models.json"), threading.Barrier(2)

    def knowledge() -> Knowledge:
        if known.seen(identity(BOX, QWEN)) is None and not both.broken:
            both.wait(10)
        return known

    found = Speeds(knowledge, Clock())
    threads = [threading.Thread(target=found.answered, args=(BOX, QWEN, STEADY)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    both.abort()
    for _ in range(LEAST_ANSWERS - 2):
        found.answered(BOX, QWEN, STEADY)
    assert Usual.from_json(known.seen(identity(BOX, QWEN))).answers == LEAST_ANSWERS
