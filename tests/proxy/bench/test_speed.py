"""Speeds are measured as they are, and a server's faults are told instead of measured."""

import contextlib
import re
import time
from dataclasses import replace

import pytest

from proxy.bench.asking import Asking
from proxy.bench.client import Client, Unanswered
from proxy.bench.plan import QUICK, Plan, Time
from proxy.bench.progress import Progress
from proxy.bench.sample import Sample
from proxy.bench.speed import SpeedBench
from proxy.upstream.local_model import LocalModel
from tests.proxy.bench.kit import Habits, counting_server, nobody, quiet, with_context

SHORT = Plan(seconds=20, repeats=2, output_tokens=32, every=1, batches=(2,), tasks_each=1)


def measured(habits: Habits, plan: Plan = SHORT, context: int = 12_000, seconds: float = 300, **more) -> SpeedBench:
    with counting_server(habits) as (upstream, _):
        model = replace(with_context(upstream.models[0], context), **more)
        bench = SpeedBench(Asking(Client(upstream), model), plan, quiet)
        bench.run(Time(seconds, time.monotonic))
        return bench


def notes(bench: SpeedBench) -> list[str]:
    """What was said, but for the noise of a busy machine."""
    return [note for note in bench.notes if not note.startswith("the tries differ")]


def test_every_size_up_to_the_context_is_measured_in_the_servers_own_tokens():
    bench = measured(Habits())
    sizes = [point.prompt_tokens for point in bench.points]
    # How close to 12,000 the largest comes is the choice of who fits prompts into contexts.
    for found, wanted in zip(sizes, (1024, 4096, 8192), strict=False):
        assert found == pytest.approx(wanted, rel=0.08)
    assert len(sizes) >= 3
    assert 7500 < sizes[-1] <= 12_000
    assert {point.source for point in bench.points} == {"clock"}
    assert {point.repeats for point in bench.points} == {2}
    assert notes(bench) == []
    assert bench.load_ms is not None


def test_every_prompt_is_new_to_the_server_but_the_one_that_goes_on():
    habits = Habits()
    bench = measured(habits)
    texts = [request["messages"][0]["content"] for request in habits.requests]
    assert len(set(texts)) == len(texts) - 1
    assert bench.reuse.cached_tokens > 0.9 * bench.reuse.prompt_tokens > 5000
    assert bench.batches[0].size == 2


def test_several_requests_are_really_under_way_at_once_and_no_more_than_the_model_takes():
    habits = Habits(per_token_s=0.00002)
    bench = measured(habits, replace(SHORT, batches=(2, 4)), concurrency=2)
    assert habits.most_at_once == 2
    assert [batch.size for batch in bench.batches] == [2]
    assert notes(bench) == ["it takes 2 requests at once, so no more were tried"]


def test_the_prompts_speed_is_that_of_the_server():
    bench = measured(Habits(per_token_s=0.0001), replace(SHORT, repeats=1, batches=()))
    large = bench.points[-1]
    # 0.1 ms a token are 10,000 tokens a second; a busy machine may make it fewer, never more.
    assert large.prefill_tps <= 10_500
    assert large.first_ms >= large.prompt_tokens * 0.095


def test_ollamas_own_durations_are_believed_rather_than_our_clock():
    habits = Habits()
    with counting_server(habits) as (upstream, _):
        model = replace(upstream.models[0], kind="ollama")
        bench = SpeedBench(Asking(Client(upstream), model), replace(SHORT, repeats=1, batches=()), quiet)
        bench.run(Time(60, time.monotonic))
    # It says 1 ms a token read and 20 ms a token written, whatever the time that really passed.
    assert {(point.source, point.prefill_tps, point.decode_tps) for point in bench.points} == {("server", 1000.0, 50.0)}
    assert {request["options"]["num_ctx"] for request in habits.requests} == {12_000}


def test_a_size_that_would_take_longer_than_the_time_is_left_out_and_said():
    bench = measured(Habits(per_token_s=0.0002), replace(SHORT, repeats=1, batches=()), seconds=1.2)
    assert bench.points
    assert bench.points[-1].prompt_tokens < 8500
    assert bench.out_of_time, bench.notes
    assert any(
        re.search(r"left out: .*; it takes about [\d.]+ s, and [\d.]+ s were left", note) for note in bench.notes
    )


def test_a_server_that_dies_in_the_middle_leaves_what_was_measured_before():
    bench = measured(Habits(dies_over_tokens=6000))
    assert [point.prompt_tokens for point in bench.points] == pytest.approx([1024, 4096], rel=0.08)
    assert notes(bench) == ["8,192 tokens of context, try 1 of 2 was given up: its answer stopped in the middle"]


