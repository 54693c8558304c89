"""A bench result is kept and read back whole, and gives a speed for every size without inventing a better one."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.bench.result import Batch, BenchResult, Costs, Point, Reuse, TaskRun, speeds_at

RESULT = BenchResult(
    at="2026-11-21T06:00:00+00:00", bursar="0.1.0", identity="http://127.0.0.1:8080|m|x", server="http://127.0.0.1:8080",
    kind="llamacpp", model="m", context=32768, machine="Linux", provenance="the server's own timings", ended="whole",
    seconds=61.5, load_ms=10.0,
    points=(
        Point(1000, 1000.0, 50.0, 1000.0, 64, 3, 2.0, "server"),
        Point(8000, 800.0, 40.0, 10000.0, 64, 3, 2.0, "server"),
    ),
    batches=(Batch(2, 4096, 900.0, 80.0, 4000.0),), reuse=Reuse(8200, 8100, 9000.0, 150.0),
    tasks=(TaskRun("t", "test", "L1", False, True, "", 1.5, 1, 100, 50, 12.5, "0.001", "0.002"),),
    costs=Costs(8000, "0.1", "0.2", "0.3", "0.4", "set watts"), isolation="walls", power="NVML", notes=("a note",),
)  # fmt: skip

points = st.lists(
    st.builds(
        Point, st.integers(1, 200_000), st.floats(0.1, 1e5), st.none() | st.floats(0.1, 1e4), st.floats(0, 1e6),
        st.integers(0, 512), st.integers(1, 5), st.floats(0, 100), st.just("server"),
    ),
    min_size=1, max_size=8, unique_by=lambda point: point.prompt_tokens,
)  # fmt: skip
sizes = st.integers(1, 400_000)


def test_a_result_comes_back_from_its_json_as_it_went():
    assert BenchResult.from_json(json.loads(json.dumps(RESULT.as_json()))) == RESULT


@pytest.mark.parametrize(
    "damage",
    [
        {"version": 2}, {"points": None}, {"context": "many"}, {"ended": "somehow"}, {"seconds": -1.0},
        {"points": [{"prompt_tokens": 3}]}, {"seconds": float("nan")}, {"context": True}, {"model": None},
        {"tasks": [7]},
    ],
)  # fmt: skip
def test_a_damaged_result_is_refused(damage: dict):
    with pytest.raises(ValueError, match=r"bench result|TaskRun|wrong|Point"):
        BenchResult.from_json({**RESULT.as_json(), **damage})


def test_a_speed_between_two_sizes_lies_between_theirs():
    # 1,000 tokens take 1 s and 8,000 take 10 s, so 4,500 take 5.5 s; a token takes 1/50 s and 1/40 s.
    prefill, decode = speeds_at(RESULT, 4500)
    assert prefill == pytest.approx(4500 / 5.5)
    assert decode == pytest.approx(1 / ((1 / 50 + 1 / 40) / 2))


def test_beyond_what_was_measured_the_nearest_speed_holds():
    assert speeds_at(RESULT, 1) == (pytest.approx(1000.0), pytest.approx(50.0))
    assert speeds_at(RESULT, 100_000) == (pytest.approx(800.0), pytest.approx(40.0))
    assert speeds_at(replace(RESULT, points=()), 1000) is None


@given(points, sizes, sizes)
def test_a_longer_prompt_is_never_read_sooner_nor_answered_faster(found: list[Point], one: int, other: int):
    result = replace(RESULT, points=tuple(found))
    few, many = sorted((one, other))
    (fast, quick), (slow, late) = speeds_at(result, few), speeds_at(result, many)
    assert few / fast <= many / slow * (1 + 1e-9)
    if quick is not None:
        assert late <= quick * (1 + 1e-9)


@given(points, sizes)
def test_no_speed_is_better_than_the_best_or_worse_than_the_worst_that_was_seen(found: list[Point], size: int):
    prefill, decode = speeds_at(replace(RESULT, points=tuple(found)), size)
    assert prefill <= max(point.prefill_tps for point in found) * (1 + 1e-9)
    seen = [point.decode_tps for point in found if point.decode_tps]
    assert (decode is None) == (not seen)
    if decode is not None:
        assert min(seen) * (1 - 1e-9) <= decode <= max(seen) * (1 + 1e-9)
