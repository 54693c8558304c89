"""The arithmetic between runs and a table."""

import json
import math

import pytest

from tests.bench.asked import SHAPED_BYTES, asked
from tests.bench.figures import FIGURES, NOTICED, Figure, less, medians, percentile, slope
from tests.bench.programs import Program
from tests.bench.table import Table, said, written
from tests.bench.wire import CHAT, MARKED, MESSAGES, mark


def test_a_percentile_is_a_value_that_was_seen():
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile(range(1, 101), 0.99) == 100  # 99 of a hundred lie below it.
    assert percentile([7], 0.99) == 7
    assert percentile([], 0.5) == math.inf


def test_medians_are_taken_of_the_runs_that_have_a_figure():
    assert medians([{"a": 1, "b": 5}, {"a": 9}, {"a": 2}]) == {"a": 2, "b": 5}
    assert medians([]) == {}


def test_a_stream_that_never_came_is_not_averaged_away():
    assert medians([{"lag": math.inf}, {"lag": math.inf}, {"lag": 1.0}]) == {"lag": math.inf}


def test_only_added_figures_are_told_less_the_direct_ones():
    direct = {"TTFT p50": 0.25, "event lag p99, 64 streams": 0.5}
    row = {"TTFT p50": 1.0, "event lag p99, 64 streams": 2.0}
    assert less(row, direct) == {"TTFT p50": 0.75, "event lag p99, 64 streams": 2.0}


@pytest.mark.parametrize(("power", "points"), [(0, 4), (1, 4), (2, 3), (0.5, 7)])
def test_a_slope_is_the_power_by_which_something_grows(power, points):
    assert slope([(10**x, 3 * (10**x) ** power) for x in range(points)]) == pytest.approx(power)


def test_a_slope_needs_two_points():
    assert math.isnan(slope([(1, 1), (0, 5), (10, 0)]))
    assert math.isnan(slope([(2, 1), (2, 5)]))


def test_a_verdict_names_the_limit_that_is_kept():
    less_is_better, more_is_better = Figure("", "", 6, 2.5), Figure("", "", 600, 1500, more_is_better=True)
    assert [less_is_better.verdict(value) for value in (2.5, 2.6, 6, 6.1)] == ["goal", "must", "must", "MISSED"]
    assert [more_is_better.verdict(value) for value in (1500, 1499, 600, 599)] == ["goal", "must", "must", "MISSED"]
    assert Figure("", "").verdict(1) == less_is_better.verdict(None) == ""


def test_a_client_that_left_unnoticed_misses_the_limit():
    figure = next(figure for figure in FIGURES if figure.name == "client left while waiting")
    assert figure.must == NOTICED
    assert figure.verdict(math.inf) == "MISSED"
    assert figure.verdict(0.1) == "goal"


def test_figures_are_written_with_the_digits_that_count():
    assert [said(value) for value in (0.042, 12.34, 1234.5, None, math.inf)] == ["0.04", "12.3", "1,234", "–", "never"]


def test_a_table_tells_ratios_limits_and_verdicts():
    rows = {
        "direct": [{"TTFT p50": 0.1}],
        "nginx": [{"TTFT p50": 0.2, "CPU, 64 streams": 1.5}],
        "bursar": [{"TTFT p50": 0.5, "CPU, 64 streams": 2.9}, {"CPU, 64 streams": 3.1}],
        "bursar, translating": [{"translated: CPU, 64 streams": 7.0, "foreign CPU": 9.0}],
    }
    programs = [Program("direct", ""), Program("nginx", ""), Program("bursar", ""), Program("bursar", "", (), True)]
    lines = written(Table.of(rows, programs), 1000).splitlines()
    assert lines[0] == "| figure | unit | direct | nginx | bursar | bursar ÷ nginx | must | goal | verdict |"
    assert lines[2:] == [
        "| TTFT p50 | +ms | 0.10 | 0.10 | 0.40 | – | ≤ 1.5 | ≤ 0.5 | goal |",
        "| CPU, 64 streams | s/100k events | – | 1.50 | 3.00 | 2.00 | ≤ 6 | ≤ 2.5 | must |",
        "| translated: CPU, 64 streams | s/100k events | – | – | 7.00 | – | ≤ 15 | ≤ 6 | must |",
    ]


@pytest.mark.parametrize("size", [0, 10_000, 100_000, 1_000_000])
def test_requests_have_the_size_that_was_asked_for_and_their_order_last(size):
    body = asked("n=1", stream=True, size=size, session="a-b")
    assert json.loads(body)["messages"][-1]["content"][0]["text"].endswith("[[bench n=1]]")
    assert size * 0.8 <= len(body) <= max(1000, size * 1.05)
    assert (size >= SHAPED_BYTES) == ("tools" in json.loads(body))


@pytest.mark.parametrize("dialect", [MESSAGES, CHAT], ids=["messages", "chat"])
def test_what_the_upstream_says_is_json_with_its_moments(dialect):
    text = mark(123, 456, b"xx")
    assert MARKED.search(text).groups() == (b"%019d" % 123, b"%019d" % 456)
    events = dialect.start + dialect.delta % text + dialect.end % 1
    data = [line[6:] for line in events.decode().splitlines() if line.startswith("data: ") and "[DONE]" not in line]
    assert text.decode() in str([json.loads(one) for one in data])
    assert text.decode() in str(json.loads(dialect.whole % (text, 1)))
