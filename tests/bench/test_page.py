"""Curves and the page that shows them."""

import xml.etree.ElementTree as ET

import pytest

from tests.bench.curves import Curve, drawn, scale, short
from tests.bench.growth import power
from tests.bench.page import PAGE, missed, put_growth, put_run

FIGURES = {
    "TTFT p50": {"direct": 0.1, "nginx": 0.02, "bursar": 0.4},
    "small requests, 8 connections": {"direct": 9000.0, "bursar": 750.0},
    "CPU, 64 streams": {"nginx": 1.6, "bursar": 9.0},
}
RUN = {"machine": {"cores": 2}, "options": {"entries": 1000, "rounds": 3}, "figures": FIGURES}
POINTS = {"10": {"added ms": 1.0, "CPU ms a request": 2.0, "foreign CPU": 0.1},
          "100": {"added ms": 10.0, "CPU ms a request": 2.0, "foreign CPU": 0.1},
          "1000": {"added ms": 100.0, "CPU ms a request": 2.0, "foreign CPU": 0.1}}  # fmt: skip
GROWTH = {"machine": {"cores": 2}, "options": {"rounds": 3}, "axes": {"bodies": POINTS}}


def test_a_scale_places_powers_evenly():
    found = scale([1, 100], 0, 200, 0)
    assert [found.at(value) for value in (1, 10, 100)] == [0, 100, 200]
    assert found.marks() == pytest.approx([1, 2, 5, 10, 20, 50, 100])
    assert scale([1, 10**6], 0, 60, 0).marks() == pytest.approx([10**power for power in range(7)])


def test_values_are_written_short():
    assert [short(value) for value in (0.25, 12.0, 1500, 3_000_000)] == ["0.25", "12", "1.5k", "3M"]


def test_a_picture_says_its_figures_to_who_cannot_see_it_and_has_colours_for_light_and_dark():
    text = drawn(
        "a & b", "bytes", [Curve("added ms", [(10, 1), (100, 3)], {"must": 2}), Curve("nothing to see", [(1, 0)], {})]
    )
    root = ET.fromstring(text)
    told = "".join(root.itertext())
    assert "added ms: 1 at 10, 3 at 100" in told
    assert "must 2" in told
    assert "a & b" in told
    assert "nothing to see" not in told
    assert "prefers-color-scheme: dark" in told
    assert len(root.findall(".//{*}circle")) == 2


def test_what_is_missed_is_told_with_by_how_much():
    assert missed(FIGURES).splitlines() == [
        "- the goal of *small requests, 8 connections*: 750 1/s, 2 times 1500",
        "- the must of *CPU, 64 streams*: 9 s/100k events, 1.5 times 6",
    ]
    assert missed({"TTFT p50": {"bursar": 0.4}}) == "Every goal is kept."


def test_the_page_takes_figures_twice_and_keeps_its_words(tmp_path):
    page = PAGE.read_text(encoding="utf-8")
    once = put_growth(put_run(page, RUN), GROWTH, tmp_path)
    assert "| TTFT p50 | +ms | 0.10 | 0.02 | 0.40 |" in once
    assert "![What a request costs as its body grows](growth-bodies.svg)" in once
    assert "| grows with power | 1.00 | 0.00 |  |" in once
    assert put_growth(put_run(once, RUN), GROWTH, tmp_path) == once
    assert once.startswith("# What bursar costs")
    assert ET.parse(tmp_path / "growth-bodies.svg")


def test_a_page_without_the_marks_is_refused():
    with pytest.raises(ValueError, match="no part figures"):
        put_run("# Another page", RUN)


def test_growth_is_told_of_the_upper_half():
    points = {1: {"ms": 5.0}, 10: {"ms": 5.0}, 100: {"ms": 50.0}, 1000: {"ms": 500.0}}
    assert power(points, "ms") == pytest.approx(1)