def test_a_server_that_refuses_a_size_is_believed():
    bench = measured(Habits(refuses_over_tokens=5000), replace(SHORT, batches=()))
    assert len(bench.points) == 2
    assert any("the prompt does not fit its context" in note for note in bench.notes)


def test_a_prompt_that_the_server_cuts_without_a_word_is_noticed():
    bench = measured(Habits(cuts_to_tokens=2000))
    assert [point.prompt_tokens for point in bench.points] == pytest.approx([1024], rel=0.08)
    assert any(
        "the server cut a prompt of about 4,096 tokens down to 2,000 without a word" in note for note in bench.notes
    )


def test_without_counts_the_figures_are_called_guesses():
    bench = measured(Habits(no_usage=True), replace(SHORT, repeats=1, batches=()))
    assert {point.source for point in bench.points} == {"estimate"}
    assert "the server sends no token counts: sizes and speeds are guesses from the text's length" in bench.notes


def test_an_answer_of_a_few_words_gives_no_speed_of_writing():
    bench = measured(Habits(words=3), replace(SHORT, repeats=1, batches=()))
    assert [point.decode_tps for point in bench.points] == [None] * len(bench.points)
    assert notes(bench) == ["it stopped after a few words, so its speed of writing is not known at every size"]


def test_tries_that_differ_are_said_to():
    class Noisy:
        model = LocalModel("m", 8192)
        speeds = iter((1000.0, 2000.0))

        def warm_up(self) -> float:
            return 1.0

        def calibrate(self, _output: int, _time: Time) -> tuple[int, Sample]:
            return 1200, self.prompt(100, 1, _time)

        def prompt(self, tokens: int, _output: int, _time: Time) -> Sample:
            return Sample(tokens, tokens, 0, 50, tokens / next(self.speeds, 1000.0) * 1000, 1000.0, 500.0, "server")

    bench = SpeedBench(Noisy(), replace(SHORT, batches=()), quiet)  # type: ignore[arg-type]
    with contextlib.suppress(AttributeError):  # It cannot be asked twice.
        bench.run(Time(100, time.monotonic))
    assert bench.notes == ("the tries differ by up to 67%: something else was at work here; measure again in quiet",)


def test_what_was_left_out_is_taken_up_again_when_there_is_time():
    with counting_server(Habits(per_token_s=0.0001)) as (upstream, _):
        asking = Asking(Client(upstream), upstream.models[0])
        bench = SpeedBench(asking, replace(SHORT, repeats=1, batches=()), quiet)
        bench.run(Time(0.0, time.monotonic))
        assert len(bench.points) == 1
        assert bench.out_of_time
        bench.go_on(Time(60, time.monotonic))
    assert len(bench.points) >= 3
    assert [note for note in notes(bench) if "tokens of context" in note] == []


def test_a_batch_that_fails_costs_no_larger_size():
    class Overloaded(Asking):
        def at_once(self, many: int, *_: object) -> list:
            raise Unanswered(f"it has no room for {many}")

    with counting_server() as (upstream, _):
        bench = SpeedBench(Overloaded(Client(upstream), upstream.models[0]), SHORT, quiet)
        bench.run(Time(60, time.monotonic))
    assert len(bench.points) >= 3
    assert notes(bench)[0].startswith("2 requests of ")
    assert notes(bench)[0].endswith("tokens at once was given up: it has no room for 2")


def test_a_tiny_context_is_said_to_be_too_small():
    bench = measured(Habits(), context=420)
    assert bench.points == ()
    assert bench.notes[-1] == "its context of 420 tokens is too small to measure anything in"


def test_a_server_that_is_not_there_or_dies_at_once_is_an_error_and_no_result():
    bench = SpeedBench(Asking(Client(nobody()), LocalModel("m", 8192)), SHORT, quiet)
    with pytest.raises(Unanswered, match="it is not running"):
        bench.run(Time(5, time.monotonic))
    with pytest.raises(Unanswered, match="stopped in the middle"):
        measured(Habits(dies_after=0))


def test_each_step_is_told_with_the_time_that_is_left():
    told: list[Progress] = []
    with counting_server() as (upstream, _):
        SpeedBench(Asking(Client(upstream), upstream.models[0]), QUICK, told.append).run(Time(20, time.monotonic))
    assert told[0].doing.startswith("warming up")
    assert "1,024 tokens of context, try 1 of 1" in [one.doing for one in told]
    assert [one.elapsed_s for one in told] == sorted(one.elapsed_s for one in told)
    assert all(one.left_s <= 20 for one in told)
