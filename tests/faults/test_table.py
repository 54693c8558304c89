"""The table of faults and attacks is complete, and each test that it names exists."""

import ast
from functools import cache

import pytest

from tests.faults.table import ROWS, Row
from tests.kit.fake_claude import ROOT


def test_every_fault_and_every_attack_has_a_row() -> None:
    assert [row.id for row in ROWS] == [f"F{n:02}" for n in range(1, 23)] + [f"T{n:02}" for n in range(1, 16)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_its_tests_exist_and_one_of_them_is_in_every_run(row: Row) -> None:
    assert [test for test in row.tests if test.partition("::")[2] not in _tests_in(test.partition("::")[0])] == []
    assert [test for test in row.tests if not test.startswith("tests/prove/")]


def test_each_test_that_bears_an_id_is_in_its_row() -> None:
    named = {test for row in ROWS for test in row.tests}
    ours = {
        f"{place.relative_to(ROOT)}::{name}"
        for place in (ROOT / "tests" / "faults").glob("test_*.py")
        for name in _tests_in(str(place.relative_to(ROOT)))
        if name[5:8].strip("ft").isdigit()
    }
    assert ours - named == set()


@cache
def _tests_in(place: str) -> set[str]:
    tree = ast.parse((ROOT / place).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
