"""One bench from end to end: what it finds, what it rejects, and how it ends early."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

from pricing.assumed import Figures
from pricing.hardware import Chip
from pricing.machine import Speeds, per_mtok
from pricing.power import Found
from proxy.bench.bench import Bench, Target, active_bytes, believable
from proxy.bench.client import Client
from proxy.bench.plan import Plan
from proxy.bench.progress import Progress
from proxy.bench.result import BenchResult, Point, speeds_at
from proxy.bench.tasks.jail import Jail
from proxy.localcost import LocalCosts
from proxy.powermeter import Meter
from proxy.upstream.local_model import LocalModel, LocalUpstream, identity
from tests.proxy.bench.good import IN_WORDS
from tests.proxy.bench.kit import Habits, counting_server, quiet, text_answer

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PLAN = Plan(seconds=300, repeats=1, output_tokens=32, every=2, batches=(2,), tasks_each=1)
CARD = Chip("RTX 3090", 936 * 10**9, 350, False, None, "")


def bench(upstream: LocalUpstream, plan: Plan = PLAN, *, jail: Jail | None = None, tell=quiet, **more) -> Bench:
    target = Target(upstream, upstream.models[0], "0.1.0", "a test machine")
    return Bench(target, plan, tell, clock=lambda: NOON, client=Client(upstream), jail=jail, **more)


def test_a_result_names_the_model_the_machine_and_who_counted():
    costs = LocalCosts(Figures(), Meter(Found, time.monotonic), time.monotonic)
    with counting_server() as (upstream, _):
        result = bench(upstream, costs=costs).run()
    assert (result.at, result.model, result.kind) == ("2026-11-21T12:00:00+00:00", "counting", "openai")
    assert result.identity == identity(upstream, upstream.models[0])
    assert result.provenance == "our clock and the server's token counts"
    assert (result.ended, result.notes, result.tasks) == ("whole", (), ())
    assert BenchResult.from_json(result.as_json()) == result


def test_the_price_of_a_million_tokens_follows_from_the_speeds():
    costs = LocalCosts(Figures(), Meter(Found, time.monotonic), time.monotonic)
    with counting_server() as (upstream, _):
        result = bench(upstream, costs=costs).run()
    tokens = max(point.prompt_tokens for point in result.points)
    speeds = Speeds(*(Fraction(round(speed * 100), 100) for speed in speeds_at(result, tokens)))
    worked_out = per_mtok(costs.machine, speeds)
    told = result.costs
    assert told.marginal_in_usd == worked_out.marginal_in.exact()
    assert told.full_out_usd == worked_out.full_out.exact()
    assert told.provenance == worked_out.provenance
    assert result.costs.at_tokens == tokens


def test_tasks_are_played_after_the_speeds_and_each_is_one_run():
    habits = Habits()
    with counting_server(habits) as (upstream, _):

        def tell(progress: Progress) -> None:
            if progress.doing.startswith("task 1 "):
                habits.answer = text_answer(IN_WORDS["docstring for shipping"][0])

        result = bench(upstream, jail=Jail(), tell=tell).run()
    assert len(result.tasks) == 10
    assert [run.name for run in result.tasks if run.passed] == ["docstring for shipping"]
    assert result.isolation
    assert result.points


def test_an_interrupt_ends_it_with_what_was_measured():
    def tell(progress: Progress) -> None:
        if progress.doing.startswith("8,192"):
            raise KeyboardInterrupt

    with counting_server() as (upstream, _):
        result = bench(upstream, jail=Jail(), tell=tell).run()
    assert result.ended == "interrupted"
    assert len(result.points) == 1
    assert result.notes[-1] == "it was interrupted, so not all was measured"


def test_a_server_that_dies_between_the_tasks_leaves_the_rest_untried():
    habits = Habits()
    with counting_server(habits) as (upstream, _):

        def tell(progress: Progress) -> None:
            if progress.doing.startswith("task 3 "):
                habits.dies_after = 0
                habits.answer = None

        result = bench(upstream, jail=Jail(), tell=tell).run()
    assert [run.why for run in result.tasks][2:] == ["its answer stopped in the middle"] * 8


def test_when_the_time_is_up_the_other_tasks_are_left_out_and_said():
    habits = Habits(answer=None)
    with counting_server(habits) as (upstream, _):

        def tell(progress: Progress) -> None:
            if progress.doing.startswith("task 2 "):
                time.sleep(progress.left_s)

        plan = replace(PLAN, seconds=4.0, batches=())
        result = bench(upstream, plan, jail=Jail(), tell=tell).run()
    assert result.ended == "budget"
    assert len(result.tasks) < 3
    assert any("tasks were left out: the time was up" in note for note in result.notes)


def point(decode: float) -> Point:
    return Point(4096, 2000.0, decode, 2000.0, 192, 3, 1.0, "server")


def test_a_speed_that_memory_cannot_deliver_is_doubted_or_rejected():
    # 9.36 GB of weights at 936 GB/s are 100 tokens a second for a dense model.
    dense = LocalModel("plain-9b", 8192, weight_bytes=9_360_000_000)
    assert believable((point(99.0),), dense, (CARD,)) == ((point(99.0),), ())
    kept, notes = believable((point(150.0),), dense, (CARD,))
    assert kept == (point(150.0),)
    assert "a mixture of experts, or guessing ahead" in notes[0]
    kept, notes = believable((point(3300.0), point(50.0)), dense, (CARD,))
    assert [one.decode_tps for one in kept] == [None, 50.0]
    assert notes == (
        "3300 tokens/s is impossible with 9.4 GB of weights at 936 GB/s: that speed of writing was rejected",
    )


def test_a_model_that_names_its_active_weights_is_held_to_them():
    sparse = LocalModel("qwen3-coder-30b-a3b-instruct", 8192, weight_bytes=18_720_000_000)
    assert active_bytes(sparse) == (1_872_000_000, True)
    assert believable((point(499.0),), sparse, (CARD,))[1] == ()  # 936 / 1.872 = 500
    assert believable((point(501.0),), sparse, (CARD,))[0][0].decode_tps is None
    assert active_bytes(LocalModel("llama3:8b", 8192, weight_bytes=5)) == (5, False)


def test_without_known_weights_or_memory_nothing_is_doubted():
    assert believable((point(1e6),), LocalModel("m", 1), (CARD,)) == ((point(1e6),), ())
    assert believable((point(1e6),), LocalModel("m", 1, weight_bytes=1), ()) == ((point(1e6),), ())
